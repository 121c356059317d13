"""Docker ends and begins again under a running installation. Only in the lab, whose Docker is there to be restarted."""

import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from harness import PROFILE, ROOT, Browser, command, until

pytestmark = pytest.mark.minikube

PID_FILE = Path("/var/run/docker.pid")
LAB = Path(os.environ.get("MINIKUBE_RIG", "/opt/minikube-rig"))
PREFLIGHT, CONSENT = 4, 10


@pytest.fixture
def ada(address):
    """A browser of somebody who has a task."""
    browser = Browser(address)
    assert browser.sign_up(f"{uuid.uuid4().hex}@example.org")[0] == 200
    assert browser("POST", "/api/tasks", {"title": "Before Docker ended"}, token=browser.token())[0] == 201
    return browser


@pytest.fixture
def docker_is_down(ada):
    """Docker has ended; it begins again after the test."""
    if not LAB.is_dir() or not PID_FILE.is_file():
        pytest.skip("needs the lab of tests/lab: no other Docker is restarted by a test")
    os.kill(int(PID_FILE.read_text()), signal.SIGTERM)
    end = time.monotonic() + 60
    while PID_FILE.exists() and time.monotonic() < end:
        time.sleep(0.2)
    yield
    begin_again()
    command("minikube", "start", "-p", PROFILE, "--keep-context")


def begin_again():
    subprocess.run([ROOT / "tests" / "lab" / "up"], check=True, capture_output=True, stdin=subprocess.DEVNULL)


def test_after_docker_was_restarted_an_install_brings_everything_back_after_a_yes(todoctl, ada, docker_is_down):
    refused = todoctl("install", "--yes")
    assert refused.code == PREFLIGHT, refused.err
    assert "Docker does not answer" in refused.err
    begin_again()
    asked = todoctl("install")
    assert asked.code == CONSENT, asked.err
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    assert until(ada.titles, seconds=120) == ["Before Docker ended"]
