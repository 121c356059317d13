"""What many tests do through the API."""

from typing import Any

from starlette.testclient import TestClient
from tokens import bearer

Json = dict[str, Any]


def create(api: TestClient, user: str, title: str, **more: Any) -> Json:
    answer = api.post("/api/tasks", json={"title": title, **more}, headers=bearer(user))
    assert answer.status_code == 201, answer.text
    task: Json = answer.json()
    return task


def titles(api: TestClient, user: str, **parameters: str) -> list[str]:
    answer = api.get("/api/tasks", params=parameters, headers=bearer(user))
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]
