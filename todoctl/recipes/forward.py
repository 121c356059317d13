"""`port-forward`: lead local ports to the parts of the app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from todoctl.access import probe
from todoctl.access.advice import LOOPBACK
from todoctl.access.forward import PARTS, PortForward
from todoctl.adapters import kinds
from todoctl.errors import AccessError
from todoctl.installation import Installation
from todoctl.settings import Settings
from todoctl.steps import ACCESS_SECONDS


@dataclass(frozen=True)
class Wanted:
    """A part of the app (a key of `forward.PARTS`) and a local port for it: None for the part's own, 0 for any."""

    part: str
    local_port: int | None = None


@contextmanager
def port_forward(installation: Installation, wanted: Sequence[Wanted]) -> Iterator[list[PortForward]]:
    """Forward to parts of the app; each has answered when the block begins.

    Raises AccessError and ClusterError.
    """
    with ExitStack() as stack:
        forwards = []
        for one in wanted:
            to = PARTS[one.part]
            forwarded = PortForward(
                installation.connect,
                installation.settings.namespace,
                to.service,
                to.port,
                local_port=to.port if one.local_port is None else one.local_port,
                reporter=installation.reporter,
            )
            forwards.append(stack.enter_context(forwarded))
        for one, forwarded in zip(wanted, forwards, strict=True):
            _check(installation, one.part, forwarded)
            endpoint = probe.Endpoint(LOOPBACK, "localhost", forwarded.port)
            deadline = installation.deadline().within(ACCESS_SECONDS)
            hint = _hint(installation.settings, PARTS[one.part].service)
            healthy = PARTS[one.part].healthy
            if healthy is None:
                probe.probe_postgres(endpoint, deadline=deadline, hint=hint)
            else:
                expected = probe.Expectation(one.part, healthy, 200)
                probe.probe(endpoint, deadline=deadline, expectations=(expected,), hint=hint, why=probe.why_unwell)
        yield forwards


def _check(installation: Installation, part: str, forwarded: PortForward) -> None:
    """Raise AccessError where there is no pod to forward to; a Postgres may be missing as the database is external."""
    try:
        forwarded.check()
    except AccessError as error:
        namespace = installation.settings.namespace
        if part != "postgres" or error.id != "forward.no-service":
            raise
        if installation.cluster.get(kinds.SERVICE, PARTS["backend"].service, namespace) is None:
            raise
        raise AccessError(
            "forward.external-database",
            f"there is no Postgres in namespace `{namespace}`",
            because="the app that is installed there has an external database",
            hint="connect to it where it is: `database-url` of Secret `todo-secrets` says so",
        ) from error


def _hint(settings: Settings, service: str) -> str:
    """Name what shows more of a part, by its Service: its workload has the same name."""
    kind = "statefulset" if service == PARTS["postgres"].service else "deployment"
    kubectl = f"kubectl --context {settings.context} --namespace {settings.namespace}"
    return f"look at `todoctl status`, and at the log: `{kubectl} logs {kind}/{service}`"
