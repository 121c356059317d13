"""`GET /metrics` in Prometheus' format, on a port of its own that neither Service nor Ingress leads to."""

import threading
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server
from starlette.types import Scope

if TYPE_CHECKING:
    from todo_backend.database import Database

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

requests = Counter("todo_requests", "Requests that were answered", ["method", "route", "status"])
seconds = Histogram(
    "todo_request_seconds", "From a request to the end of its answer", ["method", "route"], buckets=_BUCKETS
)
in_flight = Gauge("todo_requests_in_flight", "Requests that are being answered")
connections = Gauge("todo_database_connections_in_use", "Connections to Postgres that requests hold")
limit = Gauge("todo_database_connections_limit", "Connections to Postgres that requests may hold at most")


def observe(scope: Scope, status: int, duration: float) -> None:
    """Count a request; 0 is the status of one that was broken off before its answer began.

    By the route's pattern and not its path, which anyone may make up: each value is a series that is kept for good.
    """
    path = getattr(scope.get("route"), "path", "unknown")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    requests.labels(method, path, status).inc()
    seconds.labels(method, path).observe(duration)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class MetricsServer:
    """Serves the process's figures from a thread of its own."""

    def __init__(self, port: int, database: "Database") -> None:
        connections.set_function(lambda: database.in_use)
        limit.set(database.size)
        self._server: WSGIServer
        self._thread: threading.Thread
        self._server, self._thread = start_http_server(port, registry=REGISTRY)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
