"""The commands of the documents, as a user types them, in a folder where the documents say that one is."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

import documented
from harness import NAMESPACE, PROFILE, ROOT, command

pytestmark = pytest.mark.minikube


@pytest.fixture(scope="module")
def user(installed, zipapp, tmp_path_factory):
    """Return `subprocess` options of a user: a clone, todoctl on PATH, the tests' cluster as the current one."""
    home, clone, programs = (tmp_path_factory.mktemp(name) for name in ("home", "clone", "programs"))
    for entry in ROOT.iterdir():
        (clone / entry.name).symlink_to(entry)
    (clone / "todoctl.pyz").symlink_to(zipapp)
    for name in ("todoctl", "todoctl.pyz"):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {zipapp} "$@"\n')
        (programs / name).chmod(0o755)
    for folder in (".zfunc", ".config/fish/completions", ".local/share/bash-completion/completions"):
        (home / folder).mkdir(parents=True)
    (home / "kubeconfig").write_text(command("kubectl", "config", "view", "--raw"))
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "MINIKUBE_HOME": os.environ.get("MINIKUBE_HOME", os.environ["HOME"]),
        "MINIKUBE_PROFILE": PROFILE,
        "TODOCTL_PROFILE": PROFILE,
        "KUBECONFIG": str(home / "kubeconfig"),
        "NO_PROXY": "*",
    }
    command("kubectl", "config", "use-context", PROFILE, env=environment)
    return {"cwd": clone, "env": environment, "text": True}


def typed(line):
    """Return a line of bash: a word that stands for something is that, and who reads a page reads all of it."""
    for word, meaning in documented.PLACEHOLDERS.items():
        line = re.sub(rf"(?<![\w$]){word}(?!\w)", lambda _, meaning=meaning: meaning, line)
    return line if shutil.which("less") else line.replace("| less", "| cat")


@pytest.mark.parametrize("line", documented.runnable(documented.Run))
def test_a_command_does_what_it_is_said_to_do(user, line):
    way = documented.way(line)
    done = subprocess.run(["bash", "-c", typed(line)], capture_output=True, timeout=way.seconds, **user)
    assert done.returncode in way.codes, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", documented.runnable(documented.Forward))
def test_a_forward_tells_where_it_listens_and_ends_with_ctrl_c(user, line):
    # No browser shall start here.
    argv = ["bash", "-c", f"exec {typed(line)}"]
    environment = {**user["env"], "BROWSER": "true"}
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **{**user, "env": environment}
    ) as child:
        try:
            assert re.search(r"(http|postgresql)://localhost:\d+", child.stdout.readline())
        finally:
            child.send_signal(signal.SIGINT)
            _, told = child.communicate(timeout=60)
    assert child.returncode == 0, told


def test_secrets_made_by_hand_as_the_page_says_are_what_the_app_reads(user, kubectl, tmp_path):
    page = (ROOT / "docs" / "environments.md").read_text("utf-8")
    (block,) = [one for one in re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if "openssl" in one]
    by_hand = "t-by-hand"
    script = re.sub(rf"(?<=namespace ){NAMESPACE}|(?<=-n ){NAMESPACE}", by_hand, block)
    try:
        subprocess.run(["bash", "-ec", script], check=True, timeout=120, **{**user, "cwd": tmp_path})
        app, postgres = (
            kubectl.json("-n", by_hand, "get", "secret", name) for name in ("todo-secrets", "todo-postgres")
        )
        assert set(app["data"]) == {"database-url", "better-auth-secret"}
        assert set(postgres["data"]) == {"app-password", "postgres-password"}
        assert list(tmp_path.iterdir()) == []
    finally:
        kubectl("delete", "namespace", by_hand, "--ignore-not-found", "--wait=false")
