"""What `secrets reset` brings up, what it does to Secrets and to roles, and what it holds its question to."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from copy import deepcopy
from typing import Any

import pytest

from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.database import roles, url
from todoctl.database.postgres import Postgres
from todoctl.errors import SecretsError
from todoctl.recipes import reset
from todoctl.recipes import secrets as recipe
from todoctl.settings import Settings
from todoctl.steps import Steps
from todoctl.targets.minikube import Minikube


class Noting:
    """A cluster in which a pod of Postgres waits on the second node, without its Secret."""

    def __init__(self) -> None:
        self.applied: list[Any] = []

    def get(self, kind: Any, *_: Any) -> Any:
        return {"spec": {"nodeName": "minikube-m02"}} if kind == kinds.POD else None

    def apply(self, manifest: Any, *, dry_run: bool = False, **_: Any) -> Any:
        if not dry_run:
            self.applied.append(manifest)
        return manifest

    def create(self, manifest: Any) -> Any:
        return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": "1"}}

    def list(self, *_: Any, **__: Any) -> Any:
        return [], "1"


def test_postgres_is_brought_up_on_the_node_of_its_data(heard, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: Any = Steps(Settings(), heard)
    steps.cluster, steps.target = Noting(), Minikube("minikube")
    monkeypatch.setattr(Steps, "wait", lambda *_: None)
    reset._bring_up(steps)
    [postgres] = [item for item in steps.cluster.applied if item["kind"] == "StatefulSet"]
    assert postgres["spec"]["template"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "minikube-m02"}


APP, POSTGRES, CLAIM = "todo-secrets", "todo-postgres", "data-todo-postgres-0"


def secret(name: str, values: dict[str, str]) -> Any:
    made = secrets._manifest(name, "todo-app", values)
    made["metadata"]["resourceVersion"] = "1"
    return made


def app_secret(user: str = "todo_a") -> Any:
    return secret(APP, {"database-url": url.built_in("todo-app", "hush", user), "better-auth-secret": "hush"})


def postgres_secret() -> Any:
    made = secret(POSTGRES, {"app-user": "todo_a", "app-password": "hush", "postgres-password": "hush"})
    made["metadata"]["annotations"] = {secrets.VOLUME_UID: "6"}
    return made


class Killed(BaseException):
    """The end of a run that nothing may catch."""


class Cluster:
    """Objects by name; the run ends right before the write after these."""

    def __init__(self, *there: Any, writes: int = 9) -> None:
        self.there = {one["metadata"]["name"]: one for one in there}
        self._writes = writes

    def get(self, _kind: Any, name: str, _namespace: str) -> Any:
        return self.there.get(name)

    def create(self, manifest: Any) -> Any:
        self._write()
        manifest["metadata"]["resourceVersion"] = "1"
        self.there[manifest["metadata"]["name"]] = manifest
        return manifest

    def patch(self, _kind: Any, name: str, _namespace: str, body: Any) -> Any:
        self._write()
        live = self.there[name]
        live["data"].update(body.get("data", {}))
        annotations = body["metadata"].get("annotations", {})
        kept = {**(live["metadata"].get("annotations") or {}), **annotations}
        live["metadata"]["annotations"] = {key: value for key, value in kept.items() if value is not None}
        return live

    def _write(self) -> None:
        if not self._writes:
            raise Killed
        self._writes -= 1


def resetting(
    cluster: Cluster, heard: Any, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any] = lambda: None
) -> Any:
    """Return steps of a user who says yes, after what somebody else does."""
    steps: Any = Steps(Settings(), heard)
    steps.cluster = cluster
    monkeypatch.setattr(heard, "confirm", lambda *_: meanwhile())
    monkeypatch.setattr(steps, "require_identity", lambda: None)
    monkeypatch.setattr(steps, "locked", lambda _: nullcontext())
    return steps


def stopped(cluster: Any) -> bool:
    """Tell whether an install would stop for the volume that is gone; else both Secrets must fit a new one."""
    try:
        secrets.ensure(cluster, "todo-app", {})
    except SecretsError as error:
        return error.id == "secrets.volume-lost"
    app, postgres = (secrets.values(cluster, "todo-app", name) for name in (APP, POSTGRES))
    assert app["database-url"] == url.built_in("todo-app", postgres["app-password"], postgres["app-user"])
    return False


@pytest.mark.parametrize(
    "lost", [(), (POSTGRES,), (APP,)], ids=["the volume", "the database's Secret too", "the app's Secret too"]
)
@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_reset_without_a_volume_that_is_killed_leaves_an_install_that_stops_until_both_secrets_fit(
    lost, writes, heard, monkeypatch
):
    there = [one for one in (app_secret(), postgres_secret()) if one["metadata"]["name"] not in lost]
    cluster = Cluster(*there, writes=writes)
    needed = 2 if POSTGRES in lost else 3  # one that is made anew remembers no volume
    try:
        reset.reset(resetting(cluster, heard, monkeypatch))
    except Killed:
        assert writes < needed
    else:
        assert writes >= needed
    cluster._writes = 9
    assert stopped(cluster) is (writes < needed)
    reset.reset(resetting(cluster, heard, monkeypatch))
    assert not stopped(cluster)


def claim(uid: str) -> Any:
    return {"metadata": {"name": CLAIM, "uid": uid}}


@pytest.mark.parametrize(
    ("asked", "since"),
    [
        pytest.param((app_secret(), postgres_secret()), (claim("7"),), id="a volume was made"),
        pytest.param((app_secret(), postgres_secret(), claim("6")), (claim("7"),), id="the volume is another one"),
        pytest.param((postgres_secret(), claim("6")), (app_secret(),), id="the lost Secret is there again"),
    ],
)
def test_what_another_run_changed_before_the_answer_is_not_reset(asked, since, heard, monkeypatch):
    cluster = Cluster(*asked, writes=0)
    steps = resetting(cluster, heard, monkeypatch, lambda: cluster.there.update(Cluster(*since).there))
    with pytest.raises(SecretsError) as caught:
        reset.reset(steps)
    assert caught.value.id == "secrets.changed-since"
    assert heard.notes == []


def test_where_nothing_is_there_nothing_is_reset(heard, monkeypatch):
    with pytest.raises(SecretsError) as caught:
        reset.reset(resetting(Cluster(), heard, monkeypatch))
    assert caught.value.id == "secrets.absent"


class Database:
    """The passwords of the roles that can sign in, and what the pods sign in with."""

    def __init__(self, cluster: Cluster, able: set[str], pods: set[str]) -> None:
        self.passwords = dict.fromkeys(able, "hush")
        self.pods = {(user, "hush") for user in pods}
        self._cluster = cluster

    def sql(self, text: str) -> list[str]:
        if text == roles.ABLE:
            return sorted(self.passwords)
        if text == recipe.SIGN_OUT:
            return []
        self._cluster._write()
        if found := re.search(r"ALTER ROLE (\w+) LOGIN PASSWORD '(.+)'", text):
            self.passwords[found[1]] = found[2]
            return []
        [kept] = [one for one in ("todo", *roles.TURNS) if roles.dismiss_all_but(one) == text]
        self.passwords = {kept: self.passwords[kept]}
        return []

    def roll(self, _steps: Any) -> tuple[str, ...]:
        self._cluster._write()
        self.pods = {self.of_the_secret()}
        return ("todo-backend",)

    def of_the_secret(self) -> Any:
        return url.credentials("todo-app", secrets.values(self._cluster, "todo-app", APP)["database-url"])


BOTH = {"todo_a", "todo_b"}
READY = {"metadata": {"name": "todo-postgres-0"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


@pytest.mark.parametrize(
    ("able", "there", "pods"),
    [
        pytest.param({"todo_a"}, [app_secret(), postgres_secret()], {"todo_a"}, id="none was"),
        pytest.param({"todo_a"}, [postgres_secret()], {"todo_a"}, id="none was, and the app's Secret is lost"),
        pytest.param(BOTH, [app_secret("todo_b"), postgres_secret()], {"todo_a"}, id="before the pods"),
        pytest.param(BOTH, [app_secret("todo_b")], BOTH, id="in their midst, and the database's Secret is lost"),
        pytest.param(BOTH, [postgres_secret()], BOTH, id="in their midst, and the app's Secret is lost"),
        pytest.param({"todo", *BOTH}, [app_secret()], {"todo", "todo_b"}, id="two were"),
    ],
)
@pytest.mark.parametrize("writes", range(8))
def test_a_reset_after_a_rotation_that_was_killed_ends_with_one_role_though_it_is_killed_itself(
    able, there, pods, writes, heard, monkeypatch
):
    cluster = Cluster(*deepcopy(there), claim("6"), READY, writes=writes)
    database = Database(cluster, able, pods)
    monkeypatch.setattr(Postgres, "sql", lambda _, text: database.sql(text))
    monkeypatch.setattr(recipe, "roll", database.roll)
    with suppress(Killed):
        reset.reset(resetting(cluster, heard, monkeypatch))
    cluster._writes = 9
    reset.reset(resetting(cluster, heard, monkeypatch))
    role, password = database.of_the_secret()
    assert database.passwords == {role: password}
    assert database.pods == {(role, password)}
