"""Bounds on what one request may send and how long it may take."""

import asyncio
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_backend.problems import Problem, unavailable

MAX_BODY_BYTES: Final = 64 * 1024
"""Four times the longest task there can be, with every character escaped."""
MAX_REQUEST_SECONDS: Final = 30.0
"""Until an answer begins, and from each of its parts to the next: how large an export is does not matter."""
MAX_STREAM_SECONDS: Final = 60.0
"""For a whole stream of events. The grace period of the pod is longer, so that SIGTERM lets every such answer end."""


class Limits:
    """ASGI middleware that refuses a body that is too large (413) and ends a request that takes too long (503).

    No answer lets a browser guess what it is, and none is kept there or on the way, as it is for one user: through the
    Ingress it passes nothing else that would say so.
    """

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
        answering = events = False

        async def watched_send(message: Message) -> None:
            nonlocal answering, events
            if not answering:
                answering = True
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                events = headers.get("content-type", "").startswith("text/event-stream")
                timeout.reschedule(now() + (MAX_STREAM_SECONDS if events else self._request_seconds))
            elif not events:
                timeout.reschedule(now() + self._request_seconds)
            await send(message)

        now = asyncio.get_running_loop().time
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
