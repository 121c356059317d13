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
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text('{"auths": {}}')
    command(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=corporate"),
        *("-keyout", str(home / "corporate-key.pem"), "-out", str(clone / "corporate.pem")),
    )
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PROFILE": str(home / "profile.ps1"),  # as PowerShell has it
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
            assert re.search(r"(//localhost|from 127\.0\.0\.1):\d+", child.stdout.readline())
        finally:
            child.send_signal(signal.SIGINT)
            _, told = child.communicate(timeout=120)
    assert child.returncode == 0, told


@pytest.mark.parametrize(
    ("has", "made"),
    [
        (
            "openssl",
            {
                "todo-secrets": {"database-url", "better-auth-secret"},
                "todo-postgres": {"app-password", "postgres-password"},
            },
        ),
        ("dockerconfigjson", {"registry": {".dockerconfigjson"}}),
    ],
    ids=["what the app reads", "what pulls its images"],
)
def test_secrets_are_made_by_hand_as_the_page_says(user, kubectl, tmp_path, has, made):
    page = (ROOT / "docs" / "environments.md").read_text("utf-8")
    (block,) = [one for one in re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if has in one]
    by_hand = f"t-by-hand-{has}"
    script = re.sub(rf"(?<=namespace ){NAMESPACE}|(?<=-n ){NAMESPACE}", by_hand, block)
    try:
        subprocess.run(["bash", "-ec", script], check=True, timeout=300, **{**user, "cwd": tmp_path})
        secrets = {name: kubectl.json("-n", by_hand, "get", "secret", name) for name in made}
        assert {name: set(secret["data"]) for name, secret in secrets.items()} == made
        assert list(tmp_path.iterdir()) == []
    finally:
        kubectl("delete", "namespace", by_hand, "--ignore-not-found", "--wait=false")
