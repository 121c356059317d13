"""Port-forward: a local port that leads to a pod of a Service, through the API server."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from todoctl.access.advice import LOOPBACK
from todoctl.adapters import kinds, system
from todoctl.errors import AccessError, TodoctlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from todoctl.adapters.kinds import Kind
    from todoctl.reporter import Reporter

_PORTS_TRIED = 50
_OPENED_AT_MOST = 3
_SLICE_SECONDS = 0.5  # Windows does not interrupt a wait, so no wait is longer than this
_HALF_CLOSED_SECONDS = 10.0  # how long an answer may come after the client's last byte
_CHUNK = 64 * 1024


class Connection(Protocol):
    """One connection to a port of a pod: as much of a socket as copying needs."""

    def recv(self, limit: int = ..., /) -> bytes:
        """Return some bytes, b"" at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""

    def close(self) -> None:
        """End the connection, also for a thread that waits in `recv`."""


class Cluster(Protocol):
    """What forwarding needs from a cluster."""

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """Return one object, or None."""

    def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str | None = None
    ) -> tuple[list[dict[str, Any]], str]:
        """Return the objects that fit, and their resource version."""

    def open_port(self, namespace: str, pod: str, port: int) -> Connection:
        """Open one connection to a port of a pod."""


@dataclass(frozen=True)
class Forwardable:
    """A part of the app that can be forwarded: its Service and port, and the path that shows it alive over HTTP."""

    service: str
    port: int
    healthy: str | None


PARTS = {
    "frontend": Forwardable("todo-frontend", 3000, "/healthz"),
    "backend": Forwardable("todo-backend", 8000, "/health"),
    "postgres": Forwardable("todo-postgres", 5432, None),
}


class PortForward:
    """A listener on 127.0.0.1 that gives each connection one of its own to the newest Ready pod of a Service.

    A context manager: it listens when made, and leaving the block ends the listener, all connections and all threads.
    The pod is chosen again when it no longer takes connections; established ones end with their pod.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        service: str,
        port: int,
        *,
        local_port: int,
        reporter: Reporter,
    ) -> None:
        """Listen at `local_port`, or the next free one (0: any). Raises AccessError when there is none."""
        self._pods = _Pods(cluster, namespace, service, port)
        self._reporter = reporter
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[_Link] = set()
        self._listener = _listen(local_port, reporter)
        self._accepting = threading.Thread(target=self._accept, name="port-forward", daemon=True)
        self._accepting.start()

    @property
    def port(self) -> int:
        """The local port."""
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> PortForward:  # noqa: PYI034 - typing has no Self before Python 3.11
        """Listen already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def check(self) -> None:
        """Choose the pod now. Raises AccessError where there is none that is Ready, and ClusterError."""
        self._pods.choose()

    def wait(self) -> None:
        """Wait until it is closed; Ctrl-C comes through as KeyboardInterrupt."""
        while not self._closed.wait(_SLICE_SECONDS):
            pass

    def close(self) -> None:
        """End everything; again does no harm."""
        if self._closed.is_set():
            return
        self._closed.set()
        # A thread in accept() does not see its listener closed everywhere: a last connection wakes it.
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1):
            pass
        self._accepting.join()
        self._listener.close()
        with self._lock:
            links = list(self._open)
        for link in links:
            link.close()
        for link in links:
            link.join(timeout=1)  # one that still asks for a pod ends with the process

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError as error:  # such as too many open files: the next one may do better
                if self._closed.wait(_SLICE_SECONDS):
                    return
                self._reporter.warn(f"a connection was not accepted: {error.strerror}")
                continue
            if self._closed.is_set():
                client.close()
                return
            link = _Link(client, self._pods, self._reporter, self._ended)
            with self._lock:
                self._open.add(link)
            link.start()

    def _ended(self, link: _Link) -> None:
        with self._lock:
            self._open.discard(link)


