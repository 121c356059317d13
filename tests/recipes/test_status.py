"""Which workloads are missing; tests/e2e looks at real ones."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.installation import Installation
from todoctl.objects import order
from todoctl.recipes.status import live
from todoctl.settings import Settings


def missing(heard: Any, database_url: str | None) -> set[str]:
    """Return what is missing where nothing is there but the app's Secret, if that is."""
    data = {"database-url": base64.b64encode((database_url or "").encode()).decode()}

    def get(_kind: Any, name: str, _namespace: str | None = None) -> Any:
        return {"data": data} if name == "todo-secrets" and database_url else None

    installation = Installation(Settings(), heard)
    vars(installation)["cluster"] = SimpleNamespace(get=get, list=lambda *_, **__: ([], "1"))
    return {item["metadata"]["name"] for item in order.workloads(live(installation).missing)}


@pytest.mark.parametrize(
    ("database_url", "expected"),
    [
        (None, True),
        ("postgresql://todo_a:hush@todo-postgres.todo-app:5432/todo", True),
        ("postgresql://todo:hush@db.example.org/todo", False),
    ],
    ids=["no Secret", "its own database", "another database"],
)
def test_postgres_is_missed_unless_the_database_is_elsewhere(heard, database_url, expected):
    assert missing(heard, database_url) == {"todo-backend", "todo-frontend"} | (
        {"todo-postgres"} if expected else set()
    )
