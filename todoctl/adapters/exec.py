"""A program that runs in a container: its streams over a WebSocket to the API server, in `v5.channel.k8s.io` or `v4`.

Each message starts with its channel: 0 is stdin, 1 stdout, 2 stderr, 3 how the program ended. Version 4 cannot say
that stdin has ended, and a proxy may speak no newer one. So what goes to stdin has a length that is told before, and
the program reads it through `head -c`: that ends at the same byte in either version.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from todoctl.adapters import channels
from todoctl.deadline import SLICE_SECONDS
from todoctl.errors import ClusterError

if TYPE_CHECKING:
    import websocket

    from todoctl.adapters.kubeconfig import Connection
    from todoctl.deadline import Deadline

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")

_STDIN, _STDOUT, _STDERR, _STATUS = range(4)
_CHUNK = 32 * 1024
_WAITING_MESSAGES = 32  # what is received before it is asked for: the memory that a long output takes
_STDERR_BYTES = 16 * 1024
# What a program leaves unread must be taken all the same: with stdin full, containerd does not tell how it ended.
_READ_EXACTLY = 'head -c "$0" | { "$@"; status=$?; cat > /dev/null; exit $status; }'


class ExecError(ClusterError):
    """A program in a container ended badly; `status` is its exit status, and `stderr` the end of what it said."""

    def __init__(self, what: str, status: int, stderr: str) -> None:
        super().__init__(
            "cluster.exec",
            f"{what} failed",
            because=(stderr.strip().splitlines() or [f"it exited {status}"])[-1],
            details=tuple(stderr.strip().splitlines()[-10:-1]),
        )
        self.status = status
        self.stderr = stderr


class LostError(ClusterError):
    """The connection to a program in a container ended before the program did."""


def start_query(container: str, argv: Sequence[str], stdin_length: int) -> str:
    """Return the query that starts a program; it is in the server's log, so nothing secret may be in `argv`."""
    command = ["sh", "-c", _READ_EXACTLY, str(stdin_length), *argv] if stdin_length else argv
    return urlencode(
        [
            ("container", container),
            ("stdin", "true" if stdin_length else "false"),
            ("stdout", "true"),
            ("stderr", "true"),
            *(("command", word) for word in command),
        ]
    )


class Execution:
    """A program that runs in a container. Iterate once over what it writes to stdout; leaving the block lets it go.

    Memory stays the same however long the streams are.
    """

    def __init__(self, stream: websocket.WebSocket, what: str, stdin: Iterable[bytes], deadline: Deadline) -> None:
        self._stream = stream
        self._what = what
        self._deadline = deadline
        self._stderr = b""
        self._closed = threading.Event()
        self._queue: queue.Queue[bytes | BaseException] = queue.Queue(_WAITING_MESSAGES)
        threading.Thread(target=self._receive, name="exec-receive", daemon=True).start()
        self._sender = threading.Thread(target=self._send, args=(stdin,), name="exec-send", daemon=True)
        self._sender.start()

    @classmethod
    def open(
        cls,
        connection: Connection,
        path: str,
        what: str,
        stdin: Iterable[bytes],
        deadline: Deadline,
    ) -> Execution:
        """Start a program; `what` names it in errors. Raises ClusterError when the server refuses."""
        stream = channels.connect(
            connection,
            path,
            PROTOCOLS,
            lambda because: ClusterError(
                "cluster.exec",
                f"{what} could not be started",
                because=because,
                hint="see whether the pod runs with `todoctl status`",
            ),
        )
        return cls(stream, what, stdin, deadline)

    def __enter__(self) -> Execution:  # noqa: PYI034 - typing has no Self before Python 3.11
        """Run already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the connection: a program that still reads stdin finds it ended.

        The farewell would wait for a thread that is sending to a program that does not read, so then there is none.
        """
        self._closed.set()
        if not self._sender.is_alive():
            with contextlib.suppress(Exception):
                self._stream.settimeout(SLICE_SECONDS)  # what was sent last may fill the connection
                self._stream.send_close()
        with contextlib.suppress(Exception):
            self._stream.abort()  # type: ignore[no-untyped-call]

    def __iter__(self) -> Iterator[bytes]:
        """Yield stdout until the program has ended well.

        Raises ExecError when it did not, LostError when the connection ended first or the deadline came, and what
        iterating over stdin raised.
        """
        status: bytes | None = None
        while True:
            message = self._next()
            channel, content = message[:1], message[1:]
            if not message:
                break
            if channel == bytes([_STDOUT]):
                if content:
                    yield content
            elif channel == bytes([_STDERR]):
                self._stderr = (self._stderr + content)[-_STDERR_BYTES:]
            elif channel == bytes([_STATUS]):
                status = content
        self._judge(status)

    def _next(self) -> bytes:
        """Return the next message, b"" at the end."""
        while True:
            with contextlib.suppress(queue.Empty):
                message = self._queue.get(timeout=min(SLICE_SECONDS, self._deadline.remaining()))
                if isinstance(message, BaseException):
                    raise message
                return message
            if self._deadline.expired():
                raise LostError(
                    "cluster.exec",
                    f"{self._what} did not end within {self._deadline.seconds:.0f} s",
                    because="it still runs, or its node is busy",
                    hint="run the command again with a longer `--timeout`",
                )

    def _judge(self, status: bytes | None) -> None:
        try:
            said = json.loads(status or b"")
        except ValueError:
            raise LostError(
                "cluster.exec",
                f"the connection to {self._what} was lost",
                because="it ended before the program did",
                hint="see with `todoctl status` whether the pod still runs, then run the command again",
            ) from None
        if said.get("status") == "Success":
            return
        causes = (said.get("details") or {}).get("causes") or ()
        code = next((int(one["message"]) for one in causes if one.get("reason") == "ExitCode"), None)
        stderr = self._stderr.decode("utf-8", "replace")
        if code is None:
            raise ExecError(self._what, -1, f"{stderr}\n{said.get('message', '')}")
        raise ExecError(self._what, code, stderr)

    def _put(self, message: bytes | BaseException) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(message, timeout=SLICE_SECONDS)
                return

    def _receive(self) -> None:
        import websocket

        while not self._closed.is_set():
            try:
                message = self._stream.recv()
            except (websocket.WebSocketException, OSError, ValueError, AttributeError):
                message = b""  # closed, by either side
            if isinstance(message, str) or not message:
                self._put(b"")
                return
            self._put(message)

    def _send(self, stdin: Iterable[bytes]) -> None:
        try:
            for part in stdin:
                for start in range(0, len(part), _CHUNK):
                    if self._closed.is_set() or not self._deliver(part[start : start + _CHUNK]):
                        return
        except BaseException as error:  # noqa: BLE001 - raised where stdout is read
            self._put(error)

    def _deliver(self, chunk: bytes) -> bool:
        import websocket

        try:
            self._stream.send_binary(bytes([_STDIN]) + chunk)
        except (websocket.WebSocketException, OSError, ValueError, AttributeError):
            return False  # the program has ended without reading all: how it ended says more
        return True
