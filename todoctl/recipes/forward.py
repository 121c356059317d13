"""`port-forward`: lead local ports to the parts of the app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from todoctl.access import probe
from todoctl.access.advice import LOOPBACK
from todoctl.access.forward import PARTS, PortForward
from todoctl.installation import Installation
from todoctl.steps import ACCESS_SECONDS


@contextmanager
def port_forward(installation: Installation, part: str, local_port: int | None) -> Iterator[PortForward]:
    """Forward to a part of the app (a key of `forward.PARTS`); it has answered when the block begins.

    Raises AccessError and ClusterError.
    """
    to = PARTS[part]
    with PortForward(
        installation.cluster,
        installation.settings.namespace,
        to.service,
        to.port,
        local_port=local_port or to.port,
        reporter=installation.reporter,
    ) as forwarded:
        forwarded.check()
        if to.healthy is not None:
            probe.probe(
                probe.Endpoint(LOOPBACK, "localhost", forwarded.port),
                deadline=installation.deadline().within(ACCESS_SECONDS),
                expectations=(probe.Expectation(part, to.healthy, 200),),
                hint="look at `todoctl status`, and at the pod's log",
            )
        yield forwarded
