"""Port-forward: a local port that leads to a pod of a Service, through the API server."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from todoctl.access.advice import LOOPBACK
from todoctl.access.pods import Pods
from todoctl.adapters import system
from todoctl.deadline import SLICE_SECONDS, Deadline
from todoctl.errors import AccessError, TodoctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from todoctl.access.pods import Cluster, Connection
    from todoctl.reporter import Reporter

_PORTS_TRIED = 50
_HALF_CLOSED_SECONDS = 30.0  # how long the pod may be silent after the client's last byte
_HALF_CLOSED_AT_MOST = 100
_CLOSING_SECONDS = 2.0
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Forwardable:
    """A part of the app that can be forwarded: its Service and port, and the path at which HTTP shows it alive."""

    service: str
    port: int
    scheme: str
    healthy: str | None


PARTS = {
    "frontend": Forwardable("todo-frontend", 3000, "http", "/healthz"),
    "backend": Forwardable("todo-backend", 8000, "http", "/health"),
    "postgres": Forwardable("todo-postgres", 5432, "postgresql", None),
}


@contextlib.contextmanager
def to_controller(connect: Callable[[], Cluster], reporter: Reporter) -> Iterator[int]:
    """Lead a local port, which is yielded, to ingress-nginx while the block runs. Raises AccessError, ClusterError."""
    with PortForward(
        connect, "ingress-nginx", "ingress-nginx-controller", 80, local_port=0, reporter=reporter
    ) as forwarded:
        try:
            forwarded.check()
        except AccessError as error:
            raise AccessError(
                "access.controller",
                "the app is applied, but cannot be asked through its Ingress: todoctl finds no way to the controller",
                because=error.what,
                hint="see `kubectl get services,pods -n ingress-nginx`; `todoctl port-forward` leads past it",
            ) from error
        yield forwarded.port


class PortForward:
    """A listener on 127.0.0.1 that gives each connection one of its own to a Ready pod of a Service.

    A context manager: it listens when made, and leaving the block ends the listener, all connections and all threads.
    Established connections end with their pod; new ones go to another, and wait for it where there is none yet. After
    the client's last byte the pod is read on until it closes, or has said nothing for a while: the protocol cannot
    tell it that no more will come, so it may not know that it is done.
    """

    def __init__(
        self,
        connect: Callable[[], Cluster],
        namespace: str,
        service: str,
        port: int,
        *,
        local_port: int,
        reporter: Reporter,
    ) -> None:
        """Listen at `local_port`, or the next free one (0: any). Raises AccessError when there is none."""
        self._pods = Pods(connect, namespace, service, port, reporter=reporter)
        self._reporter = reporter
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[_Link] = set()
        self._half_closed: set[_Link] = set()
        self._told = False
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
        while not self._closed.wait(SLICE_SECONDS):
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
        patience = Deadline(_CLOSING_SECONDS)
        for link in links:
            link.join(timeout=patience.remaining())  # one that still asks for a pod ends with the process

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError as error:  # such as too many open files: the next one may do better
                if self._closed.wait(SLICE_SECONDS):
                    return
                self._reporter.warn(f"a connection was not accepted: {error.strerror}")
                continue
            if self._closed.is_set():
                client.close()
                return
            link = _Link(
                client,
                self._pods,
                self._reporter,
                half_closed=self._linger,
                ended=self._ended,
                lacks_threads=self._lacks_threads,
            )
            try:
                with self._lock:  # which its end waits for
                    link.start()
                    self._open.add(link)
            except RuntimeError as error:
                client.close()
                self._lacks_threads(error)

    def _lacks_threads(self, error: RuntimeError) -> None:
        """Tell, once, that there may be no more threads: a connection that comes when others have ended does better."""
        told, self._told = self._told, True
        (self._reporter.debug if told else self._reporter.warn)(f"a connection was not led to a pod: {error}")

    def _linger(self, link: _Link) -> None:
        """Note that a client has sent all. Of too many such connections the one that is silent longest is ended."""
        silent: _Link | None = None
        with self._lock:
            self._half_closed.add(link)
            if len(self._half_closed) > _HALF_CLOSED_AT_MOST:
                silent = min(self._half_closed, key=lambda one: one.heard)
                self._half_closed.discard(silent)
        if silent is not None:
            silent.close()

    def _ended(self, link: _Link) -> None:
        with self._lock:
            self._open.discard(link)
            self._half_closed.discard(link)


class _Link(threading.Thread):
    """One accepted connection, and its own connection to a pod."""

    def __init__(
        self,
        client: socket.socket,
        pods: Pods,
        reporter: Reporter,
        *,
        half_closed: Callable[[_Link], None],
        ended: Callable[[_Link], None],
        lacks_threads: Callable[[RuntimeError], None],
    ) -> None:
        super().__init__(name="port-forward-link", daemon=True)
        self._client = client
        self._pods = pods
        self._reporter = reporter
        self._half_closed = half_closed
        self._ended = ended
        self._lacks_threads = lacks_threads
        self._lock = threading.Lock()
        self._pod: Connection | None = None
        self._over = threading.Event()
        self.heard = time.monotonic()
        """When the pod last said something, or the client its last."""

    def run(self) -> None:
        try:
            name, pod = self._pods.open(self._over)
            with self._lock:
                self._pod = pod
                over = self._over.is_set()
            try:
                if not over:
                    self._copy(name, pod)
            finally:
                pod.close()
        except TodoctlError as error:
            if not self._over.is_set():
                self._reporter.debug(f"a connection ended: {error.what}")
        finally:
            self.close()
            self._client.close()
            self._ended(self)

    def close(self) -> None:
        """End both connections, which ends the threads that wait for them."""
        with self._lock:
            self._over.set()
            pod = self._pod
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        if pod is not None:
            pod.abort()

    def _copy(self, name: str, pod: Connection) -> None:
        upward = threading.Thread(target=self._send, args=(pod,), name="port-forward-send", daemon=True)
        try:
            upward.start()
        except RuntimeError as error:
            self._lacks_threads(error)
            return
        try:
            self._receive(name, pod)
        finally:
            self.close()
            upward.join()

    def _receive(self, name: str, pod: Connection) -> None:
        """Copy from the pod to the client."""
        answered = False
        try:
            while data := pod.recv(_CHUNK):
                self.heard = time.monotonic()
                if not answered:
                    answered = True
                    self._pods.answered(name)
                self._client.sendall(data)
        except TodoctlError as error:
            self._pods.failed(name, error)
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
        self.heard = time.monotonic()
        self._half_closed(self)
        while (left := self.heard + _HALF_CLOSED_SECONDS - time.monotonic()) > 0:
            if self._over.wait(left):
                return
        self.close()


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
        hint="name another after the part, as in `todoctl port-forward PART:PORT`",
    )


def _answers(port: int) -> bool:
    """Tell whether somebody listens already, also at ::1, where a browser looks for `localhost` first."""
    for address in (LOOPBACK, "::1"):
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=0.5):
            return True
    return False
