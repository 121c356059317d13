"""The outermost layer of the app: ids, log lines and figures for requests, and an answer where the app crashed."""

import logging
import re
import secrets
import socket
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_backend import metrics
from todo_backend.logs import request_id
from todo_backend.problems import Problem

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_POD = socket.gethostname()
_PROBES = frozenset({"/health", "/ready"})
_access = logging.getLogger("todo_backend.access")


class RequestLog:
    """ASGI middleware, the outermost: gives each request its id, writes its log line, and turns a crash into a 500.

    A sane `X-Request-ID` of the caller's is kept, so that one id follows a request through proxies; else one is made.
    The answer carries it, and the name of the pod that gave it. Probes are logged at debug level, unless they fail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        token = request_id.set(given if _SANE_ID.fullmatch(given) else secrets.token_hex(16))
        try:
            await self._serve(scope, receive, send)
        finally:
            request_id.reset(token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id.get() or ""
                headers["X-Served-By"] = _POD
            await send(message)

        metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            logging.getLogger("todo_backend").exception("request failed")
            if status:
                raise  # the answer has begun: only closing the connection can tell the client
            await Problem(500).response()(scope, receive, send_with_id)
        finally:
            duration = time.perf_counter() - started
            metrics.observe(scope, status, duration)
            metrics.in_flight.dec()  # last: whoever reads that none is left finds all of them counted
            self._write(scope, status, duration)

    @staticmethod
    def _write(scope: Scope, status: int, seconds: float) -> None:
        quiet = scope["path"] in _PROBES and status < 400  # noqa: PLR2004 - the first error status
        client = scope.get("client")
        _access.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %s",
            scope["method"],
            scope["path"],
            status or "aborted",
            extra={
                "data": {
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "duration_ms": round(seconds * 1000, 1),
                    "client": client[0] if client else None,
                }
            },
        )
