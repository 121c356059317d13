"""What `restore` and `secrets rotate auth` look at once more after the answer; tests/e2e restores on a real cluster."""

from __future__ import annotations

import base64
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from todoctl.database import backupfile
from todoctl.database.backupfile import About
from todoctl.database.postgres import Postgres
from todoctl.errors import PreflightError
from todoctl.recipes import restore as recipe
from todoctl.recipes.secrets import rotate_auth
from todoctl.settings import Settings
from todoctl.steps import Steps

OWN, ELSEWHERE = "postgresql://todo:hush@todo-postgres:5432/todo", "postgresql://todo:hush@db.example.org/todo"


class Moving:
    """An app that another run gives another database between the question and its answer; nothing can be written."""

    def __init__(self) -> None:
        self.database_url = OWN

    def get(self, _kind: Any, name: str, _namespace: str) -> Any:
        if name == "todo-postgres-0":
            return {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        values = {"database-url": self.database_url, "better-auth-secret": "hush"}
        return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}

    def confirm(self, *_: Any) -> None:
        self.database_url = ELSEWHERE


@pytest.fixture
def steps(heard: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made: Any = Steps(Settings(), heard)
    made.cluster = Moving()
    monkeypatch.setattr(heard, "confirm", made.cluster.confirm)
    monkeypatch.setattr(made, "require_identity", lambda: None)
    monkeypatch.setattr(made, "locked", lambda _: nullcontext())
    return made


def test_a_database_that_the_app_does_not_use_any_more_is_not_replaced(steps, monkeypatch, tmp_path: Path) -> None:
    path = tmp_path / "t.backup"
    with backupfile.creating(path) as file:
        about = About("2026-01-01T00:00:00Z", "0.1.0", "todo-app", "todo-backend:1", "0001", "17.0")
        backupfile.write(file, about, [b"dump"])
    monkeypatch.setattr(Postgres, "decode", lambda *_: None)
    monkeypatch.setattr(Postgres, "replace", lambda *_: pytest.fail("replaced"))
    with pytest.raises(PreflightError) as caught:
        recipe.restore(steps, path)
    assert caught.value.id == "database.elsewhere"
    assert steps.reporter.notes == ["Check"]


def test_sessions_are_not_deleted_in_a_database_that_the_app_does_not_use_any_more(steps, monkeypatch) -> None:
    monkeypatch.setattr("todoctl.secrets.change", lambda *_: None)
    monkeypatch.setattr("todoctl.recipes.secrets.roll", lambda _: ())
    monkeypatch.setattr(Postgres, "sql", lambda *_: pytest.fail("asked"))
    rotate_auth(steps)
    assert steps.reporter.notes == ["Secrets", "Roll"]
