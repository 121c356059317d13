"""Programs in containers, over one half of a pair of sockets; tests/cluster has real ones."""

from __future__ import annotations

import itertools
import socket
import threading

import websocket

from todoctl.adapters.exec import Execution, LostError
from todoctl.deadline import Deadline


def paired() -> tuple[websocket.WebSocket, socket.socket]:
    ours, theirs = socket.socketpair()
    stream = websocket.WebSocket(enable_multithread=True)
    stream.sock, stream.connected = ours, True
    return stream, theirs


def test_a_program_that_never_reads_is_let_go_when_the_deadline_comes() -> None:
    stream, theirs = paired()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with Execution(stream, "psql", itertools.repeat(bytes(100_000)), Deadline(0.2)) as running:
                list(running)
        except LostError as error:
            raised.append(error)

    # In a thread of its own, so that a wait for ever fails this test alone.
    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    runner.join(60)
    assert not runner.is_alive()
    assert [error.what for error in raised] == ["psql did not end within 0 s"]
    theirs.close()


def test_a_program_that_was_sent_all_is_told_farewell() -> None:
    stream, theirs = paired()
    with Execution(stream, "psql", (), Deadline(60)) as running:
        running._sender.join(60)
    assert theirs.recv(100)[:1] == b"\x88"
    theirs.close()
