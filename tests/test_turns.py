"""What works on a cluster as a whole is done by one run at a time; the lock files are real, the clusters made up."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl import bundle, offline
from todoctl.cli.main import main
from todoctl.errors import LockedError
from todoctl.installation import Installation
from todoctl.locks import file
from todoctl.preflight.check import Repair
from todoctl.recipes import doctor
from todoctl.settings import Settings
from todoctl.steps import Steps
from todoctl.targets.minikube import Minikube
from todoctl.targets.profile import State, Status

PROFILE = "Minikube profile `minikube`"


@pytest.fixture(autouse=True)
def lock(tmp_path, monkeypatch):
    """The cluster's lock file; the others are beside it."""
    path = tmp_path / "cluster.lock"
    monkeypatch.setattr(file, "path_of", lambda *_: tmp_path / "installation.lock")
    monkeypatch.setattr(file, "path_of_cluster", lambda _: path)
    return path


def is_held(path: Any) -> bool:
    return file.others_work(path.with_name("nobody's.lock"))


class World:
    """A profile, and what was done to it; each deed notes whether the cluster's lock was held meanwhile."""

    def __init__(self, lock: Any, status: Status) -> None:
        self.status = status
        self.done: list[tuple[str, bool]] = []
        self._lock = lock

    def do(self, deed: str) -> None:
        self.done.append((deed, is_held(self._lock)))

    def start(self, *_: Any) -> None:
        self.do("start")
        self.status = Status.RUNNING


@pytest.fixture
def starting(lock, heard, monkeypatch):
    """Return an install's steps for a profile with this status, and its world."""

    def made(status: Status) -> tuple[Steps, World]:
        world = World(lock, status)
        monkeypatch.setattr(Minikube, "state", lambda _: State(world.status))
        monkeypatch.setattr(Minikube, "_do", world.start)
        monkeypatch.setattr("todoctl.preflight.table.checks", lambda _: [])
        monkeypatch.setattr("todoctl.preflight.table.cluster_checks", lambda _: [])
        for name in ("ensure_ingress", "ensure_metrics"):
            monkeypatch.setattr(f"todoctl.targets.addons.{name}", lambda *_, name=name: world.do(name))
        steps = Steps(Settings(), heard)
        vars(steps)["cluster"] = None
        vars(steps)["engine"] = SimpleNamespace(engine=lambda: SimpleNamespace(cpus=4, memory_bytes=2**34))
        return steps, world

    return made


ADDONS = [("ensure_ingress", True), ("ensure_metrics", True)]


def test_a_profile_is_started_and_gets_its_addons_while_no_other_run_does(starting, lock, heard):
    steps, world = starting(Status.STOPPED)
    heard.confirm = lambda _: world.do("asked")
    steps.preflight()
    assert world.done == [("asked", False), ("start", True), *ADDONS], "nobody waits for an answer"
    assert not is_held(lock)


def test_a_profile_that_another_run_is_starting_is_waited_for_and_found_to_run(starting, lock, heard, monkeypatch):
    steps, world = starting(Status.BROKEN)
    heard.confirm = pytest.fail
    with ExitStack() as other:
        other.enter_context(file.locked(lock, "install", PROFILE))

        def said(text):
            heard.notes.append(text)
            world.status = Status.RUNNING
            other.close()

        monkeypatch.setattr(heard, "note", said)
        steps.preflight()
    assert world.done == ADDONS
    (text,) = heard.notes
    assert text.startswith(f"waiting, as another run of todoctl works on {PROFILE}: `todoctl install` (process ")


def test_a_profile_that_another_run_started_before_the_answer_is_not_started_twice(starting, heard):
    steps, world = starting(Status.ABSENT)

    def another_run_starts_it(_question):
        world.status = Status.RUNNING

    heard.confirm = another_run_starts_it
    steps.preflight()
    assert world.done == ADDONS


def test_a_cluster_elsewhere_is_not_waited_for(lock, heard):
    elsewhere = Installation(Settings(environment="staging"), heard)
    with file.locked(lock, "install", PROFILE), elsewhere.in_turn("install"):
        pass
    assert heard.notes == []


def test_an_install_from_a_bundle_looks_at_a_cluster_that_no_other_run_is_starting(lock, heard, monkeypatch, tmp_path):
    with bundle.creating(tmp_path / "todo.bundle") as writer:
        writer.close(todoctl="0.1.0", platform="linux/amd64")
    held = []
    monkeypatch.setattr(Steps, "require", lambda *_: held.append(is_held(lock)))
    monkeypatch.setattr(offline, "offline_checks", lambda *_: [])
    offline.preflight(Steps(Settings(), heard), tmp_path / "todo.bundle")
    assert held == [True]


@pytest.mark.parametrize("of_cluster", [True, False])
def test_doctor_repairs_a_cluster_while_no_other_run_works_on_it(of_cluster, lock, heard):
    held = []
    heard.confirm = lambda _: None
    repair = Repair("Mend it?", lambda *_: held.append(is_held(lock)), of_cluster=of_cluster)
    broken: Any = SimpleNamespace(repair=repair, because=None, title="Profile", found="it is stopped")
    assert doctor._attempt(Installation(Settings(timeout=1), heard), broken) is None
    assert held == [of_cluster]
    with file.locked(lock, "install", PROFILE):
        assert isinstance(doctor._attempt(Installation(Settings(timeout=1), heard), broken), LockedError) is of_cluster


def test_load_holds_the_cluster_from_its_first_look_at_an_image_to_its_last(lock, monkeypatch, capsys):
    held = {}
    for name in ("require_running", "fingerprint", "build", "sideload"):
        monkeypatch.setattr(Steps, name, lambda *_, name=name, **__: held.update({name: is_held(lock)}) or ())
    assert main(["load", "--timeout", "1"]) == 0
    assert held == dict.fromkeys(("require_running", "fingerprint", "build", "sideload"), True)
    with file.locked(lock, "install", PROFILE):
        assert main(["load", "--timeout", "1"]) == 13
    assert f"another run of todoctl works on {PROFILE}" in capsys.readouterr().err
