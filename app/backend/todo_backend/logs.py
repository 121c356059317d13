"""Log lines as JSON, one object a line on stdout, each with the id of the request that it belongs to."""

import json
import logging
import logging.config
import re
import secrets
import time
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_backend.problems import Problem

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being served, None outside of one."""

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PROBES = frozenset({"/health", "/ready"})
_access = logging.getLogger("todo_backend.access")


class JSONFormatter(logging.Formatter):
    """Render a record as one line of JSON; what a caller passes as `extra={"data": {...}}` becomes fields of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, ASCII only, so that nothing in a message can forge a second one."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send every logger of the process, uvicorn's too, to stdout as JSON."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JSONFormatter}},
            "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
            "root": {"level": "WARNING", "handlers": ["stdout"]},
            "loggers": {
                "todo_backend": {"level": level.upper()},
                "uvicorn": {"level": "INFO", "handlers": [], "propagate": True},
                "uvicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
                # RequestLog writes the line for each request.
                "uvicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            },
        }
    )


class RequestLog:
    """ASGI middleware, the outermost: gives each request its id, writes its log line, and turns a crash into a 500.

    A sane `X-Request-ID` of the caller's is kept, so that one id follows a request through proxies; else one is made.
    The answer carries it. Probes are logged at debug level, unless they fail.
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
                MutableHeaders(scope=message)["X-Request-ID"] = request_id.get() or ""
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            logging.getLogger("todo_backend").exception("request failed")
            if status:
                raise  # the answer has begun: only closing the connection can tell the client
            await Problem(500).response()(scope, receive, send_with_id)
        finally:
            self._write(scope, status, time.perf_counter() - started)

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
