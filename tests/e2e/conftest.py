"""The built zipapp against a real Minikube: one profile of its own, made from nothing and removed at the end."""

import sys

import pytest

from harness import PROFILE, ROOT, Kubectl, Todoctl, command


@pytest.fixture(scope="session")
def zipapp():
    command(sys.executable, "build_zipapp.py", cwd=ROOT)
    return ROOT / "dist" / "todoctl.pyz"


@pytest.fixture(scope="session")
def todoctl(zipapp):
    return Todoctl(zipapp, PROFILE)


@pytest.fixture(scope="session")
def kubectl():
    return Kubectl(PROFILE)


@pytest.fixture(scope="session")
def address(installed):  # noqa: ARG001 - the node has an address once it runs
    return command("minikube", "ip", "-p", PROFILE).strip()


@pytest.fixture(scope="session")
def installed(todoctl):
    """The first install, from no cluster at all; what it printed."""
    command("minikube", "delete", "-p", PROFILE)
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    yield outcome
    command("minikube", "delete", "-p", PROFILE)
