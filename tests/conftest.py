"""What tests share: the markers `docker` and `minikube`, and one cluster for all tests that need one.

On a machine without Docker or Minikube a test with such a marker is skipped, and says why. The cluster is a Minikube
profile of the tests' own, which the first test that needs it makes by an install from nothing, and which is deleted at
the end. Where TODOCTL_TEST_PROFILE names another profile, that one is used as it is, and kept.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from one_line import OneLine

import schemas
from harness import PROFILE, ROOT, Kubectl, Outcome, Todoctl, command

pytest_plugins = ["kept", "live"]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(OneLine(config))
    # What runs in the background of a shell ignores Ctrl-C, and so do its children: tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("docker", "minikube"):
        if item.get_closest_marker(marker) and (reason := _missing(marker)):
            pytest.skip(reason)


@functools.cache
def _missing(marker: str) -> str | None:
    programs = ("docker", "minikube", "kubectl") if marker == "minikube" else ("docker",)
    absent = [program for program in programs if not shutil.which(program)]
    if absent:
        return f"needs {' and '.join(absent)} on PATH"
    engine = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, check=False)
    return "needs a Docker engine that answers" if engine.returncode else None


@pytest.fixture(autouse=True)
def json_output_fits_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every envelope that a test makes todoctl print, in this process, to the checked-in schemas."""
    from todoctl.cli import envelope

    dump = envelope._dump

    def checked(made: dict[str, object]) -> str:
        text = dump(made)
        schemas.check(json.loads(text))
        return text

    monkeypatch.setattr(envelope, "_dump", checked)


@pytest.fixture(autouse=True)
def no_log_among_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def folder() -> NoReturn:
        raise PermissionError

    monkeypatch.setattr("todoctl.cli.logfile.folder", folder)


@pytest.fixture(scope="session")
def zipapp() -> str:
    """The built zipapp's path."""
    command(sys.executable, "build_zipapp.py", cwd=ROOT)
    return str(ROOT / "dist" / "todoctl.pyz")


@pytest.fixture(scope="session")
def todoctl(zipapp: str) -> Todoctl:
    return Todoctl(zipapp, PROFILE)


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    return Kubectl(PROFILE)


@pytest.fixture(scope="session")
def installed(todoctl: Todoctl) -> Iterator[Outcome]:
    """Install, from no cluster at all: what it printed."""
    own = "TODOCTL_TEST_PROFILE" not in os.environ
    if own:
        command("minikube", "delete", "-p", PROFILE)
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    yield outcome
    if own:
        command("minikube", "delete", "-p", PROFILE)


@pytest.fixture(scope="session")
def address(installed: Outcome) -> str:
    return command("minikube", "ip", "-p", PROFILE).strip()


@dataclass
class Heard:
    """A reporter that keeps what it was told."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    debugged: list[str] = field(default_factory=list)
    progressed: list[tuple[str, float, float | None, str]] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.notes.append(title)
        yield

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, label: str, done: float, total: float | None, unit: str, detail: str = "") -> None:
        self.progressed.append((label, done, total, unit))
        if detail and self.details.get(label) != detail:
            self.details[label] = detail
            self.notes.append(f"{label}: {detail}")

    def done(self, label: str, text: str) -> None:
        self.notes.append(f"{label}: {text}")

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def debug(self, text: str) -> None:
        self.debugged.append(text)

    def confirm(self, question: str, plan: Sequence[str] = ()) -> None:
        raise AssertionError(question, *plan)


@pytest.fixture
def heard() -> Heard:
    return Heard()
