"""Forwarding to pods that are servers on this machine; tests/cluster has the real ones."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from todoctl.access import pods
from todoctl.access.forward import PortForward
from todoctl.adapters import kinds
from todoctl.adapters.kinds import Kind
from todoctl.deadline import Deadline
from todoctl.errors import AccessError, ClusterError

Object = dict[str, Any]


class Stream(socket.socket):
    """A socket as a PortConnection has it."""

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)


def pod(name: str, created: str) -> Object:
    metadata = {"name": name, "creationTimestamp": created}
    conditions = [{"type": "Ready", "status": "True"}]
    return {"metadata": metadata, "spec": {"containers": []}, "status": {"conditions": conditions}}


SERVICE = {
    "metadata": {"name": "todo-frontend"},
    "spec": {"selector": {"app": "todo", "tier": "web"}, "ports": [{"port": 3000}]},
}


@dataclass
class Pods:
    """A cluster with one Service and pods that are servers on this machine."""

    addresses: dict[str, int] = field(default_factory=dict)
    absent: bool = False
    opened: list[Stream] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        assert (kind, name, namespace) == (kinds.SERVICE, "todo-frontend", "t")
        return None if self.absent else SERVICE

    def within(self, _deadline: Deadline) -> Pods:
        return self

    def list(self, kind: Kind, namespace: str | None = None, *, labels: str | None = None) -> tuple[list[Object], str]:
        assert (kind, namespace) == (kinds.POD, "t")
        self.asked.append(labels)
        return [pod(name, f"2026-01-0{number}") for number, name in enumerate(self.addresses, 1)], "1"

    def open_port(self, namespace: str, pod: str, port: int) -> Stream:
        assert (namespace, port) == ("t", 3000)
        if pod not in self.addresses:
            raise ClusterError("cluster.port", f"cannot connect to pod `{pod}`", because="not found")
        stream = Stream()
        stream.connect(("127.0.0.1", self.addresses[pod]))
        self.opened.append(stream)
        return stream


@contextlib.contextmanager
def echo(mark: bytes = b"") -> Iterator[int]:
    """A server that sends `mark`, then all that it gets, back."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:

        def serve(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                client.sendall(mark)
                while data := client.recv(65536):
                    client.sendall(data)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.fixture
def forward(heard):
    with contextlib.ExitStack() as stack:

        def start(cluster: Pods, port: int = 0) -> PortForward:
            return stack.enter_context(
                PortForward(lambda: cluster, "t", "todo-frontend", 3000, local_port=port, reporter=heard)
            )

        yield start


def connected(forwarded: PortForward) -> socket.socket:
    return socket.create_connection(("127.0.0.1", forwarded.port), timeout=60)


def read(client: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size and (data := client.recv(size - len(got))):
        got += data
    return got


def settled(condition) -> bool:
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def link_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("port-forward")]


def test_bytes_pass_both_ways_unchanged(forward) -> None:
    content = bytes(range(256)) * 8000
    with echo() as port, connected(forward(Pods({"a": port}))) as client:
        threading.Thread(target=client.sendall, args=(content,), daemon=True).start()
        assert read(client, len(content)) == content


def test_many_connections_at_once_stay_apart(forward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pods, "FRESH_SECONDS", 600)
    with echo() as port:
        cluster = Pods({"a": port})
        forwarded = forward(cluster)

        def talk(number: int) -> bool:
            said = f"{number:05}".encode() * 2000
            with connected(forwarded) as client:
                client.sendall(said)
                return read(client, len(said)) == said

        with ThreadPoolExecutor(50) as pool:
            assert all(pool.map(talk, range(100)))
        assert len(cluster.opened) == 100
        assert cluster.asked == ["app=todo,tier=web"]


def test_a_client_that_leaves_takes_its_connection_to_the_pod_along(forward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todoctl.access.forward._HALF_CLOSED_SECONDS", 0.5)
    with echo() as port:
        cluster = Pods({"a": port})
        forwarded = forward(cluster)
        for _ in range(20):
            with connected(forwarded) as client:
                client.sendall(b"x")
                assert read(client, 1) == b"x"
        assert settled(lambda: link_threads() == ["port-forward"])
        assert [stream.fileno() for stream in cluster.opened] == [-1] * 20


@dataclass
class Clock:
    """A clock that stands still, and counts how often it was looked at."""

    now: float = 0.0
    looks: int = 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.now


def test_a_pod_is_read_on_while_it_answers_a_client_that_has_sent_all(forward, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("todoctl.access.forward.time", clock)
    monkeypatch.setattr("todoctl.access.forward._HALF_CLOSED_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cluster = Pods({"a": listener.getsockname()[1]})
        with connected(forward(cluster)) as client:
            client.shutdown(socket.SHUT_WR)
            server, _ = listener.accept()
            with server:
                for _ in range(10):  # for longer than it may be silent
                    clock.now += 0.04
                    server.sendall(b"x")
                    assert read(client, 1) == b"x"
                    seen = clock.looks
                    assert settled(lambda seen=seen: clock.looks > seen), "it was not looked at whether it is silent"


def test_of_too_many_connections_whose_clients_have_ended_the_one_that_is_silent_longest_is_ended(
    forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("todoctl.access.forward.time", clock)
    monkeypatch.setattr("todoctl.access.forward._HALF_CLOSED_AT_MOST", 3)
    with contextlib.ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as listener:
        forwarded = forward(Pods({"a": listener.getsockname()[1]}))
        ends: list[tuple[socket.socket, socket.socket]] = []

        def end_one() -> None:
            clock.now += 1
            client = stack.enter_context(connected(forwarded))
            ends.append((client, stack.enter_context(listener.accept()[0])))
            client.shutdown(socket.SHUT_WR)

        def is_led(client: socket.socket, server: socket.socket) -> bool:
            server.sendall(b"x")
            return read(client, 1) == b"x"

        for number in range(3):
            end_one()
            assert settled(lambda number=number: len(forwarded._half_closed) == number + 1)
        clock.now += 1
        assert is_led(*ends[0]), "the oldest one, which is no longer silent"
        end_one()
        assert ends[1][0].recv(1) == b""
        assert all(is_led(*ends[number]) for number in (0, 2, 3))


@pytest.mark.parametrize("direction", ["port-forward-link", "port-forward-send"])
def test_where_no_thread_can_be_started_a_client_is_hung_up_on_and_the_next_ones_are_served(
    forward, heard, monkeypatch: pytest.MonkeyPatch, direction: str
) -> None:
    refused: list[str] = []
    start = threading.Thread.start

    def starting(thread: threading.Thread) -> None:
        if thread.name == direction and len(refused) < 3:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    with echo() as port:
        forwarded = forward(Pods({"a": port}))
        monkeypatch.setattr(threading.Thread, "start", starting)
        for _ in range(3):
            with connected(forwarded) as client:
                assert client.recv(1) == b""
        with connected(forwarded) as client:
            client.sendall(b"x")
            assert read(client, 1) == b"x"
    assert heard.warnings == ["a connection was not led to a pod: can't start new thread"]
    assert len(heard.debugged) == 2


def test_a_client_that_closed_its_half_still_gets_the_answer(forward) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cluster = Pods({"a": listener.getsockname()[1]})
        with connected(forward(cluster)) as client:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            server, _ = listener.accept()
            with server:
                assert read(server, 8) == b"question"
                time.sleep(0.2)
                server.sendall(b"answer")
            assert read(client, 100) == b"answer"


def test_a_pod_that_hangs_up_ends_the_clients_connection(forward) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with connected(forward(Pods({"a": listener.getsockname()[1]}))) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
        assert settled(lambda: link_threads() == ["port-forward"])


def test_another_pod_is_chosen_when_the_chosen_one_has_gone(forward, heard) -> None:
    with echo(b"a") as first, echo(b"b") as second:
        cluster = Pods({"a": first})
        forwarded = forward(cluster)
        with connected(forwarded) as client:
            assert read(client, 1) == b"a"
        cluster.addresses = {"b": second}
        with connected(forwarded) as client:
            assert read(client, 1) == b"b"
    # The first one was still believed to be there, or not, by how long ago it was looked at.
    assert heard.warnings in ([], ["cannot connect to pod `a`: not found"])


def test_a_pod_that_is_going_is_left_before_it_refuses(forward, heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pods, "FRESH_SECONDS", 0)

    class Leaving(Pods):
        def list(self, *arguments: Any, **options: Any) -> tuple[list[Object], str]:
            found, version = super().list(*arguments, **options)
            if len(found) > 1:
                found[0]["metadata"]["deletionTimestamp"] = "2026-01-05"
            return found, version

    with echo(b"a") as first, echo(b"b") as second:
        cluster = Leaving({"a": first})
        forwarded = forward(cluster)
        with connected(forwarded) as client:
            assert read(client, 1) == b"a"
        cluster.addresses["b"] = second
        with connected(forwarded) as client:
            assert read(client, 1) == b"b"
    assert heard.warnings == []


def test_a_pod_that_stays_ready_is_kept_when_a_newer_one_comes(forward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pods, "FRESH_SECONDS", 0)
    with echo(b"a") as first, echo(b"b") as second:
        cluster = Pods({"a": first})
        forwarded = forward(cluster)
        for _ in range(2):
            with connected(forwarded) as client:
                assert read(client, 1) == b"a"
            cluster.addresses["b"] = second


def test_connections_that_break_together_are_one_failure(forward, heard, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    failed = pods.Backoff.failed
    monkeypatch.setattr(pods.Backoff, "failed", lambda self: pauses.append(failed(self)) or pauses[-1])
    monkeypatch.setattr(pods, "FRESH_SECONDS", 600)
    broken = threading.Event()

    class Breaking(Pods):
        def open_port(self, namespace: str, pod: str, port: int) -> Stream:
            stream = super().open_port(namespace, pod, port)

            def recv(_limit: int) -> bytes:
                broken.wait(60)
                raise ClusterError("cluster.port", "lost the connection", because="its container ended")

            if pod == "a":
                stream.recv = recv  # type: ignore[assignment,method-assign]
            return stream

    with echo() as first, echo(b"b") as second:
        cluster = Breaking({"a": first})
        forwarded = forward(cluster)
        clients = [connected(forwarded) for _ in range(20)]
        assert settled(lambda: len(cluster.opened) == 20)
        cluster.addresses["b"] = second
        broken.set()
        for client in clients:
            assert client.recv(1) == b""
            client.close()
        with connected(forwarded) as client:
            assert read(client, 1) == b"b"
    assert pauses == [0.05]
    assert heard.warnings == ["lost the connection: its container ended"]


def test_connections_wait_for_a_pod_and_all_get_it(forward, heard) -> None:
    cluster = Pods()
    forwarded = forward(cluster)
    clients = [connected(forwarded) for _ in range(20)]
    assert settled(lambda: heard.warnings)
    with echo(b"a") as port:
        cluster.addresses["a"] = port
        for client in clients:
            assert read(client, 1) == b"a"
            client.close()
    assert heard.warnings == ["no pod of Service `todo-frontend` is Ready: 0 of its pods are there"]
    assert heard.notes == ["Service `todo-frontend` answers again, through pod `a`"]


def test_a_cluster_that_came_back_elsewhere_is_found(heard) -> None:
    class Away(Pods):
        def get(self, *_: Any) -> Object | None:
            raise ClusterError("cluster.unreachable", "cannot read Service", because="connection refused")

    with echo(b"a") as port:
        clusters = iter([Away(), Away(), Pods({"a": port})])
        with (
            PortForward(lambda: next(clusters), "t", "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded,
            connected(forwarded) as client,
        ):
            assert read(client, 1) == b"a"
    assert heard.warnings == ["cannot read Service: connection refused"]


def test_a_pod_that_refuses_in_its_first_answer_is_not_chosen_again(forward, heard) -> None:
    class Refusing(Pods):
        def open_port(self, namespace: str, pod: str, port: int) -> Stream:
            stream = super().open_port(namespace, pod, port)
            if pod == "a":
                message = f"lost the connection to port {port} of pod `{pod}`"
                error = ClusterError("cluster.port", message, because="connection refused")
                stream.recv = lambda *_: (_ for _ in ()).throw(error)  # type: ignore[method-assign]
            return stream

    with echo() as first, echo(b"b") as second:
        cluster = Refusing({"a": first})
        forwarded = forward(cluster)
        with connected(forwarded) as client:
            assert client.recv(1) == b""
        assert settled(lambda: heard.warnings)
        assert heard.warnings == ["lost the connection to port 3000 of pod `a`: connection refused"]
        cluster.addresses["b"] = second
        with connected(forwarded) as client:
            assert read(client, 1) == b"b"


@pytest.mark.parametrize(
    ("cluster", "warning"),
    [
        (Pods(absent=True), "there is no Service `todo-frontend` in namespace `t`: the app is not installed there"),
        (Pods(), "no pod of Service `todo-frontend` is Ready: 0 of its pods are there"),
    ],
)
def test_a_connection_that_leads_nowhere_is_closed_and_explained(
    forward, heard, monkeypatch: pytest.MonkeyPatch, cluster: Pods, warning: str
) -> None:
    monkeypatch.setattr(pods, "PATIENCE_SECONDS", 0.5)
    with connected(forward(cluster)) as client:
        assert client.recv(1) == b""
    assert settled(lambda: heard.warnings)
    assert heard.warnings == [warning]


def test_closing_ends_open_connections_threads_and_the_listener(heard) -> None:
    with echo() as port:
        cluster = Pods({"a": port})
        with PortForward(lambda: cluster, "t", "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded:
            clients = [connected(forwarded) for _ in range(10)]
            for client in clients:
                client.sendall(b"x")
                assert read(client, 1) == b"x"
            local = forwarded.port
        assert settled(lambda: link_threads() == [])
        assert [stream.fileno() for stream in cluster.opened] == [-1] * 10
        for client in clients:
            assert client.recv(1) == b""
            client.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", local), timeout=1)
        with PortForward(lambda: cluster, "t", "todo-frontend", 3000, local_port=local, reporter=heard) as again:
            assert again.port == local


def test_waiting_ends_when_it_is_closed(forward) -> None:
    forwarded = forward(Pods())
    waiting = threading.Thread(target=forwarded.wait, daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    forwarded.close()
    waiting.join(60)
    assert not waiting.is_alive()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1"])  # noqa: S104 - who has the port is the point
def test_a_port_that_somebody_has_is_named_and_the_next_one_used(forward, heard, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as taken:
        port = taken.getsockname()[1]
        forwarded = forward(Pods(), port)
        assert port < forwarded.port < port + 50
        assert heard.warnings[0] == f"port {port} is taken, trying the next one"


def test_it_listens_on_the_loopback_address_alone(forward) -> None:
    assert forward(Pods())._listener.getsockname()[0] == "127.0.0.1"


def test_no_free_port_is_an_error(heard) -> None:
    with socket.create_server(("127.0.0.1", 65535)), pytest.raises(AccessError) as caught:
        PortForward(Pods, "t", "todo-frontend", 3000, local_port=65535, reporter=heard)
    assert caught.value.id == "forward.no-local-port"
