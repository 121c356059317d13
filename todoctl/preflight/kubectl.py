"""Checks of the `kubectl` command, which todoctl itself needs not; its hints, and people, do."""

from __future__ import annotations

import json

from todoctl.adapters import process
from todoctl.deadline import Deadline
from todoctl.errors import PreflightError
from todoctl.preflight import tools
from todoctl.preflight.check import Check, Severity
from todoctl.preflight.facts import Facts
from todoctl.preflight.versions import numbers

CALL_SECONDS = 30.0
MAX_SKEW = 1
"""How many minor versions kubectl may be from the cluster (https://kubernetes.io/releases/version-skew-policy/)."""


def checks(facts: Facts) -> list[Check]:
    """Return the checks of kubectl."""
    mirror, needs = facts.settings.mirror, ("kubectl.command", "cluster.reachable")
    return [
        Check(
            "kubectl.command",
            "kubectl command",
            Severity.WARNING,
            version,
            fix=lambda _: tools.download(tools.KUBECTL, mirror=mirror),
        ),
        Check(
            "kubectl.version",
            "kubectl version",
            Severity.WARNING,
            lambda: fits(version(), facts.cluster.version()),
            needs,
        ),
    ]


def version() -> str:
    """Hold where there is a `kubectl`, and return its version."""
    try:
        done = process.run(["kubectl", "version", "--client", "-o", "json"], deadline=Deadline(CALL_SECONDS))
    except process.ProgramMissing as error:
        raise PreflightError(
            "kubectl.command",
            "there is no `kubectl` command",
            because="todoctl does not need it, but many commands in its hints are kubectl's",
            hint="install it: https://kubernetes.io/docs/tasks/tools/; `minikube kubectl --` is one too",
        ) from error
    try:
        return str(json.loads(done.stdout)["clientVersion"]["gitVersion"])
    except (ValueError, KeyError, TypeError) as error:
        raise PreflightError(
            "kubectl.command",
            "`kubectl` did not report its version",
            because=done.complaint(),
            hint=f"see what `{done.command}` says",
        ) from error


def fits(client: str, cluster: str) -> str:
    """Hold where kubectl is at most one minor version from the cluster."""
    ours, theirs = numbers(client)[:2], numbers(cluster)[:2]
    if len(ours) < 2 or len(theirs) < 2 or ours[0] != theirs[0] or abs(ours[1] - theirs[1]) > MAX_SKEW:  # noqa: PLR2004
        raise PreflightError(
            "kubectl.version",
            f"kubectl {client} does not fit Kubernetes {cluster}",
            because=f"it is more than {MAX_SKEW} minor version away, which Kubernetes does not support",
            hint="`minikube kubectl --` is the cluster's own version; or install that one",
        )
    return client
