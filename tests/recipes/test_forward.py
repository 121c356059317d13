"""What a port-forward waits for before its URL is printed, with pods that are servers on this machine.

tests/cluster has real pods.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.adapters.kinds import Kind
from todoctl.cli.main import main
from todoctl.deadline import Deadline
from todoctl.errors import ExitCode
from todoctl.installation import Installation

Object = dict[str, Any]

PORTS = {"todo-frontend": 3000, "todo-backend": 8000, "todo-postgres": 5432}


class Stream(socket.socket):
    """A socket as a PortConnection has it."""

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)


class Cluster:
    """A cluster with a Ready pod for each Service, all of which are one server on this machine."""

    def __init__(self, server: int, services: tuple[str, ...]) -> None:
        self._server = server
        self._services = services

    def within(self, _: Deadline) -> Cluster:
        return self

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        assert (kind, namespace) == (kinds.SERVICE, "todo-app")
        spec = {"selector": {"app": name}, "ports": [{"port": PORTS[name]}]}
        return {"metadata": {"name": name}, "spec": spec} if name in self._services else None

    def list(self, kind: Kind, namespace: str | None = None, *, labels: str | None = None) -> tuple[list[Object], str]:
        assert (kind, namespace) == (kinds.POD, "todo-app")
        metadata = {"name": f"{labels}-1", "creationTimestamp": "2026-01-01T00:00:00Z"}
        status = {"conditions": [{"type": "Ready", "status": "True"}]}
        return [{"metadata": metadata, "spec": {"containers": []}, "status": status}], "1"

    def open_port(self, _namespace: str, _pod: str, _port: int) -> Stream:
        stream = Stream()
        stream.connect(("127.0.0.1", self._server))
        return stream


@contextlib.contextmanager
def serving(answer: bytes | None) -> Iterator[int]:
    """A server that gives each request this answer, and where it is None takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        silent = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    if answer is None:
                        silent.append(client)
                        continue
                    with client, contextlib.suppress(OSError):
                        client.recv(65536)
                        client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        for client in silent:
            client.close()


@pytest.fixture
def forward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Forward to a part whose pod gives this answer, until its URL was printed."""
    monkeypatch.setattr("todoctl.access.forward.PortForward.wait", lambda _: None)

    def run(part: str, answer: bytes | None, *words: str, services: tuple[str, ...] = tuple(PORTS)):
        if answer is not None:  # a machine that is busy gives it late
            monkeypatch.setattr("todoctl.access.probe._LAST_TRY_SECONDS", 60.0)
        with serving(answer) as port:
            monkeypatch.setattr(Installation, "connect", lambda _: Cluster(port, services))
            code = main(["port-forward", f"{part}:0", "--timeout", "1", *words])
        return code, *capsys.readouterr()

    return run


def http(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("part", "answer", "scheme"),
    [
        ("frontend", http("200 OK"), "http"),
        ("backend", http("200 OK"), "http"),
        ("postgres", b"N", "postgresql"),
        ("postgres", b"S", "postgresql"),
    ],
)
def test_the_url_of_a_part_that_answers_is_printed(forward, part: str, answer: bytes, scheme: str) -> None:
    code, out, err = forward(part, answer, "--timeout", "60")
    assert code == ExitCode.OK, err
    assert out.startswith(f"{scheme}://localhost:")


@pytest.mark.parametrize(
    ("part", "answer", "because"),
    [
        ("frontend", http("500 Internal Server Error"), "500 Internal Server Error"),
        ("frontend", http("404 Not Found"), "404 Not Found"),
        ("frontend", None, "timed out"),
        ("frontend", b"", "ended the connection without an answer"),
        ("backend", http("503 Service Unavailable"), "503 Service Unavailable"),
        ("backend", None, "timed out"),
        ("postgres", None, "timed out"),
        ("postgres", b"", "ended the connection without an answer"),
        ("postgres", http("200 OK"), "something else than Postgres answered"),
    ],
)
def test_a_ready_pod_that_does_not_answer_as_the_part_does_has_no_url_and_ends_it(
    forward, part: str, answer: bytes | None, because: str
) -> None:
    code, out, err = forward(part, answer)
    assert (code, out) == (ExitCode.ACCESS, "")
    assert f"error: {'the ' * (part != 'postgres')}{part} does not answer at " in err
    assert because in err
    assert "kubectl --context minikube --namespace todo-app logs " in err
    assert "ingress" not in err


def test_a_program_gets_no_url_either(forward) -> None:
    code, out, _ = forward("backend", http("500 Internal Server Error"), "-o", "json")
    assert (code, json.loads(out)["data"]) == (ExitCode.ACCESS, {})


def test_a_postgres_of_an_app_with_an_external_database_is_told_to_be_elsewhere(forward) -> None:
    code, out, err = forward("postgres", b"N", services=("todo-backend", "todo-frontend"))
    assert (code, out) == (ExitCode.ACCESS, "")
    assert (
        "error: there is no Postgres in namespace `todo-app`\n  because: the app that is installed there has an" in err
    )
    assert "external database" in err


@pytest.mark.parametrize("part", ["postgres", "frontend"])
def test_a_part_of_an_app_that_is_not_installed_is_told_so(forward, part: str) -> None:
    code, out, err = forward(part, b"N", services=())
    assert (code, out) == (ExitCode.ACCESS, "")
    assert "because: the app is not installed there\n" in err
