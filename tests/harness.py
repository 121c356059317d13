"""The built zipapp, kubectl and a browser of sorts, for the tests that go through a real cluster."""

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import schemas

ROOT = Path(__file__).parents[1]
PROFILE = os.environ.get("TODOCTL_TEST_PROFILE", "todoctl-test")
NAMESPACE = "todo-app"
HOST = "todo-app.local"
MARK = "TODOCTL_TEST_MARK"


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def data(self):
        return self._envelope["data"]

    @property
    def error(self):
        return self._envelope["error"]

    @property
    def _envelope(self):
        envelope = json.loads(self.out)
        schemas.check(envelope)
        assert envelope["exitCode"] == self.code
        return envelope


@dataclass
class Todoctl:
    """Runs the zipapp as a user does, in a process of its own."""

    zipapp: str
    profile: str
    environment: dict = field(default_factory=dict)

    def __call__(self, *arguments, timeout=900, python=sys.executable, stdin=subprocess.DEVNULL, **environment):
        done = subprocess.run(
            [python, self.zipapp, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=stdin,
            env={**os.environ, "TODOCTL_PROFILE": self.profile, **self.environment, **environment},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def command(*argv, check=True, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, **options)
    assert not check or done.returncode == 0, f"{argv}: {done.stderr or done.stdout}"
    return done.stdout


@dataclass
class Kubectl:
    context: str

    def __call__(self, *arguments, **options):
        return command("kubectl", "--context", self.context, *arguments, **options)

    def json(self, *arguments):
        return json.loads(self(*arguments, "-o", "json"))

    def make_namespace(self, name):
        """Make a namespace that takes pods at once: the account that they run as comes a moment later."""
        self("create", "namespace", name)
        self("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=120s")


class Browser:
    """An HTTP client with a cookie jar, which reaches the Ingress by address and names the host by hand."""

    def __init__(self, address, host=HOST, authority=None, claims=None):
        """Speak HTTP, or TLS that `authority` (a PEM file) vouches for; each request has `claims`, headers, too."""
        self.address, self.host, self.authority, self.claims = address, host, authority, claims or {}
        self.scheme = "https" if authority else "http"
        self.cookies = {}
        self.set_cookie = []
        self.headers = {}

    def __call__(self, method, path, body=None, token=None):
        with self._asked(method, path, body, token) as response:
            return self._read(response)

    def lines(self, method, path, body=None, token=None):
        """Yield the lines of an answer that begins with 200, each as it comes; to stop early, close the generator."""
        with self._asked(method, path, body, token) as response:
            assert response.status == 200, response.read()
            for line in response:
                yield line.decode().rstrip("\n")

    @contextmanager
    def _asked(self, method, path, body, token):
        headers = {"Host": self.host, "Origin": f"{self.scheme}://{self.host}", **self.claims}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        # Longer than the Ingress waits: on a slow machine fifty passwords at once take a while.
        connection = http.client.HTTPConnection(self.address, 443 if self.authority else 80, timeout=90)
        try:
            connection.connect()
            if self.authority:
                context = ssl.create_default_context(cafile=self.authority)
                connection.sock = context.wrap_socket(connection.sock, server_hostname=self.host)
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            self.headers = response.headers
            yield response
        finally:
            connection.close()

    def _read(self, response):
        for line in response.headers.get_all("Set-Cookie") or []:
            self.set_cookie.append(line)
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        text = response.read().decode()
        is_json = re.match(r"application/(.*\+)?json", response.headers.get("Content-Type", ""))
        return response.status, json.loads(text) if is_json and text else text

    def sign_up(self, email, password="correct horse battery"):
        return self("POST", "/auth/sign-up/email", {"email": email, "password": password, "name": "Ada"})

    def sign_in(self, email, password="correct horse battery"):
        return self("POST", "/auth/sign-in/email", {"email": email, "password": password})

    def token(self):
        status, answer = self("POST", "/token")
        assert status == 200, answer
        return answer["token"]

    def titles(self):
        status, page = self("GET", "/api/tasks", token=self.token())
        assert status == 200, page
        return [task["title"] for task in page["items"]]


@contextmanager
def forwarded(todoctl, *arguments):
    """Forward a port to the frontend; yield the URL."""
    process = subprocess.Popen(
        [sys.executable, todoctl.zipapp, "port-forward", "-p", todoctl.profile, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("http://"), process.stderr.read()
        yield line.strip()
    finally:
        process.terminate()
        process.wait(timeout=60)


def becomes(wanted, ask, *, seconds=120):
    """Ask until the answer is what is wanted: an Ingress and its endpoints follow a rollout when they come to it."""

    def compare():
        found = ask()
        assert found == wanted

    until(compare, seconds=seconds)


def until(ask, *, seconds):
    """Ask again while it fails, as a rollout may not have ended everywhere. Returns its answer, whatever it is."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (AssertionError, OSError, http.client.HTTPException):
            if time.monotonic() > end:
                raise
            time.sleep(1)


def staying(kubectl, namespace, name=None):
    """Return a namespace's pods, those with the app's `name` or all, but for those that are about to go."""
    of_one = ("-l", f"app.kubernetes.io/name={name}") if name else ()
    found = kubectl.json("get", "pods", "-n", namespace, *of_one)["items"]
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]


def is_ready(pod):
    """Tell whether a pod, as the API has it, is Ready."""
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True"


def marked(mark):
    """Return the command lines of the processes that have the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has just ended
    return found
