"""Which databases the pods may reach while the app moves from one to another; tests/e2e moves it on a real cluster."""

from __future__ import annotations

import base64
from contextlib import nullcontext
from typing import Any

import pytest

from todoctl.database.postgres import Postgres
from todoctl.errors import RolloutError
from todoctl.install import install
from todoctl.objects import manifests, pods
from todoctl.objects.diff import ChangeSet
from todoctl.objects.releases import Release
from todoctl.recipes import secrets as recipe
from todoctl.recipes.rollback import rollback
from todoctl.recipes.unset import unset
from todoctl.secrets import SecretsReport
from todoctl.settings import Settings
from todoctl.steps import Steps

OWN, ELSEWHERE = "todo-postgres", 6543
BUILT_IN = "postgresql://todo_a:hush@todo-postgres.todo-app:5432/todo"
EXTERNAL = "postgresql://todo:hush@db.example.org:6543/todo"
BUNDLED = [item for item in manifests.load("development") if item["kind"] == "NetworkPolicy"]
AWAY = manifests.without_postgres(BUNDLED, ELSEWHERE)
BOTH = manifests.with_ways_of(BUNDLED, AWAY)
ENDS = RolloutError("rollout.failed", "it does not run")


class Cluster:
    """One whose NetworkPolicies are what was applied last, with the app's Secrets."""

    def __init__(self, policies: Any, database_url: str) -> None:
        self.policies = {item["metadata"]["name"]: item for item in policies}
        self.point(database_url)

    def point(self, database_url: str) -> None:
        """Have the app's Secret lead to this database."""
        values = {"database-url": database_url, "better-auth-secret": "hush"}
        self._data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}

    def get(self, _kind: Any, name: str, _namespace: str) -> Any:
        found = name in {"todo-secrets", "todo-postgres"}
        return {"metadata": {"name": name, "resourceVersion": "1"}, "data": self._data} if found else None

    def patch(self, _kind: Any, name: str, namespace: str, changes: Any) -> Any:
        self._data = {**self._data, **changes["data"]}
        return self.get(None, name, namespace)

    def list(self, *_: Any, **__: Any) -> Any:
        return list(self.policies.values()), "1"

    def ways(self) -> set[Any]:
        """Return the databases that both halves of the app may reach: the own one, and ports of others."""
        found = [self._ways(self.policies[name]) for name in ("todo-backend", "todo-frontend")]
        assert found[0] == found[1]
        return found[0]

    def _ways(self, policy: Any) -> set[Any]:
        rules = [rule for rule in policy["spec"]["egress"] if manifests._to_database(rule)]
        ways = [OWN if OWN in str(rule) else rule["ports"][0]["port"] for rule in rules]
        assert len(ways) == len(set(ways))
        return set(ways)


@pytest.fixture
def moving(heard, monkeypatch):
    """Return steps that note which ways were open when they were taken; the one that is named fails."""

    def made(policies: Any, database_url: str, fails: str = "", *, ready: bool = True) -> Any:
        steps: Any = Steps(Settings(), heard)
        steps.cluster = cluster = Cluster(policies, database_url)
        steps.taken = []

        def take(name: str, result: Any = None) -> Any:
            def taken(*_: Any, **__: Any) -> Any:
                steps.taken.append((name, cluster.ways()))
                if name == fails:
                    raise ENDS
                return result

            return taken

        steps.take = take

        def apply(objects: Any, *_: Any, **__: Any) -> Any:
            cluster.policies |= {one["metadata"]["name"]: one for one in objects if one["kind"] == "NetworkPolicy"}
            return ChangeSet(), ()

        for name in ("require_identity", "bring_back"):
            monkeypatch.setattr(steps, name, lambda *_: None)
        monkeypatch.setattr(steps, "locked", lambda _verb: nullcontext())
        monkeypatch.setattr(steps, "on_its_node", list)
        monkeypatch.setattr(steps, "apply", apply)
        monkeypatch.setattr(steps, "wait", take("wait"))
        monkeypatch.setattr(heard, "confirm", lambda _question: None)
        monkeypatch.setattr(recipe, "applied", lambda item: item)
        monkeypatch.setattr(recipe, "roll", take("roll", ("todo-backend",)))
        monkeypatch.setattr("todoctl.recipes.unset.roll", take("roll", ("todo-backend",)))
        monkeypatch.setattr("todoctl.recipes.unset.renew", take("renew"))
        monkeypatch.setattr(steps, "prune", take("prune", ChangeSet()))
        monkeypatch.setattr(Postgres, "ready", lambda _: ready)
        monkeypatch.setattr(Postgres, "sql", lambda _, text: take(text)())
        return steps

    return made


def test_on_the_way_back_both_databases_can_be_reached_until_no_pod_uses_the_other_one(moving):
    steps = moving(AWAY, EXTERNAL)
    unset(steps, "database-url")
    assert steps.taken == [("wait", {OWN, ELSEWHERE}), ("renew", {OWN, ELSEWHERE})]
    assert steps.cluster.ways() == {OWN}
    assert [policy["spec"] for policy in steps.cluster.policies.values()] == [policy["spec"] for policy in BUNDLED]


@pytest.mark.parametrize("fails", ["wait", "renew"])
def test_where_the_way_back_fails_the_app_goes_on_with_the_other_database(moving, fails):
    steps = moving(AWAY, EXTERNAL, fails)
    with pytest.raises(RolloutError):
        unset(steps, "database-url")
    assert steps.cluster.ways() == {OWN, ELSEWHERE}