class _Link(threading.Thread):
    """One accepted connection, and its own connection to a pod."""

    def __init__(self, client: socket.socket, pods: _Pods, reporter: Reporter, ended: Any) -> None:
        super().__init__(name="port-forward-link", daemon=True)
        self._client = client
        self._pods = pods
        self._reporter = reporter
        self._ended = ended
        self._lock = threading.Lock()
        self._pod: Connection | None = None
        self._closed = False
        self._answered = threading.Event()

    def run(self) -> None:
        try:
            name, pod = self._pods.connect()
            with self._lock:
                self._pod = pod
                closed = self._closed
            if closed:
                pod.close()
                return
            upward = threading.Thread(target=self._send, args=(pod,), name="port-forward-send", daemon=True)
            upward.start()
            try:
                self._receive(name, pod)
            finally:
                self._answered.set()
                self.close()
                upward.join()
        except TodoctlError as error:
            self._reporter.warn(f"{error.what}: {error.because}" if error.because else error.what)
        finally:
            self.close()
            self._client.close()
            self._ended(self)

    def close(self) -> None:
        """End both connections, which ends the threads that wait for them."""
        with self._lock:
            self._closed = True
            pod = self._pod
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        if pod is not None:
            pod.close()

    def _receive(self, name: str, pod: Connection) -> None:
        """Copy from the pod to the client."""
        try:
            while data := pod.recv(_CHUNK):
                self._client.sendall(data)
        except TodoctlError:
            self._pods.forget(name)
            raise
        except OSError:
            return  # the client has gone

    def _send(self, pod: Connection) -> None:
        """Copy from the client to the pod."""
        try:
            while data := self._client.recv(_CHUNK):
                pod.sendall(data)
        except OSError:
            self.close()
            return
        # The client has sent all. Whether it has gone, or closed its half alone and still listens, TCP does not tell;
        # and the pod cannot be told, so it might keep the connection for ever.
        self._answered.wait(_HALF_CLOSED_SECONDS)
        self.close()


class _Pods:
    """Chooses the pod that new connections go to. Used by many threads."""

    def __init__(self, cluster: Cluster, namespace: str, service: str, port: int) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._service = service
        self._port = port
        self._lock = threading.Lock()
        self._chosen: tuple[str, int] | None = None

    def connect(self) -> tuple[str, Connection]:
        """Connect to the chosen pod, or choose another when it takes no connection."""
        for left in reversed(range(_OPENED_AT_MOST)):
            name, port = self.choose()
            try:
                return name, self._cluster.open_port(self._namespace, name, port)
            except TodoctlError:
                self.forget(name)
                if not left:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def forget(self, name: str) -> None:
        """Choose again for the next connection, as this pod has failed."""
        with self._lock:
            if self._chosen and self._chosen[0] == name:
                self._chosen = None

    def choose(self) -> tuple[str, int]:
        """Return the pod's name and port, the same until it is forgotten."""
        with self._lock:
            if self._chosen is None:
                self._chosen = self._newest()
            return self._chosen

    def _newest(self) -> tuple[str, int]:
        service = self._cluster.get(kinds.SERVICE, self._service, self._namespace)
        if service is None:
            raise AccessError(
                "forward.no-service",
                f"there is no Service `{self._service}` in namespace `{self._namespace}`",
                because="the app is not installed there",
                hint="install it with `todoctl install`",
            )
        labels = ",".join(f"{key}={value}" for key, value in sorted(service["spec"]["selector"].items()))
        pods, _ = self._cluster.list(kinds.POD, self._namespace, labels=labels)
        pod = newest_ready(pods)
        if pod is None:
            raise AccessError(
                "forward.no-pod",
                f"no pod of Service `{self._service}` is Ready",
                because=f"{len(pods)} of its pods are there",
                hint="see what they wait for with `todoctl status`",
            )
        return pod["metadata"]["name"], target_port(service, pod, self._port)


def newest_ready(pods: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the pod that was created last among those that are Ready and not being deleted, or None."""
    ready = [
        pod
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in pod.get("status", {}).get("conditions", ())
        )
    ]
    return max(ready, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]), default=None)


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


def _listen(wanted: int, reporter: Reporter) -> socket.socket:
    for port in range(wanted, wanted + _PORTS_TRIED) if wanted else [0]:
        if port and _answers(port):
            reporter.warn(f"port {port} is taken, trying the next one")
            continue
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # On Windows SO_REUSEADDR would share the port with whoever has it; elsewhere it only skips the wait after
        # earlier connections.
        option = socket.SO_EXCLUSIVEADDRUSE if system.WINDOWS else socket.SO_REUSEADDR  # type: ignore[attr-defined,unused-ignore]
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            listener.close()
            if isinstance(error, OSError) and error.errno in {errno.EADDRINUSE, errno.EACCES}:
                reporter.warn(f"port {port} is {'taken' if error.errno == errno.EADDRINUSE else 'not allowed'}")
                continue
            break
        return listener
    raise AccessError(
        "forward.no-local-port",
        f"no local port is free from {wanted} on",
        because=f"{_PORTS_TRIED} were tried",
        hint="name another with `--port`",
    )


def _answers(port: int) -> bool:
    """Tell whether somebody listens already, also at ::1, where a browser looks for `localhost` first."""
    for address in (LOOPBACK, "::1"):
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=0.5):
            return True
    return False
