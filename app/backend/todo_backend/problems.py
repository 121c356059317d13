"""Errors as problem documents (RFC 9457): every answer of 400 and above is `application/problem+json`."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from todo_backend.database import NoneFree

MEDIA_TYPE = "application/problem+json"

SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "A problem document (RFC 9457)",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "With 422: each part of the input that does not fit",
            "items": {
                "type": "object",
                "required": ["in", "detail"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie"]},
                    "pointer": {"type": "string", "description": "In a body: where (RFC 6901)"},
                    "parameter": {"type": "string", "description": "Elsewhere: the parameter's name"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
"""What a problem document looks like, as JSON Schema; OpenAPI refers to it as `Problem`."""

_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110's names, newer than Python's
_log = logging.getLogger("todo_backend.database")


class Problem(HTTPException):
    """An error that ends a request: an HTTP status, a sentence for a person, headers where the status wants them."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(status, detail or title(status), headers)
        self.errors = errors

    def response(self) -> Response:
        """Return the problem document as an answer."""
        document: dict[str, Any] = {"type": "about:blank", "title": title(self.status_code), "status": self.status_code}
        if self.detail != document["title"]:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = self.errors
        # ASCII: a lone surrogate in a client's JSON may come back in a pointer, and has no UTF-8 form.
        return Response(json.dumps(document).encode(), self.status_code, self.headers, MEDIA_TYPE)


def title(status: int) -> str:
    """Return the standard phrase of an HTTP status."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def unauthorized(reason: str) -> Problem:
    """Return a 401 with the challenge that RFC 6750 asks for."""
    return Problem(401, reason, headers={"WWW-Authenticate": 'Bearer realm="todo-backend", error="invalid_token"'})


def unavailable(reason: str) -> Problem:
    """Return a 503 that asks the client to come back in a second."""
    return Problem(503, reason, headers={"Retry-After": "1"})


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problem documents of these statuses for OpenAPI (FastAPI's `responses`)."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": title(status), "content": content} for status in statuses}


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    if isinstance(error, Problem):
        return error.response()
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # What the framework says of a body that is no UTF-8, where for one that is no JSON it says 422.
        problem = {"in": "body", "pointer": "", "detail": "The body is no JSON"}
        return Problem(422, "The input does not fit", errors=[problem]).response()
    headers = {"Allow": _allowed(request)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
    return Problem(error.status_code, error.detail, headers=headers).response()


def _allowed(request: Request) -> str:
    # The framework names the methods of the first route alone, where RFC 9110 wants all of the path's.
    def serves(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(serves, ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")))


async def _on_invalid_input(_: Request, error: RequestValidationError) -> Response:
    return Problem(422, "The input does not fit", errors=[_location(e) for e in error.errors()]).response()


def _location(error: Mapping[str, Any]) -> dict[str, str]:
    """Say where an error is and what it is, without the input itself."""
    where, *path = error["loc"]
    if error["type"] == "json_invalid":
        return {"in": "body", "pointer": "", "detail": "The body is no JSON"}
    if where == "body":
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        return {"in": "body", "pointer": pointer, "detail": error["msg"]}
    return {"in": where, "parameter": str(path[0]) if path else "", "detail": error["msg"]}


async def _on_database_trouble(_: Request, error: Exception) -> Response:
    # A connection or a statement that failed, or a pool with none free in time: all pass by themselves.
    _log.warning("database unavailable: %s: %s", type(error).__name__, str(error).strip())
    return unavailable("The database cannot serve this now").response()


def install(app: FastAPI) -> None:
    """Make every error of the app, its framework's own too, a problem document."""
    handlers: Mapping[type[Exception], Callable[..., Awaitable[Response]]] = {
        HTTPException: _on_http_exception,
        RequestValidationError: _on_invalid_input,
        OperationalError: _on_database_trouble,
        InterfaceError: _on_database_trouble,
        NoneFree: _on_database_trouble,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
