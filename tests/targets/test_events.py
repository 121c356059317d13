"""What `minikube start -o json` printed when it worked and when it did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from todoctl.errors import ClusterError, PreflightError, TodoctlError, UsageError
from todoctl.targets import events
from todoctl.targets.events import Event

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> list[Event]:
    lines = (RECORDED / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [event for event in map(events.parse, lines) if event is not None]


def test_the_steps_of_a_start_can_be_read_as_its_story() -> None:
    steps = [event.message for event in recorded("start") if event.kind == "step"]
    assert steps[0] == "[t-target] minikube v1.38.1 on Debian 12.11 (docker/amd64)"
    assert "Creating docker container (CPUs=2, Memory=2048MB) ..." in steps
    assert steps[-1].startswith("Done!")


def test_a_start_that_worked_has_errors_that_are_mere_talk() -> None:
    start = recorded("start")
    assert any(event.kind == "error" for event in start)
    assert events.fatal(start, 0) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "E1123 13:46:33.256236    9953 start.go:446] unable to disable preinstalled bridge CNI(s)",
        "null",
        "[]",
        '"text"',
        '{"type": "com.example.other", "data": {}}',
        '{"type": "io.k8s.sigs.minikube.step"}',
        '{"type": "io.k8s.sigs.minikube.step", "data": null}',
        '{"type": 1, "data": {}}',
        '{"type": "io.k8s.sigs.minikube.error", "data": {"exitcode": "many"}}',
    ],
)
def test_what_is_no_event_of_minikubes_is_none(line: str) -> None:
    assert events.parse(line) is None


@pytest.mark.parametrize(
    ("name", "exit_code", "id", "type_", "because"),
    [
        (
            "too-many-cpus",
            80,
            "minikube.guest-provision",
            ClusterError,
            (
                "error provisioning guest: Failed to start host: creating host: create: creating: create kic node:"
                " create container: not enough CPUs is available for container"
            ),
        ),
        (
            "too-much-memory",
            14,
            "minikube.mk-usage",
            UsageError,
            "Docker has only 24105MB memory but you specified 900000MB",
        ),
        (
            "other-driver",
            81,
            "minikube.guest-driver-mismatch",
            ClusterError,
            (
                'The existing "t-target2" cluster was created using the "docker" driver, which is incompatible with'
                ' requested "kvm2" driver.'
            ),
        ),
    ],
)
def test_the_error_that_ended_a_start_is_told_by_its_exit_code(
    name: str,
    exit_code: int,
    id: str,  # noqa: A002 - as the error has it
    type_: type[TodoctlError],
    because: str,
) -> None:
    error = events.error("profile `p` did not start", recorded(name), exit_code, "unused")
    assert (type(error), error.id, error.what) == (type_, id, "profile `p` did not start")
    assert error.because == because


def test_advice_becomes_the_hint_with_its_page() -> None:
    event = Event(
        "error",
        "Get: no such host",
        "INET_LOOKUP_HOST",
        48,
        "Verify that your HTTP_PROXY and HTTPS_PROXY environment variables are set correctly.",
        "https://minikube.sigs.k8s.io/docs/handbook/vpn_and_proxy/",
    )
    assert events.error("no", [event], 48, "").hint == (
        "Verify that your HTTP_PROXY and HTTPS_PROXY environment variables are set correctly"
        "; see https://minikube.sigs.k8s.io/docs/handbook/vpn_and_proxy/"
    )


def test_advice_with_placeholders_left_in_it_is_not_shown() -> None:
    event = Event("error", "too much", "RSRC_OVER_ALLOC_MEM", 23, "use '--memory={{.advised}}mb'")
    assert events.error("no", [event], 23, "").hint == "see what `minikube logs` says"


def test_without_an_event_the_last_line_is_the_reason() -> None:
    error = events.error("profile `p` did not start", [], 1, "`minikube` exited 1 (boom)")
    assert (error.id, error.because) == ("minikube.failed", "`minikube` exited 1 (boom)")


@pytest.mark.parametrize(
    ("exit_code", "type_"),
    [
        (10, ClusterError),
        (14, UsageError),
        (23, PreflightError),
        (29, PreflightError),
        (35, PreflightError),
        (48, ClusterError),
        (50, PreflightError),
        (64, PreflightError),
        (70, PreflightError),
        (80, ClusterError),
        (90, ClusterError),
        (100, ClusterError),
        (115, ClusterError),
    ],
)
def test_the_family_of_the_exit_code_is_the_kind_of_error(exit_code: int, type_: type[TodoctlError]) -> None:
    assert type(events.error("no", [Event("error", "m", "N", exit_code)], exit_code, "")) is type_
