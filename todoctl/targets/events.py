"""Read what `minikube … -o json` prints: one CloudEvent a line (https://cloudevents.io), most of them talk. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from todoctl.errors import ClusterError, PreflightError, TodoctlError, UsageError

_USAGE = 14  # ExProgramUsage: an option's value
_PREFIX = "io.k8s.sigs.minikube."


@dataclass(frozen=True)
class Event:
    """One event. `kind` is step, info, warning, error, download or download.progress.

    Only errors that end the command have an `exit_code` other than 0; the others are lines for a terminal's stderr.
    """

    kind: str
    message: str
    name: str = ""
    exit_code: int = 0
    advice: str = ""
    url: str = ""


def parse(line: str) -> Event | None:
    """Read one line; None for what is no event of Minikube's, such as a line of its log."""
    try:
        event = json.loads(line)
        kind, data = event["type"], event["data"]
        if not kind.startswith(_PREFIX):
            return None
        return Event(
            kind=kind[len(_PREFIX) :],
            message=data.get("message", ""),
            name=data.get("name", ""),
            exit_code=int(data.get("exitcode") or 0),
            advice=data.get("advice", ""),
            url=data.get("url", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def fatal(events: Iterable[Event], exit_code: int) -> Event | None:
    """Return the error that ended a command: the last with the command's own exit code, else the last with any."""
    errors = [event for event in events if event.kind == "error" and event.exit_code]
    return next((event for event in reversed(errors) if event.exit_code == exit_code), errors[-1] if errors else None)


def error(what: str, events: Iterable[Event], exit_code: int, complaint: str) -> TodoctlError:
    """Make the error that tells why a command of Minikube's failed; `complaint` is for when no event does.

    Its type follows the family of the exit code
    (https://minikube.sigs.k8s.io/docs/contrib/errorcodes/): what the user asked for, what this machine lacks, or what
    the cluster did.
    """
    event = fatal(events, exit_code)
    code = event.exit_code if event else exit_code
    return _type_of(code)(
        f"minikube.{event.name.lower().replace('_', '-') if event and event.name else 'failed'}",
        what,
        because=" ".join(event.message.split()) if event else complaint,
        hint=_hint(event),
    )


def _type_of(exit_code: int) -> type[TodoctlError]:
    if exit_code == _USAGE:
        return UsageError
    # 2x resources, 3x host, 5x driver, 6x provider, 7x local network
    if exit_code // 10 in {2, 3, 5, 6, 7}:
        return PreflightError
    # 1x Minikube itself, 4x internet, 8x guest, 9x runtime, 10x control plane, 11x service
    return ClusterError


def _hint(event: Event | None) -> str:
    # An advice may come with its placeholders unfilled.
    advice = event.advice if event and "{{" not in event.advice else ""
    parts = [" ".join(advice.split()).rstrip("."), event.url if event else ""]
    told = "; see ".join(part for part in parts if part)
    if event and event.exit_code == _USAGE:
        return told or "ask for another `--driver`, or other `--cpus` and `--memory`"
    return told or "see what `minikube logs` says"