def test_a_way_back_that_was_killed_is_finished_roles_and_ways_too_when_no_pod_of_before_is_left(moving):
    steps = moving(BOTH, BUILT_IN)
    assert not unset(steps, "database-url").changed
    assert [name.partition("\n")[0][:25] for name, _ in steps.taken] == ["roll", "SELECT format('ALTER ROLE"]
    [_, (sql, _)] = steps.taken
    assert "'todo', 'todo_b'" in sql
    assert "'todo_a'" not in sql
    assert {ways == {OWN, ELSEWHERE} for _, ways in steps.taken} == {True}
    assert steps.cluster.ways() == {OWN}


def test_nothing_is_shut_while_pods_of_before_may_be_left_or_where_no_postgres_runs(moving):
    steps = moving(BOTH, BUILT_IN, "roll")
    with pytest.raises(RolloutError):
        unset(steps, "database-url")
    assert steps.cluster.ways() == {OWN, ELSEWHERE}
    steps = moving(BOTH, BUILT_IN, ready=False)
    unset(steps, "database-url")
    assert [name for name, _ in steps.taken] == ["roll"]


def test_what_another_run_did_right_before_is_not_undone(moving, monkeypatch):
    steps, other_role = moving(BOTH, BUILT_IN), BUILT_IN.replace("todo_a", "todo_b")
    monkeypatch.setattr(steps, "locked", lambda _: nullcontext(steps.cluster.point(other_role)))
    unset(steps, "database-url")
    assert "'todo', 'todo_a'" in steps.taken[1][0]
    steps = moving(AWAY, BUILT_IN)
    monkeypatch.setattr(steps, "locked", lambda _: nullcontext(steps.cluster.point(EXTERNAL)))
    unset(steps, "database-url")
    assert ([name for name, _ in steps.taken], steps.cluster.ways()) == (["roll"], {ELSEWHERE})


@pytest.mark.parametrize(
    ("policies", "before"), [(BUNDLED, {OWN}), (manifests.without_postgres(BUNDLED, 5433), {5433}), (AWAY, {ELSEWHERE})]
)
def test_on_the_way_to_another_database_the_one_of_before_can_be_reached_until_no_pod_uses_it(moving, policies, before):
    steps = moving(policies, BUILT_IN)
    recipe.set_value(steps, "database-url", EXTERNAL)
    assert steps.taken == [("roll", before | {ELSEWHERE})]
    assert steps.cluster.ways() == {ELSEWHERE}
    steps = moving(policies, BUILT_IN, "roll")
    with pytest.raises(RolloutError):
        recipe.set_value(steps, "database-url", EXTERNAL)
    assert steps.cluster.ways() == before | {ELSEWHERE}


def test_another_key_leaves_the_ways_as_they_are(moving):
    steps = moving(BUNDLED, BUILT_IN)
    recipe.set_value(steps, "openai-api-key", "sk-hush")
    assert (steps.taken, steps.cluster.ways()) == ([("roll", {OWN})], {OWN})


@pytest.fixture
def applying(moving, monkeypatch):
    """Return an installation whose app uses the own database, and whose Secret leads to the other one since."""

    def made(fails: str = "") -> Any:
        steps = moving(BUNDLED, EXTERNAL, fails)
        live = {("NetworkPolicy", name): item for name, item in steps.cluster.policies.items()}
        nothing = dict.fromkeys(("preflight", "require_running", "take_lease", "access", "record", "remove_old_images"))
        images: dict[str, Any] = dict.fromkeys(("fingerprint", "build", "sideload", "bring_back"), ())
        found = {"look": live, "adopt": None, "apply_namespace": ChangeSet(), "secrets": SecretsReport((), ELSEWHERE)}
        for name, result in {**nothing, **images, **found}.items():
            monkeypatch.setattr(steps, name, lambda *_, result=result, **__: result)
        for name in ("locked", "in_turn"):
            monkeypatch.setattr(steps, name, lambda *_, **__: nullcontext())
        monkeypatch.setattr(pods, "wait_until_rolled", steps.take("pods"))
        release = Release(1, "2026-01-01T00:00:00Z", "0.1.0", "install", tuple(manifests.load("development")))
        monkeypatch.setattr("todoctl.recipes.rollback._choose", lambda *_: release)
        return steps

    return made


@pytest.mark.parametrize("verb", [install, lambda steps: rollback(steps, None)], ids=["install", "rollback"])
def test_what_applies_all_shuts_the_way_to_the_database_of_before_when_no_pod_of_before_is_left(applying, verb):
    steps = applying()
    verb(steps)
    both = {OWN, ELSEWHERE}
    assert steps.taken == [("wait", both), ("pods", both), ("prune", {ELSEWHERE})]
    for fails in ("wait", "pods"):
        steps = applying(fails)
        with pytest.raises(RolloutError):
            verb(steps)
        assert steps.cluster.ways() == both


def test_a_way_that_somebody_else_wrote_into_a_policy_is_not_taken_for_one_of_todoctl_s(heard):
    fields = {"f:spec": {"f:podSelector": {}, "f:policyTypes": {}}}
    entry = {"manager": "todoctl", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields}
    theirs = [{**item, "metadata": {**item["metadata"], "managedFields": [entry]}} for item in AWAY]
    steps = Steps(Settings(), heard)
    assert steps.widen(BUNDLED, theirs) == BUNDLED
    assert steps.widen(BUNDLED, AWAY) == BOTH, "what is adopted keeps its ways"
