"""What `restore` and `secrets rotate auth` look at after the answer, and how both end; tests/e2e restores for real."""

from __future__ import annotations

import base64
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from todoctl.database import backupfile
from todoctl.database.backupfile import About
from todoctl.database.postgres import Postgres
from todoctl.errors import ArchiveError, PreflightError
from todoctl.objects import pause
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


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A backup that this Postgres can read."""
    monkeypatch.setattr(Postgres, "decode", lambda *_: None)
    made = tmp_path / "t.backup"
    with backupfile.creating(made) as file:
        about = About("2026-01-01T00:00:00Z", "0.1.0", "todo-app", "todo-backend:1", "0001", "17.0")
        backupfile.write(file, about, [b"dump"])
    return made


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to the pods of an app whose database stays."""
    done: list[str] = []
    monkeypatch.setattr(pause, "stop", lambda *_: done.append("stop"))
    monkeypatch.setattr(pause, "start", lambda *_: done.append("start"))
    return done


def test_a_database_that_the_app_does_not_use_any_more_is_not_replaced(steps, monkeypatch, path: Path) -> None:
    monkeypatch.setattr(Postgres, "replace", lambda *_: pytest.fail("replaced"))
    with pytest.raises(PreflightError) as caught:
        recipe.restore(steps, path)
    assert caught.value.id == "database.elsewhere"
    assert steps.reporter.notes == ["Check"]


@pytest.mark.parametrize("step", ["Stop", "Restore"])
def test_after_ctrl_c_the_pods_that_write_come_back(steps, monkeypatch, path: Path, paused: list[str], step) -> None:
    def ctrl_c(*_: Any) -> None:
        paused.append("Ctrl-C")
        raise KeyboardInterrupt

    monkeypatch.setattr(steps.reporter, "confirm", lambda *_: None)
    monkeypatch.setattr(*((pause, "stop") if step == "Stop" else (Postgres, "replace")), ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        recipe.restore(steps, path)
    assert paused[-2:] == ["Ctrl-C", "start"]
    assert steps.reporter.notes[-1] == step


def test_a_file_that_changes_before_the_answer_is_not_restored_and_the_pods_come_back(
    steps, monkeypatch, path: Path, paused: list[str]
) -> None:
    sent: list[bytes] = []

    def change(*_: Any) -> None:
        path.write_bytes(path.read_bytes().replace(b"dump", b"dumb"))

    monkeypatch.setattr(steps.reporter, "confirm", change)
    monkeypatch.setattr(Postgres, "replace", lambda _self, dump, _length: sent.extend(dump))
    with pytest.raises(ArchiveError) as caught:
        recipe.restore(steps, path)
    assert (caught.value.id, sent) == ("backup.damaged", [])
    assert paused == ["stop", "start"]


def test_sessions_are_not_deleted_in_a_database_that_the_app_does_not_use_any_more(steps, monkeypatch) -> None:
    monkeypatch.setattr("todoctl.secrets.change", lambda *_: None)
    monkeypatch.setattr("todoctl.recipes.secrets.roll", lambda _: ())
    monkeypatch.setattr(Postgres, "sql", lambda *_: pytest.fail("asked"))
    rotate_auth(steps)
    assert steps.reporter.notes == ["Secrets", "Roll"]
