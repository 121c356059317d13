"""Bounds on what one request may send and how long it may take."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_backend.problems import Problem, unavailable

MAX_BODY_BYTES: Final = 64 * 1024
"""Four times the longest task there can be, with every character escaped."""
MAX_REQUEST_SECONDS: Final = 30.0
"""Until an answer begins, and until it ends unless it is a stream of events."""
MAX_STREAM_SECONDS: Final = 60.0
"""The grace period of the pod is longer than this, so that SIGTERM lets every answer end."""


class Limits:
    """ASGI middleware that refuses a body that is too large (413) and ends a request that takes too long (503)."""

    def __init__(
        self, app: ASGIApp, *, body_bytes: int = MAX_BODY_BYTES, request_seconds: float = MAX_REQUEST_SECONDS
    ) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._request_seconds = request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._body_bytes:
            await self._too_large().response()(scope, receive, send)
            return
        answering = False

        async def watched_send(message: Message) -> None:
            nonlocal answering
            answering = True
            if message["type"] == "http.response.start":
                kind = Headers(raw=message["headers"]).get("content-type", "")
                if kind.startswith("text/event-stream"):
                    timeout.reschedule(asyncio.get_running_loop().time() + MAX_STREAM_SECONDS)
            await send(message)

        try:
            async with asyncio.timeout(self._request_seconds) as timeout:
                await self._app(scope, self._counted(receive), watched_send)
        except TimeoutError:
            if answering or not timeout.expired():
                raise
            await unavailable("The request took too long").response()(scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._body_bytes:
                raise self._too_large()
            return message

        return counted_receive

    def _too_large(self) -> Problem:
        # What the client still sends is not worth reading.
        return Problem(413, f"A body has at most {self._body_bytes} bytes", headers={"Connection": "close"})
