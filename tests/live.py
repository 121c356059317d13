"""An installation of the tests' own that is in use: requests go on, and a page is open, while something happens."""

import os
import subprocess
import threading
import zipfile
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException

import pytest

from harness import PROFILE, ROOT, Browser, Todoctl, command
from todoctl.targets.reference import qualified

NAMESPACE, HOST = "t-live", "live-test.local"
CHANGED = "site-packages/todoctl/_payload/app/backend/todo_backend/__init__.py"


@pytest.fixture(scope="module")
def live(installed, todoctl):
    """Return todoctl for this installation."""
    try:
        outcome = todoctl("install", "--yes", "-n", NAMESPACE, "--host", HOST)
        assert outcome.code == 0, outcome.err
        yield partial(_run, todoctl)
    finally:
        gone = todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE)
        assert gone.code == 0, gone.err


def _run(todoctl, verb, *arguments, **options):
    return todoctl(verb, *arguments, "-n", NAMESPACE, **options)


@pytest.fixture(scope="module")
def next_version(live, zipapp, kubectl, tmp_path_factory):
    """Return todoctl of a next version: the same, but for a line in the backend's source."""
    folder = tmp_path_factory.mktemp("next")
    path = folder / "todoctl.pyz"
    with zipfile.ZipFile(zipapp) as this, zipfile.ZipFile(path, "w") as following:
        for entry in this.infolist():
            more = b"# The next version.\n" if entry.filename == CHANGED else b""
            following.writestr(entry, this.read(entry) + more)
    before = backend_image(kubectl)
    # Not in the cache of the build whose id it has.
    yield partial(_run, Todoctl(str(path), PROFILE, {"SHIV_ROOT": str(folder)}))
    for made in {one for one in backend_images(kubectl).values() if one != before}:
        command("docker", "exec", PROFILE, "crictl", "rmi", qualified(made), check=False)
        command("docker", "image", "rm", made, check=False)


@pytest.fixture(scope="module")
def bea(live, address):
    browser = Browser(address, HOST)
    status, answer = browser.sign_up("bea@example.org")
    assert status == 200, answer
    return browser


def backend_image(kubectl):
    deployment = kubectl.json("get", "deployment", "todo-backend", "-n", NAMESPACE)
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


def backend_images(kubectl):
    """Return the image of each ReplicaSet, whose name begins the names of its pods."""
    found = kubectl.json("get", "replicasets", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=todo-backend")["items"]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["image"] for one in found}


@contextmanager
def traffic(browser):
    """List, create and toggle all the while; yield a list of the fault of each request, if any, and its backend pod."""
    got, over = [], threading.Event()

    def ask(wanted, method, path, body=None, token=None):
        try:
            status, answer = browser(method, path, body, token)
        except (OSError, HTTPException) as error:
            got.append((f"{method} {path}: {error!r}", None))
            return {}
        fault = "" if status == wanted else f"{method} {path}: {status} {answer}"
        got.append((fault, browser.headers.get("X-Served-By") if path.startswith("/api") else None))
        return {} if fault else answer

    def work():
        while not over.wait(0.1):
            token = ask(200, "POST", "/token").get("token")
            ask(200, "GET", "/api/tasks", token=token)
            if task := ask(201, "POST", "/api/tasks", {"title": "One of many"}, token):
                ask(200, "POST", f"/api/tasks/{task['id']}/toggle", token=token)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield got
    finally:
        over.set()
        worker.join()


@contextmanager
def someone_at_work(address, folder, wanted):
    """Have a page open in Chromium, with a task half typed, and tick; in the end it was `served` or `cut-off`."""
    arguments = ["node", "e2e/outlast.mjs", str(folder), wanted]
    process = subprocess.Popen(
        arguments,
        **_on_host(address),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line == "watching\n":
                break
        else:
            pytest.fail("".join(said))
        yield
        said += process.communicate(timeout=300)[0]
        assert process.returncode == 0, "".join(said)
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(timeout=60)


def drive(address, script, *arguments):
    """Run one of the scripts in app/frontend/e2e to its end."""
    return command("node", f"e2e/{script}", *map(str, arguments), **_on_host(address))


def _on_host(address):
    named = {"BASE_URL": f"http://{HOST}", "TODO_HOST_RULE": f"MAP {HOST} {address}"}
    return {"cwd": ROOT / "app" / "frontend", "env": {**os.environ, **named}}
