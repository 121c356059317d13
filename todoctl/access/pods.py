"""Which pod of a Service a new connection goes to, and how long to wait while there is none."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from todoctl.adapters import kinds
from todoctl.deadline import Deadline
from todoctl.errors import AccessError, ClusterError, TodoctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from todoctl.adapters.kinds import Kind
    from todoctl.reporter import Reporter

PATIENCE_SECONDS = 30.0
"""How long a connection waits for a pod to come (back)."""
FRESH_SECONDS = 1.0
"""How long a pod is believed to be Ready after it was looked at."""
SHORTEST_SECONDS, LONGEST_SECONDS = 0.05, 15.0
_ASKING_SECONDS = 5.0
_CONNECT_ANEW = frozenset({"cluster.unreachable", "cluster.tls", "cluster.unauthorized"})


class Connection(Protocol):
    """One connection to a port of a pod: as much of a socket as copying needs."""

    def recv(self, limit: int = ..., /) -> bytes:
        """Return some bytes, b"" at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""

    def abort(self) -> None:
        """End the connection, also for threads that wait in it."""

    def close(self) -> None:
        """Give back what it holds, once no thread uses it."""


class Cluster(Protocol):
    """What forwarding needs from a cluster."""

    def within(self, deadline: Deadline) -> Cluster:
        """Return the same cluster, whose calls end by the deadline."""

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """Return one object, or None."""

    def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str | None = None
    ) -> tuple[list[dict[str, Any]], str]:
        """Return the objects that fit, and their resource version."""

    def open_port(self, namespace: str, pod: str, port: int) -> Connection:
        """Open one connection to a port of a pod."""


class Backoff:
    """How long to wait after each failure in a row: 50 ms, then twice as long each time, up to 15 s."""

    def __init__(self) -> None:
        self._next = SHORTEST_SECONDS

    def failed(self) -> float:
        """Return the seconds to wait after one more failure."""
        seconds = self._next
        self._next = min(LONGEST_SECONDS, 2 * seconds)
        return seconds

    def reset(self) -> None:
        """Begin anew, after something that lasted."""
        self._next = SHORTEST_SECONDS


