"""A server that speaks the chat completions protocol, with streaming and tool calls, and says what a test scripts."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Json = dict[str, Any]
KEY = "sk-the-key-of-the-tests"


@dataclass(frozen=True)
class Say:
    """The model's turn: words, tool calls as (name, arguments), and how long it hesitates between the words.

    `fails` makes it break off after them, with an error of this code in the stream, or with "cut" by closing it.
    """

    text: str = ""
    calls: tuple[tuple[str, Json | str], ...] = ()
    tokens: int | None = 100
    hesitates: float = 0
    fails: str = ""


@dataclass(frozen=True)
class Refuse:
    """The server's answer instead of the model's."""

    status: int
    code: str = "nothing"


@dataclass(frozen=True)
class Silence:
    """No answer, not even its beginning, until who asks gives up."""


Turn = Say | Refuse | Silence | Callable[[list[Json]], Say]
"""A function is given the messages, and acts upon them."""


@dataclass
class Script:
    """What the server will say, and what it was asked; once a test has set `go_on`, nothing hesitates any more."""

    turns: list[Turn] = field(default_factory=list)
    asked: list[Json] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    broken_off: int = 0
    url: str = ""

    async def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "invalid_api_key")
        asked = await request.json()
        self.asked.append(asked)
        turn = self.turns.pop(0)
        if callable(turn):
            turn = turn(asked["messages"])
        if isinstance(turn, Refuse):
            return _error(turn.status, turn.code)
        if isinstance(turn, Silence):
            await request.receive()  # after the body comes only that who asked has left
            self.broken_off += 1
            return Response()
        return StreamingResponse(self._stream(turn), media_type="text/event-stream")

    async def _stream(self, say: Say) -> AsyncIterator[str]:
        try:
            yield _chunk({"role": "assistant", "content": ""})
            for word in say.text.split(" ") if say.text else ():
                yield _chunk({"content": f"{word} "})
                await self._hesitate(say.hesitates)
            if say.fails == "cut":
                raise ConnectionError
            if say.fails:
                yield f"data: {json.dumps({'error': _problem(say.fails)})}\n\n"
                return
            for index, (name, arguments) in enumerate(say.calls):
                given = arguments if isinstance(arguments, str) else json.dumps(arguments)
                head = {"index": index, "id": f"call-{index}", "type": "function"}
                yield _chunk({"tool_calls": [{**head, "function": {"name": name, "arguments": ""}}]})
                for part in (given[:5], given[5:]):  # as the real one does, the arguments come in parts
                    yield _chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
            yield _chunk({}, "tool_calls" if say.calls else "stop")
            if say.tokens is not None:
                usage = {"prompt_tokens": say.tokens - 10, "completion_tokens": 10, "total_tokens": say.tokens}
                yield f"data: {json.dumps({**_ENVELOPE, 'choices': [], 'usage': usage})}\n\n"
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.broken_off += 1
            raise

    async def _hesitate(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.go_on.is_set() and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(min(left, 0.05))


_ENVELOPE: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_764_000_000, "model": "scripted"}


def _chunk(delta: Json, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({**_ENVELOPE, 'choices': [choice]})}\n\n"


def _problem(code: str) -> Json:
    return {"message": f"Incorrect API key provided: {KEY}", "type": code, "param": None, "code": code}


def _error(status: int, code: str) -> Response:
    return JSONResponse({"error": _problem(code)}, status, {"retry-after-ms": "1"})


@contextmanager
def running_model() -> Iterator[Script]:
    """Run the server in a thread of this process; yield its script."""
    script = Script()
    app = Starlette(routes=[Route("/v1/chat/completions", script.answer, methods=["POST"])])
    with serving(app) as url:
        script.url = f"{url}/v1"
        yield script
