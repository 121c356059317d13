"""One connection to a port of a pod: a WebSocket to the API server, in the protocol `v4.channel.k8s.io`.

Each message starts with its channel: 0 carries data both ways, 1 what went wrong. The first message of each channel
only repeats the port. One WebSocket carries one connection; who wants more opens more.
"""

from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from todoctl.adapters import system
from todoctl.errors import ClusterError

if TYPE_CHECKING:
    import websocket

    from todoctl.adapters.kubeconfig import Connection

OPEN_SECONDS = 10.0
_DATA, _ERROR = 0, 1


class PortConnection:
    """A connected stream with the methods of a socket that a copying loop needs.

    One thread may receive while another sends; `close` is safe from any and ends a waiting `recv`. The protocol cannot
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
        import websocket

        stream = websocket.WebSocket(sslopt=_tls_options(connection), enable_multithread=True)
        try:
            stream.connect(  # type: ignore[no-untyped-call]
                connection.server.replace("http", "ws", 1) + path,
                header=[f"Authorization: {connection.authorization}"] if connection.authorization else [],
                subprotocols=["v4.channel.k8s.io"],
                suppress_origin=True,
                timeout=OPEN_SECONDS,
                **_route(connection),
            )
        except (websocket.WebSocketException, OSError) as error:
            raise ClusterError(
                "cluster.port",
                f"cannot connect to {what}",
                because=_because(error),
                hint="see whether the pod runs with `todoctl status`",
            ) from error
        stream.settimeout(None)
        if stream.sock is not None:
            system.keep_alive(stream.sock)  # a cluster that was switched off says no goodbye
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
                self.close()
                raise ClusterError(
                    "cluster.port",
                    f"lost the connection to {self._what}",
                    because=" ".join(content.decode("utf-8", "replace").split()),
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

    def close(self) -> None:
        """End the connection; again and again does no harm."""
        with contextlib.suppress(Exception):
            self._stream.send_close()
        with contextlib.suppress(Exception):
            self._stream.abort()  # type: ignore[no-untyped-call]


def _route(connection: Connection) -> dict[str, object]:
    """Return the options that send a WebSocket through the kubeconfig's proxy, or through none.

    The library falls back to the environment's proxies unless it is given a proxy or a connected socket.
    """
    if connection.proxy_url:
        proxy = urlsplit(connection.proxy_url)
        return {
            "http_proxy_host": proxy.hostname,
            "http_proxy_port": proxy.port or (443 if proxy.scheme == "https" else 80),
            "http_proxy_auth": (proxy.username, proxy.password) if proxy.username else None,
            "http_no_proxy": ["."],  # fits no host: a list of our own keeps NO_PROXY out
        }
    server = urlsplit(connection.server)
    host = server.hostname or ""
    plain = socket.create_connection((host, server.port or (443 if connection.tls else 80)), timeout=OPEN_SECONDS)
    if connection.tls is None:
        return {"socket": plain}
    try:
        return {"socket": connection.tls.wrap_socket(plain, server_hostname=connection.tls_server_name or host)}
    except OSError:
        plain.close()
        raise


def _tls_options(connection: Connection) -> dict[str, object]:
    options: dict[str, object] = {"context": connection.tls} if connection.tls else {}
    if connection.tls_server_name:
        options["server_hostname"] = connection.tls_server_name
    return options


def _because(error: Exception) -> str:
    """Return the message of the Status with which the server refused, or else what the error says."""
    try:
        return str(json.loads(getattr(error, "resp_body", b""))["message"])
    except (ValueError, KeyError, TypeError):
        return str(error)