class Pods:
    """Opens connections to the newest Ready pod of a Service. Used by many threads.

    It stays with a pod for as long as that is Ready. While there is none, or the API server is away, all connections
    wait together, and one of them tries again after a growing pause. `connect` makes the cluster; it is called anew
    after failures, since a cluster that was restarted may have another address.
    """

    def __init__(
        self, connect: Callable[[], Cluster], namespace: str, service: str, port: int, *, reporter: Reporter
    ) -> None:
        self._connect = connect
        self._namespace = namespace
        self._service = service
        self._port = port
        self._reporter = reporter
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None
        self._chosen: tuple[str, int] | None = None
        self._looked = 0.0
        self._backoff = Backoff()
        self._not_before = 0.0
        self._trouble: TodoctlError | None = None
        self._told = False

    def open(self, over: threading.Event) -> tuple[str, Connection]:
        """Return a pod's name and a connection to it, waiting for one that takes it.

        Raises the last trouble once PATIENCE_SECONDS or `over` have come, and at once what waiting does not mend.
        """
        patience = Deadline(PATIENCE_SECONDS)
        while True:
            opened = self._try()
            if opened is not None:
                return opened
            pause = max(0.0, self._not_before - time.monotonic())
            if over.wait(min(pause, patience.remaining())) or patience.expired():
                raise self._trouble or ClusterError(
                    "cluster.port",
                    f"no connection to a pod of Service `{self._service}` was made",
                    because="it was no longer wanted, or each pod that was tried had gone by then",
                    hint="see what the pods do with `todoctl status`, and connect again",
                )

    def choose(self) -> tuple[str, int]:
        """Return the chosen pod's name and its port, or choose one. Raises AccessError and ClusterError."""
        with self._lock:
            return self._choose()

    def answered(self, name: str) -> None:
        """Hear that a connection to the pod was worth something: the next failure is the first again."""
        with self._lock:
            self._backoff.reset()
            self._not_before = 0.0
            if self._told:
                self._told = False
                self._reporter.note(f"Service `{self._service}` answers again, through pod `{name}`")

    def failed(self, name: str, error: TodoctlError) -> None:
        """Hear that a pod did not take a connection, or broke it: it is not believed to be Ready any more.

        All connections to a pod break at once when it goes: that is one failure.
        """
        with self._lock:
            if self._chosen and self._chosen[0] == name:
                self._chosen = None
                self._wait_for(error)

    def _try(self) -> tuple[str, Connection] | None:
        """Open a connection, unless it is too early for that; None where it failed and may be tried again."""
        with self._lock:
            if time.monotonic() < self._not_before:
                return None
            try:
                name, port = self._choose()
                cluster = self._cluster
            except TodoctlError as error:
                self._wait_for(error)
                if isinstance(error, AccessError) and error.id != "forward.no-pod":
                    raise
                return None
        try:
            assert cluster is not None  # noqa: S101 - for mypy: `_choose` has connected
            return name, cluster.open_port(self._namespace, name, port)
        except TodoctlError as error:
            self.failed(name, error)
            return None

    def _wait_for(self, error: TodoctlError) -> None:
        if error.id in _CONNECT_ANEW:
            self._cluster = None
        if not self._told:
            self._told = True
            self._reporter.warn(f"{error.what}: {error.because}" if error.because else error.what)
        self._trouble = error
        self._not_before = time.monotonic() + self._backoff.failed()

    def _choose(self) -> tuple[str, int]:
        now = time.monotonic()
        if self._chosen is None or self._cluster is None or now - self._looked >= FRESH_SECONDS:
            if self._cluster is None:
                self._cluster = self._connect()
            self._chosen = self._look(self._cluster.within(Deadline(_ASKING_SECONDS)))
            self._looked = now
        return self._chosen

    def _look(self, cluster: Cluster) -> tuple[str, int]:
        """Return the chosen pod where it is still Ready, or else the newest that is."""
        service = cluster.get(kinds.SERVICE, self._service, self._namespace)
        if service is None:
            raise AccessError(
                "forward.no-service",
                f"there is no Service `{self._service}` in namespace `{self._namespace}`",
                because="the app is not installed there",
                hint="install it with `todoctl install`",
            )
        labels = ",".join(f"{key}={value}" for key, value in sorted(service["spec"]["selector"].items()))
        pods, _ = cluster.list(kinds.POD, self._namespace, labels=labels)
        candidates = ready(pods)
        if not candidates:
            raise AccessError(
                "forward.no-pod",
                f"no pod of Service `{self._service}` is Ready",
                because=f"{len(pods)} of its pods are there",
                hint="see what they wait for with `todoctl status`",
            )
        before = self._chosen[0] if self._chosen else None
        pod = next((one for one in candidates if one["metadata"]["name"] == before), candidates[0])
        return pod["metadata"]["name"], target_port(service, pod, self._port)


def ready(pods: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the pods that are Ready and not being deleted, the one that was created last first."""
    found = [
        pod
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in pod.get("status", {}).get("conditions", ())
        )
    ]
    return sorted(found, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]), reverse=True)


def target_port(service: dict[str, Any], pod: dict[str, Any], port: int) -> int:
    """Return the pod's port behind a Service's port: a number, or the name of a container's port.

    Raises AccessError when the Service has no such port, or the pod none of that name.
    """
    for entry in service["spec"]["ports"]:
        if entry["port"] == port:
            target = entry.get("targetPort", port)
            if isinstance(target, int):
                return target
            for container in pod["spec"]["containers"]:
                for offered in container.get("ports", ()):
                    if offered.get("name") == target:
                        number: int = offered["containerPort"]
                        return number
    raise AccessError(
        "forward.no-port",
        f"Service `{service['metadata']['name']}` does not lead to a port for {port}",
        because="it has no such port, or its pod has none of the name it targets",
        hint="install again with `todoctl install`",
    )
