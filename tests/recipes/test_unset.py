"""When a key is taken away, and what is asked before; tests/e2e does it on a real cluster."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from todoctl.errors import ConsentError, SecretsError
from todoctl.recipes.unset import unset
from todoctl.settings import Settings
from todoctl.steps import Steps

APP = {"database-url": "postgresql://todo:hush@db.example.org:6543/todo", "better-auth-secret": "hush"}
VOLUME = {"data-todo-postgres-0": {"metadata": {"uid": "7"}}}


class Cluster:
    """What is there, by name; anything else than looking at it fails."""

    def __init__(self, there: dict[str, Any]) -> None:
        self._there = there

    def get(self, _kind: Any, name: str, _namespace: str) -> Any:
        return self._there.get(name)


class No:
    """A user who does not want it."""

    asked = ""

    def confirm(self, question: str, _plan: object = ()) -> None:
        self.asked = question
        raise ConsentError("consent.declined", "no")


def secret(values: dict[str, str]) -> dict[str, Any]:
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}


def steps(monkeypatch: pytest.MonkeyPatch, there: dict[str, Any]) -> Steps:
    made = Steps(Settings(), No())  # type: ignore[arg-type]
    made.cluster = Cluster({"todo-secrets": secret(APP), **there})  # type: ignore[assignment]
    monkeypatch.setattr(made, "require_identity", lambda: None)
    return made


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({"todo-postgres": secret({"app-password": "hush"})}, "That one begins empty."),
        ({"todo-postgres": secret({"app-password": "hush"}), **VOLUME}, "That one has what it had before."),
        (VOLUME, "That one has what it had before."),
    ],
    ids=["no volume yet", "a volume", "a volume whose Secret was lost"],
)
def test_before_the_way_back_it_is_asked_and_said_what_becomes_of_the_data(monkeypatch, there, told):
    made = steps(monkeypatch, there)
    with pytest.raises(ConsentError):
        unset(made, "database-url")
    assert told in made.reporter.asked
    assert "The accounts and tasks in the present one stay there" in made.reporter.asked


def test_where_there_never_was_a_database_of_the_apps_own_there_is_no_way_back(monkeypatch):
    with pytest.raises(SecretsError) as caught:
        unset(steps(monkeypatch, {}), "database-url")
    assert caught.value.id == "secrets.no-postgres"
    assert "staging and production bring none" in str(caught.value.because)


def test_nothing_is_taken_from_an_installation_that_is_not_there(monkeypatch):
    with pytest.raises(SecretsError) as caught:
        unset(steps(monkeypatch, {"todo-secrets": None}), "openai-api-key")
    assert caught.value.id == "secrets.absent"
