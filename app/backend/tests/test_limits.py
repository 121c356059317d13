import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from todo_backend.limits import Limits


async def _slow(_: Request) -> JSONResponse:
    await asyncio.sleep(60)
    return JSONResponse({})


async def _size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _in_parts(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(6):
            yield f"{number}".encode()
            await asyncio.sleep(float(request.query_params["pause"]))

    return StreamingResponse(parts(), media_type="application/json")


def _client(request_seconds: float = 30) -> TestClient:
    routes = [Route("/slow", _slow), Route("/size", _size, methods=["POST"]), Route("/parts", _in_parts)]
    app = Starlette(routes=routes)
    return TestClient(Limits(app, body_bytes=10, request_seconds=request_seconds))


def test_a_request_that_takes_too_long_is_a_503_problem() -> None:
    answer = _client(request_seconds=0.2).get("/slow")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The request took too long")
    assert answer.headers["Retry-After"] == "1"


def test_an_answer_in_parts_may_take_as_long_for_each() -> None:
    answer = _client(request_seconds=7).get("/parts?pause=1.4")
    assert answer.text == "012345"
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
    with pytest.raises(TimeoutError):
        _client(request_seconds=0.2).get("/parts?pause=10")


def test_a_body_of_just_the_limit_passes() -> None:
    assert _client().post("/size", content=b"x" * 10).text == "10"


def test_a_body_of_one_byte_more_is_refused_and_the_connection_closed() -> None:
    answer = _client().post("/size", content=b"x" * 11)
    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")
