"""The runner: at once, in order, and a finding for whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ctrl_c import BeforeAProgram
from todoctl.errors import ExitCode, PreflightError
from todoctl.preflight import check
from todoctl.preflight.check import Check, Finding, Severity, Status


def ok(id: str, *needs: str, run: Callable[[], str] = lambda: "fine") -> Check:  # noqa: A002 - the field's name
    return Check(id, id.title(), Severity.FATAL, run, needs)


def failing(id: str, severity: Severity, *needs: str) -> Check:  # noqa: A002
    def run() -> str:
        raise PreflightError(id, "it is broken", because="it fell", hint="pick it up")

    return Check(id, id.title(), severity, run, needs)


def statuses(checks: list[Check]) -> list[tuple[str, Status]]:
    return [(finding.id, finding.status) for finding in check.run(checks)]


def test_a_check_that_holds_says_what_it_found() -> None:
    assert list(check.run([ok("a")])) == [Finding("a", "A", Severity.FATAL, Status.OK, "fine")]


@pytest.mark.parametrize(("severity", "status"), [(Severity.FATAL, Status.FATAL), (Severity.WARNING, Status.WARNING)])
def test_a_check_that_does_not_hold_says_what_why_and_what_to_do(severity: Severity, status: Status) -> None:
    (finding,) = check.run([failing("a", severity)])
    assert finding == Finding("a", "A", severity, status, "it is broken", "it fell", "pick it up")
    assert isinstance(finding.error, PreflightError)


def test_a_check_that_crashes_is_a_finding_and_not_a_traceback() -> None:
    def crash() -> str:
        return str(1 / 0)

    first, second = check.run([ok("a", run=crash), ok("b")])
    assert (first.status, first.because) == (Status.FATAL, "ZeroDivisionError: division by zero")
    assert second.status is Status.OK


def test_what_needs_a_failed_check_is_skipped_all_the_way_down() -> None:
    checks = [failing("a", Severity.FATAL), ok("b", "a"), ok("c", "b"), ok("d")]
    assert statuses(checks) == [
        ("a", Status.FATAL),
        ("b", Status.SKIPPED),
        ("c", Status.SKIPPED),
        ("d", Status.OK),
    ]


def test_a_skipped_check_names_what_stood_in_its_way() -> None:
    *_, last = check.run([failing("a", Severity.WARNING), ok("b", "a")])
    assert last.found == "not looked at, because of: A"


def test_a_need_that_is_not_part_of_the_run_is_taken_to_hold() -> None:
    assert statuses([ok("b", "a")]) == [("b", Status.OK)]


def test_independent_checks_run_at_once() -> None:
    # Each waits for the other: one after the other they would never end.
    meeting = threading.Barrier(2, timeout=10)

    def meet() -> str:
        meeting.wait()
        return "met"

    assert [finding.found for finding in check.run([ok("a", run=meet), ok("b", run=meet)])] == ["met", "met"]


def test_a_check_starts_only_when_what_it_needs_is_done() -> None:
    order: list[str] = []
    release = threading.Event()

    def first() -> str:
        release.wait(10)
        order.append("first")
        return "fine"

    def second() -> str:
        order.append("second")
        return "fine"

    def other() -> str:
        release.set()
        return "fine"

    list(check.run([ok("a", run=first), ok("b", "a", run=second), ok("c", run=other)]))
    assert order == ["first", "second"]


def test_findings_come_in_the_order_of_the_table_whoever_is_first() -> None:
    done = threading.Event()

    def slow() -> str:
        assert done.wait(10)
        return "slow"

    def quick() -> str:
        done.set()
        return "quick"

    assert [finding.found for finding in check.run([ok("a", run=slow), ok("b", run=quick)])] == ["slow", "quick"]


def test_a_finding_comes_before_later_checks_are_done() -> None:
    release = threading.Event()

    def late() -> str:
        assert release.wait(10)
        return "late"

    findings = check.run([ok("a"), ok("b", run=late)])
    assert next(findings).id == "a"
    release.set()
    assert next(findings).found == "late"


def test_ctrl_c_ends_also_the_programs_that_a_check_starts_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = BeforeAProgram(monkeypatch, "todoctl.preflight.check.wait")
    with pytest.raises(KeyboardInterrupt):
        list(check.run([ok("a", run=run), ok("b", "a")]))
    assert run.ends == [KeyboardInterrupt]


def test_no_checks_no_findings() -> None:
    assert list(check.run([])) == []


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], ExitCode.OK),
        ([Status.OK, Status.SKIPPED], ExitCode.OK),
        ([Status.OK, Status.WARNING], ExitCode.FINDINGS),
        ([Status.WARNING, Status.FATAL, Status.OK], ExitCode.PREFLIGHT),
    ],
)
def test_the_exit_code_says_the_worst(found: list[Status], code: ExitCode) -> None:
    assert check.exit_code([Finding("a", "A", Severity.FATAL, status, "") for status in found]) is code


def test_the_first_fatal_finding_is_the_error_of_an_install() -> None:
    findings = list(check.run([failing("a", Severity.WARNING), failing("b", Severity.FATAL)]))
    error = check.first_fatal(findings)
    assert error is not None
    assert (error.id, error.exit_code) == ("b", ExitCode.PREFLIGHT)
    assert check.first_fatal([]) is None
