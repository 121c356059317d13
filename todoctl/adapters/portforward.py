"""One connection to a port of a pod: a WebSocket to the API server, in the protocol `v4.channel.k8s.io`.

Each message starts with its channel: 0 carries data both ways, 1 what went wrong. The first message of each channel
only repeats the port. One WebSocket carries one connection; who wants more opens more.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from todoctl.adapters import channels
from todoctl.errors import ClusterError

if TYPE_CHECKING:
    import websocket

    from todoctl.adapters.kubeconfig import Connection

_DATA, _ERROR = 0, 1


class PortConnection:
    """A connected stream with the methods of a socket that a copying loop needs.

    One thread may receive while another sends; `abort` is safe from any and ends a waiting `recv`. The protocol cannot
    close one direction alone: there is no `shutdown`, so a client that has stopped sending may still be answered.
    """

    def __init__(self, stream: websocket.WebSocket, what: str) -> None:
        self._stream = stream
        self._what = what
        self._opened: set[int] = set()
        self._received = b""

    @classmethod
    def open(cls, connection: Connection, path: str, what: str) -> PortConnection:
        """Open the stream; `what` names the port in errors. Raises ClusterError when the server refuses.

        That the pod accepts the connection shows only in the first `recv`.
        """
        stream = channels.connect(
            connection,
            path,
            ["v4.channel.k8s.io"],
            lambda because: ClusterError(
                "cluster.port",
                f"cannot connect to {what}",
                because=because,
                hint="see whether the pod runs with `todoctl status`",
            ),
        )
        return cls(stream, what)

    def recv(self, limit: int = 65536) -> bytes:
        """Return up to `limit` bytes as soon as there are some, b"" at the end.

        Raises ClusterError when the pod refused or broke the connection.
        """
        import websocket

        while not self._received:
            try:
                message = self._stream.recv()
            except (websocket.WebSocketException, OSError, ValueError, AttributeError):
                return b""  # closed, by either side
            if isinstance(message, str) or not message:
                return b""
            channel, content = message[0], message[1:]
            if channel not in self._opened:
                self._opened.add(channel)
            elif channel == _ERROR:
                self.abort()
                raise ClusterError(
                    "cluster.port",
                    f"lost the connection to {self._what}",
                    because=" ".join(content.decode("utf-8", "replace").split()),
                    hint="see whether the pod runs with `todoctl status`, then connect again",
                )
            else:
                self._received = content
        taken, self._received = self._received[:limit], self._received[limit:]
        return taken

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError when the connection is gone."""
        import websocket

        try:
            self._stream.send_binary(bytes([_DATA]) + data)
        except (websocket.WebSocketException, AttributeError) as error:
            raise OSError("the port-forward connection is closed") from error

    def abort(self) -> None:
        """End the connection; again and again does no harm.

        No farewell is sent: that would wait for a thread that is sending to a pod that does not read.
        """
        with contextlib.suppress(Exception):
            self._stream.abort()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Give the socket back, once no other thread uses the connection."""
        with contextlib.suppress(Exception):
            self._stream.shutdown()  # type: ignore[no-untyped-call]
