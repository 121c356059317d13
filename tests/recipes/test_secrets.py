"""Which role a rotation gives a new password to, after one that was killed; tests/long kills it on a real cluster."""

from __future__ import annotations

import base64
import re
from contextlib import nullcontext
from typing import Any

import pytest

from todoctl.database import roles, url
from todoctl.database.postgres import Postgres
from todoctl.recipes import secrets as recipe
from todoctl.settings import Settings
from todoctl.steps import Steps


def encoded(values: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


class Cluster:
    """The two Secrets, and Postgres, which is Ready."""

    def __init__(self, user: str) -> None:
        app = {"database-url": url.built_in("todo-app", "hush", user), "better-auth-secret": "hush"}
        theirs = {"app-password": "hush", "postgres-password": "hush"}
        self._there: dict[str, Any] = {
            name: {"metadata": {"resourceVersion": "1"}, "data": encoded(values)}
            for name, values in (("todo-secrets", app), ("todo-postgres", theirs))
        }
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        self._there["todo-postgres-0"] = {"metadata": {}, "status": ready}

    def get(self, _kind: Any, name: str, _namespace: str) -> Any:
        return self._there.get(name)

    def patch(self, _kind: Any, name: str, _namespace: str, body: Any) -> Any:
        self._there[name]["data"].update(body.get("data", {}))
        return self._there[name]


class Database:
    """The roles that can sign in. None that a pod may use loses its password, be it for another one."""

    def __init__(self, able: set[str], pods: set[str]) -> None:
        self.able, self.pods = able, pods

    def sql(self, text: str) -> list[str]:
        if text == roles.ABLE:
            return sorted(self.able)
        if found := re.search(r"ALTER ROLE (\w+) LOGIN", text):
            assert found[1] not in self.pods
            self.able.add(found[1])
            return []
        [kept] = [one for one in ("todo", *roles.TURNS) if roles.dismiss_all_but(one) == text]
        assert self.pods == {kept}
        self.able &= {kept}
        return []


@pytest.mark.parametrize(
    ("able", "user", "pods"),
    [
        pytest.param({"todo"}, "todo", {"todo"}, id="none was"),
        pytest.param({"todo", "todo_a"}, "todo", {"todo"}, id="the first, before the Secret had the new role"),
        pytest.param({"todo", "todo_a"}, "todo_a", {"todo", "todo_a"}, id="the first, in the midst of the pods"),
        pytest.param({"todo_a", "todo_b"}, "todo_a", {"todo_a"}, id="a later one, before the Secret had the new role"),
        pytest.param({"todo_a", "todo_b"}, "todo_b", {"todo_a"}, id="a later one, after that"),
        pytest.param({"todo_a", "todo_b"}, "todo_a", {"todo_a", "todo_b"}, id="a later one, in the midst of the pods"),
        pytest.param({"todo_a", "todo_b"}, "todo_b", {"todo_b"}, id="a later one, after the pods"),
        pytest.param({"todo", "todo_a", "todo_b"}, "todo_b", {"todo", "todo_a"}, id="two"),
    ],
)
def test_a_rotation_after_one_that_was_killed_takes_no_password_from_a_pod(able, user, pods, heard, monkeypatch):
    steps: Any = Steps(Settings(), heard)
    steps.cluster, database = Cluster(user), Database(able, pods)

    def roll(_steps: Any) -> tuple[str, ...]:
        database.pods = {recipe.signs_in_as(steps)}
        return ("todo-backend",)

    monkeypatch.setattr(recipe, "roll", roll)
    monkeypatch.setattr(Postgres, "sql", lambda _, text: database.sql(text))
    monkeypatch.setattr(steps, "require_identity", lambda: None)
    monkeypatch.setattr(steps, "locked", lambda _: nullcontext())
    changed = recipe.rotate_database(steps)
    assert changed.changed
    assert database.able == {recipe.signs_in_as(steps)} != {user}
