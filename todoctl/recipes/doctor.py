"""`doctor`: look at what an install and its user need, and repair what can be repaired."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum

from todoctl.errors import ConsentError, TodoctlError
from todoctl.installation import Installation
from todoctl.preflight import check, table
from todoctl.preflight.check import Finding, Status
from todoctl.settings import Settings


class Outcome(Enum):
    """What became of a repair."""

    FIXED = "fixed"
    """The check holds now."""
    FAILED = "failed"
    DECLINED = "declined"


@dataclass(frozen=True)
class Tried:
    """A repair that was offered: of which check, and what became of it; `error` says why it failed."""

    id: str
    title: str
    outcome: Outcome
    error: TodoctlError | None = None


def look(settings: Settings) -> list[Finding]:
    """Run every check."""
    return list(check.run(table.doctor_checks(settings)))


def repair(installation: Installation, wanted: Callable[[str], bool]) -> tuple[list[Finding], list[Tried]]:
    """Offer the repair of each wanted check (by its id) that does not hold; return what is found after the last one.

    In the checks' order, each once, and all checks run anew after each: one repair makes way for the next. Whether it
    worked is for its check to say. One that fails is told, and the others go on. Raises ConsentError where there is no
    terminal to ask on, and LockedError.
    """
    tried: dict[str, Tried] = {}
    findings = look(installation.settings)
    with installation.locked("doctor", lease=False):
        while (broken := _next(findings, wanted, tried)) is not None:
            error = _attempt(installation, broken)
            if isinstance(error, ConsentError):
                tried[broken.id] = Tried(broken.id, broken.title, Outcome.DECLINED)
                continue
            findings = look(installation.settings)
            after = next((one for one in findings if one.id == broken.id), None)
            if error is None and after is not None and after.status is not Status.OK:
                error = after.error
            outcome = Outcome.FIXED if error is None else Outcome.FAILED
            tried[broken.id] = Tried(broken.id, broken.title, outcome, error)
            _tell(installation, tried[broken.id])
    return findings, list(tried.values())


def _next(findings: list[Finding], wanted: Callable[[str], bool], tried: dict[str, Tried]) -> Finding | None:
    return next((one for one in findings if one.repair and wanted(one.id) and one.id not in tried), None)


def _attempt(installation: Installation, broken: Finding) -> TodoctlError | None:
    """Ask, and repair; return why it failed."""
    assert broken.repair is not None  # noqa: S101 - for mypy: `_next` chose it for that
    because = f": {broken.because}" if broken.because else ""
    installation.reporter.note(f"{broken.title}: {broken.found}{because}")
    try:
        installation.reporter.confirm(broken.repair.question)
        turn = installation.in_turn("doctor") if broken.repair.of_cluster else nullcontext()
        with installation.reporter.step(f"Repair: {broken.title}"), turn:
            broken.repair.do(installation.reporter, installation.deadline())
    except ConsentError as error:
        if error.id != "consent.declined":
            raise
        return error
    except TodoctlError as error:
        return error
    return None


def _tell(installation: Installation, one: Tried) -> None:
    if one.error is None:
        installation.reporter.note(f"{one.title}: repaired")
        return
    because = f": {one.error.because}" if one.error.because else ""
    installation.reporter.warn(f"{one.title} was not repaired: {one.error.what}{because}")
    if one.error.hint:
        installation.reporter.note(f"hint: {one.error.hint}")
