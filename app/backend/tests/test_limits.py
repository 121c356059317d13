import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from todo_backend.limits import Limits


async def _slow(_: Request) -> JSONResponse:
    await asyncio.sleep(60)
    return JSONResponse({})


async def _size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def _client() -> TestClient:
    app = Starlette(routes=[Route("/slow", _slow), Route("/size", _size, methods=["POST"])])
    return TestClient(Limits(app, body_bytes=10, request_seconds=0.2))


def test_a_request_that_takes_too_long_is_a_503_problem() -> None:
    answer = _client().get("/slow")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The request took too long")
    assert answer.headers["Retry-After"] == "1"


def test_a_body_of_just_the_limit_passes() -> None:
    assert _client().post("/size", content=b"x" * 10).text == "10"


def test_a_body_of_one_byte_more_is_refused_and_the_connection_closed() -> None:
    answer = _client().post("/size", content=b"x" * 11)
    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")
