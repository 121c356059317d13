"""Repairs: which are offered, in which order, and what counts as repaired. The checks are made up; the loop is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from todoctl.errors import ConsentError, PreflightError
from todoctl.installation import Installation
from todoctl.preflight.check import Check, Repair, Severity, Status
from todoctl.recipes import doctor
from todoctl.recipes.doctor import Outcome
from todoctl.settings import Settings


class World:
    """Things that are broken, and repairs that mend them, or do not."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.done: list[str] = []

    def check(self, name: str, *needs: str, repair: Callable[[], None] | None = None, fixable: bool = True) -> Check:
        def run() -> str:
            if name in self.broken:
                raise PreflightError(name, f"{name} is broken", because="it fell", hint="pick it up")
            return "whole"

        def mend(*_: object) -> None:
            self.done.append(name)
            if repair is None:
                self.broken.discard(name)
            else:
                repair()

        fix = (lambda _: Repair(f"Mend {name}?", mend)) if fixable else (lambda _: None)
        return Check(name, name.title(), Severity.WARNING, run, needs, fix=fix)


@pytest.fixture
def repair(monkeypatch, heard):
    """Repair what the checks find, and return the statuses after it, and what was tried."""
    monkeypatch.setattr(Installation, "locked", lambda *_, **__: nullcontext())
    heard.asked = []
    heard.confirm = heard.asked.append

    def run(checks, wanted=lambda _: True):
        monkeypatch.setattr(doctor.table, "doctor_checks", lambda _: checks)
        findings, tried = doctor.repair(Installation(Settings(), heard), wanted)
        return {one.id: one.status for one in findings}, [(one.id, one.outcome) for one in tried]

    return run


def test_each_repair_is_asked_for_in_the_checks_order_and_makes_way_for_the_next(repair, heard) -> None:
    world = World("docker", "cluster")
    statuses, tried = repair([world.check("docker"), world.check("host"), world.check("cluster", "docker")])
    assert heard.asked == ["Mend docker?", "Mend cluster?"]
    assert world.done == ["docker", "cluster"]
    assert set(statuses.values()) == {Status.OK}
    assert tried == [("docker", Outcome.FIXED), ("cluster", Outcome.FIXED)]
    assert heard.warnings == []


def test_what_holds_is_not_touched(repair, heard) -> None:
    world = World()
    assert repair([world.check("docker")]) == ({"docker": Status.OK}, [])
    assert (heard.asked, world.done) == ([], [])


def test_only_what_is_wanted_and_can_be_mended_is_offered(repair, heard) -> None:
    world = World("docker", "hosts", "disk")
    checks = [world.check("docker"), world.check("hosts"), world.check("disk", fixable=False)]
    statuses, tried = repair(checks, wanted=lambda id_: id_ == "hosts")
    assert heard.asked == ["Mend hosts?"]
    assert statuses == {"docker": Status.WARNING, "hosts": Status.OK, "disk": Status.WARNING}
    assert tried == [("hosts", Outcome.FIXED)]


def test_a_repair_that_fails_says_what_why_and_what_next_and_the_others_go_on(repair, heard) -> None:
    def fail() -> None:
        raise PreflightError("docker.start", "Docker was not started", because="no such unit", hint="see its log")

    world = World("docker", "other", "cluster")
    checks = [world.check("docker", repair=fail), world.check("cluster", "docker"), world.check("other")]
    statuses, tried = repair(checks)
    assert tried == [("docker", Outcome.FAILED), ("other", Outcome.FIXED)]
    assert statuses == {"docker": Status.WARNING, "cluster": Status.SKIPPED, "other": Status.OK}
    assert heard.warnings == ["Docker was not repaired: Docker was not started: no such unit"]
    assert "hint: see its log" in heard.notes


def test_a_repair_that_says_it_worked_counts_by_its_check(repair, heard) -> None:
    world = World("docker")
    statuses, tried = repair([world.check("docker", repair=lambda: None)])
    assert (statuses, tried) == ({"docker": Status.WARNING}, [("docker", Outcome.FAILED)])
    assert heard.warnings == ["Docker was not repaired: docker is broken: it fell"]


def test_a_no_leaves_it_as_it_is_and_the_next_is_asked_for(repair, heard) -> None:
    def answer(question: str) -> None:
        if "docker" in question:
            raise ConsentError("consent.declined", "stopped")

    heard.confirm = answer
    world = World("docker", "hosts")
    statuses, tried = repair([world.check("docker"), world.check("hosts")])
    assert tried == [("docker", Outcome.DECLINED), ("hosts", Outcome.FIXED)]
    assert statuses == {"docker": Status.WARNING, "hosts": Status.OK}
    assert world.done == ["hosts"]


def test_without_a_terminal_nothing_is_repaired(repair, heard) -> None:
    def answer(_: str) -> None:
        raise ConsentError("consent.no-terminal", "this needs a yes")

    heard.confirm = answer
    world = World("docker")
    with pytest.raises(ConsentError):
        repair([world.check("docker")])
    assert world.done == []


def test_what_cannot_be_told_how_to_mend_yet_is_not_offered() -> None:
    def unknown(_: object) -> None:
        raise PreflightError("docker.not-running", "Docker does not answer")

    def broken() -> str:
        raise PreflightError("minikube.profile", "there is no profile yet")

    from todoctl.preflight import check

    (finding,) = check.run([Check("minikube.profile", "Profile", Severity.WARNING, broken, fix=unknown)])
    assert (finding.status, finding.repair) == (Status.WARNING, None)
