"""What a rollback makes of a release's objects; tests/faults goes back on a real cluster."""

from __future__ import annotations

import io
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.cli.terminal import Terminal
from todoctl.errors import AccessError, UsageError
from todoctl.objects import manifests
from todoctl.objects.diff import ChangeSet
from todoctl.objects.releases import Release
from todoctl.recipes import rollback as recipe
from todoctl.secrets import SecretsReport
from todoctl.settings import Settings
from todoctl.steps import Steps


class Recorded(Steps):
    """Steps that touch nothing, and remember what they were to apply."""

    external_port: int | None = None

    def __init__(self, settings: Settings, reporter: Any) -> None:
        super().__init__(settings, reporter)
        self.applied: list[Any] = []
        self.made_anew: frozenset[str] = frozenset()
        self.brought_back: tuple[str, ...] = ()
        self.cluster = SimpleNamespace(list=lambda *_, **__: ([], "1"))  # type: ignore[assignment]

    def secrets(self, *_arguments: Any, **_options: Any) -> SecretsReport:
        return SecretsReport((), self.external_port)

    def apply(self, objects: Any, *_arguments: Any, recreate: Any = frozenset()) -> Any:
        self.applied, self.made_anew = objects, recreate
        return ChangeSet(()), ()

    def bring_back(self, references: Any) -> list[Any]:
        self.brought_back = references
        return []


@pytest.fixture
def steps(heard, monkeypatch):
    def made(environment: str, objects: Any = None, **settings: Any) -> Recorded:
        objects = objects or manifests.load(environment)
        release = Release(1, "2026-01-01T00:00:00Z", "0.1.0", "install", tuple(objects))
        monkeypatch.setattr(recipe, "_choose", lambda _steps, _revision: release)
        made = Recorded(Settings(environment=environment, **settings), heard)
        for name in ("require_identity", "require_running", "wait", "access", "remove_old_images"):
            monkeypatch.setattr(made, name, lambda *_arguments, **_options: None)
        for name in ("locked", "in_turn"):
            monkeypatch.setattr(made, name, lambda _verb: nullcontext())
        monkeypatch.setattr(made, "prune", lambda *_arguments: ChangeSet(()))
        monkeypatch.setattr(made, "record", lambda *_arguments: 2)
        return made

    return made


def names(objects):
    return {item["metadata"]["name"] for item in objects}


def brought_back(recorded):
    return {reference.partition(":")[0] for reference in recorded.brought_back}


def test_a_release_from_before_the_database_moved_elsewhere_comes_back_without_postgres(steps):
    recorded = steps("development")
    recorded.external_port = 6543
    recipe.rollback(recorded, None)
    assert "todo-postgres" not in names(recorded.applied)
    assert brought_back(recorded) == {"todo-backend", "todo-frontend"}
    policies = [item["spec"] for item in recorded.applied if item["kind"] == "NetworkPolicy"]
    open_to = [rule["ports"][0]["port"] for spec in policies for rule in spec.get("egress", ()) if "ports" in rule]
    assert open_to.count(6543) == 2


def test_a_release_with_the_database_that_comes_with_the_app_keeps_it(steps):
    recorded = steps("development")
    recipe.rollback(recorded, None)
    assert "todo-postgres" in names(recorded.applied)


def test_a_release_from_when_the_database_was_elsewhere_comes_back_with_the_apps_own(steps, monkeypatch):
    recorded = steps("development", manifests.without_postgres(manifests.load("development"), 6543))
    monkeypatch.setattr(recorded, "on_its_node", list)
    recipe.rollback(recorded, None)
    kinds = {item["kind"] for item in recorded.applied if item["metadata"]["name"] == "todo-postgres"}
    assert kinds >= {"StatefulSet", "Service", "NetworkPolicy"}
    assert "6543" not in str(recorded.applied)
    assert brought_back(recorded) == {"todo-backend", "todo-frontend", "postgres"}


def test_a_release_of_an_environment_elsewhere_stays_as_it_was(steps):
    recorded = steps("staging")
    recorded.external_port = 6543
    recipe.rollback(recorded, None)
    assert recorded.applied == manifests.load("staging")
    assert recorded.brought_back == ()


def test_what_may_be_made_anew_is_known_before_anything_is_looked_at(steps):
    recorded = steps("development", recreate=("deployment/todo-backend",))
    recipe.rollback(recorded, None)
    assert recorded.made_anew == {"Deployment/todo-backend"}
    with pytest.raises(UsageError):
        recipe.rollback(steps("development", recreate=("statefulset/todo-postgres",)), None)


def test_a_rollback_whose_app_does_not_answer_is_a_release_all_the_same(steps, monkeypatch):
    recorded, reasons = steps("development"), []
    monkeypatch.setattr(recorded, "record", lambda _objects, reason: reasons.append(reason))

    def unanswered(_objects):
        raise AccessError("access.timeout", "it does not answer")

    monkeypatch.setattr(recorded, "access", unanswered)
    with pytest.raises(AccessError):
        recipe.rollback(recorded, None)
    assert reasons == ["rollback to 1"]


@pytest.mark.parametrize(
    ("work", "step"),
    [
        ("secrets", "Release"),
        ("bring_back", "Sideload"),
        ("widen", "Apply"),
        ("apply", "Apply"),
        ("wait", "Wait"),
        ("prune", "Wait"),
        ("record", "Access"),
        ("access", "Access"),
        ("remove_old_images", "Access"),
    ],
)
def test_ctrl_c_in_whatever_a_rollback_does_names_the_step_in_which_it_stopped(steps, monkeypatch, work, step):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    recorded = steps("development")
    monkeypatch.setattr(recorded, "reporter", Terminal(stderr=io.StringIO()))
    monkeypatch.setattr(recorded, work, interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        recipe.rollback(recorded, None)
    assert caught.value.args == (step,)
