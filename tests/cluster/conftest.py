"""Every test here finds a cluster that runs, with the app on it and an image for pods of the tests' own."""

import subprocess

import pytest

from harness import PROFILE, Outcome

PYTHON = "python:3.12-slim"


@pytest.fixture(scope="session", autouse=True)
def app_is_installed(installed: Outcome) -> None:
    with subprocess.Popen(["docker", "save", PYTHON], stdout=subprocess.PIPE) as saved:
        command = ["docker", "exec", "-i", PROFILE, "ctr", "-n", "k8s.io", "images", "import", "-"]
        subprocess.run(command, stdin=saved.stdout, check=True, capture_output=True)
