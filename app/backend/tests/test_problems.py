import json
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from starlette.testclient import TestClient
from tokens import bearer


def _problem(answer: Response, status: int, title: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["type"], document["title"], document["status"]) == ("about:blank", title, status)
    return document


@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api/tasks/", "/docs", "/redoc", "/openapi.json", "/api/x/y"])
def test_an_unknown_path_is_a_404_problem_and_never_a_redirect(api: TestClient, path: str) -> None:
    answer = api.get(path, follow_redirects=False)
    _problem(answer, 404, "Not Found")
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/tasks", "GET, POST"),
        (f"/api/tasks/{uuid4()}", "GET, PATCH, DELETE"),
        (f"/api/tasks/{uuid4()}/toggle", "POST"),
        ("/health", "GET"),
    ],
)
def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(api: TestClient, path: str, allowed: str) -> None:
    answer = api.put(path)
    _problem(answer, 405, "Method Not Allowed")
    assert answer.headers["Allow"] == allowed


def test_input_that_does_not_fit_is_a_422_problem_without_the_input(api: TestClient, user: str) -> None:
    answer = api.post("/api/tasks", json={"title": "x", "color": "my-private-value"}, headers=bearer(user))
    document = _problem(answer, 422, "Unprocessable Content")
    assert document["errors"] == [{"in": "body", "pointer": "/color", "detail": "Extra inputs are not permitted"}]
    assert "my-private-value" not in answer.text


def test_an_id_that_is_none_is_a_422_problem(api: TestClient, user: str) -> None:
    document = _problem(api.get("/api/tasks/1", headers=bearer(user)), 422, "Unprocessable Content")
    assert [(error["in"], error["parameter"]) for error in document["errors"]] == [("path", "task_id")]


def test_no_token_is_a_401_problem_with_a_bare_challenge(api: TestClient) -> None:
    answer = api.get("/api/tasks")
    _problem(answer, 401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="todo-backend"'


@pytest.mark.parametrize("header", ["Bearer forged", "Bearer", "Bearer ", "Basic dXNlcjpwdw=="])
def test_a_token_that_is_none_is_a_401_problem_with_a_challenge(api: TestClient, header: str) -> None:
    answer = api.get("/api/tasks", headers={"Authorization": header})
    _problem(answer, 401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="todo-backend"')


def test_a_body_that_is_announced_as_too_large_is_a_413_problem(api: TestClient, user: str) -> None:
    body = json.dumps({"title": "x", "description": "x" * 65536})
    answer = api.post("/api/tasks", content=body, headers=bearer(user))
    _problem(answer, 413, "Content Too Large")


def test_a_body_that_turns_out_too_large_is_a_413_problem(api: TestClient, user: str) -> None:
    answer = api.post("/api/tasks", content=(b"x" * 1024 for _ in range(65)), headers=bearer(user))
    assert "Content-Length" not in answer.request.headers
    _problem(answer, 413, "Content Too Large")


def test_the_openapi_document_describes_every_error_as_a_problem(api: TestClient) -> None:
    document = api.get("/api/openapi.json").json()
    assert "Problem" in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"401", "500", "503"} | ({"404"} if "{" in path else set()) <= set(errors)
            assert all(list(answer["content"]) == ["application/problem+json"] for answer in errors.values())
