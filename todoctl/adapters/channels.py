"""A WebSocket to the API server whose messages each start with the number of their channel: how streams reach a pod.

https://kubernetes.io/blog/2024/08/20/websockets-transition/
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from todoctl.adapters import system

if TYPE_CHECKING:
    import websocket

    from todoctl.adapters.kubeconfig import Connection
    from todoctl.errors import ClusterError

OPEN_SECONDS = 10.0


def connect(
    connection: Connection, path: str, protocols: Sequence[str], refused: Callable[[str], ClusterError]
) -> websocket.WebSocket:
    """Open the WebSocket at `path`, in one of `protocols`; one thread may then receive while another sends.

    Raises what `refused` makes of the reason when the server refuses.
    """
    import websocket

    stream = websocket.WebSocket(sslopt=_tls_options(connection), enable_multithread=True)
    try:
        stream.connect(  # type: ignore[no-untyped-call]
            connection.server.replace("http", "ws", 1) + path,
            header=[f"Authorization: {connection.authorization}"] if connection.authorization else [],
            subprotocols=list(protocols),
            suppress_origin=True,
            timeout=OPEN_SECONDS,
            **_route(connection),
        )
    except (websocket.WebSocketException, OSError) as error:
        raise refused(_because(error)) from error
    stream.settimeout(None)
    if stream.sock is not None:
        system.keep_alive(stream.sock)  # a cluster that was switched off says no goodbye
    return stream


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
