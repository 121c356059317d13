"""A check is a record; the runner turns records into findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum

from todoctl.adapters import process
from todoctl.deadline import SLICE_SECONDS, Deadline
from todoctl.errors import ExitCode, PreflightError, TodoctlError
from todoctl.reporter import Reporter


class Severity(Enum):
    """What it means when a check does not hold."""

    WARNING = "warning"
    """Worth a look; an install goes on."""
    FATAL = "fatal"
    """An install cannot succeed."""


class Status(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FATAL = "fatal"
    SKIPPED = "skipped"
    """Something that it needs does not hold."""


@dataclass(frozen=True)
class Repair:
    """What can be done about a check that does not hold: the question to ask before, and the doing.

    `do` raises a TodoctlError where it fails; that it worked is for the check to say, run once more. `of_cluster` says
    that it works on the cluster as a whole, as one run at a time may.
    """

    question: str
    do: Callable[[Reporter, Deadline], None]
    of_cluster: bool = False


Fix = Callable[[TodoctlError], "Repair | None"]
"""Returns the repair for an error that a check raised, or None where todoctl has none for it."""


@dataclass(frozen=True)
class Check:
    """One thing that should hold.

    `id` is stable; its entry in docs/errors.md says more. `run` returns what was found, in a few words, or raises a
    TodoctlError that says what, why and what to do. `needs` are the ids of checks that must hold first; one that is
    not part of a run is taken to.
    """

    id: str
    title: str
    severity: Severity
    run: Callable[[], str]
    needs: tuple[str, ...] = ()
    fix: Fix | None = None


@dataclass(frozen=True)
class Finding:
    """What a check found, and `severity`: what it means where the check does not hold.

    `error` says it all again for a command that cannot go on; `repair` is what todoctl can do about it.
    """

    id: str
    title: str
    severity: Severity
    status: Status
    found: str
    because: str | None = None
    hint: str | None = None
    error: TodoctlError | None = dataclasses.field(default=None, repr=False, compare=False)
    repair: Repair | None = dataclasses.field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, str | bool | None]:
        """Return the finding in plain JSON types."""
        return {
            "id": self.id,
            "title": self.title,
            "severity": self.severity.value,
            "status": self.status.value,
            "found": self.found,
            "because": self.because,
            "hint": self.hint,
            "fixable": self.repair is not None,
        }


def run(checks: Sequence[Check]) -> Iterator[Finding]:
    """Run all checks at once, each after those it needs, and yield the findings in the checks' order, as they come.

    A check stands after those it needs. One that crashes is a finding too. Ctrl-C ends the programs that checks run,
    and those that they start after it.
    """
    if not checks:
        return
    # A thread per check, most of them waiting: with fewer, a check could wait for one that has no thread yet.
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        findings: dict[str, Future[Finding]] = {}
        try:
            for check in checks:
                needed = [findings[need] for need in check.needs if need in findings]
                findings[check.id] = pool.submit(_find, check, needed)
            for future in findings.values():
                while wait([future], timeout=SLICE_SECONDS).not_done:
                    pass
                yield future.result()
        except BaseException:
            process.end_children_of(findings.values())
            raise


def _find(check: Check, needed: Sequence[Future[Finding]]) -> Finding:
    for need in (future.result() for future in needed):
        if need.status is not Status.OK:
            return Finding(
                check.id, check.title, check.severity, Status.SKIPPED, f"not looked at, because of: {need.title}"
            )
    try:
        return Finding(check.id, check.title, check.severity, Status.OK, check.run())
    except TodoctlError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - a crashed check is a result, not a traceback
        problem = PreflightError(
            check.id,
            "the check itself failed",
            because=f"{type(error).__name__}: {' '.join(str(error).split())}",
            hint="this is a fault in todoctl: please report it",
        )
        problem.__cause__ = error
    return Finding(
        check.id,
        check.title,
        check.severity,
        Status(check.severity.value),
        problem.what,
        problem.because,
        problem.hint,
        problem,
        _repair(check, problem),
    )


def _repair(check: Check, problem: TodoctlError) -> Repair | None:
    try:
        return check.fix(problem) if check.fix else None
    except TodoctlError:
        return None  # something else has to be repaired first


def first_fatal(findings: Sequence[Finding]) -> TodoctlError | None:
    """Return the error of the first finding that an install cannot go on with."""
    return next((finding.error for finding in findings if finding.status is Status.FATAL), None)


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """Return the exit code that says the worst of the findings."""
    statuses = {finding.status for finding in findings}
    if Status.FATAL in statuses:
        return ExitCode.PREFLIGHT
    return ExitCode.FINDINGS if Status.WARNING in statuses else ExitCode.OK
