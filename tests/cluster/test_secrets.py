"""Secrets on a real cluster: the one of the context `minikube`, in namespaces that are removed again."""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import PROFILE, becomes
from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.database.volume import CLAIM
from todoctl.errors import SecretsError
from todoctl.secrets import SecretAction, ensure, remember_volume

pytestmark = pytest.mark.minikube


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.connect(PROFILE)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"t-secrets-{random.token_hex(4)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.delete(kinds.NAMESPACE, name, propagation="Background")


def values(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    secret = cluster.get(kinds.SECRET, name, namespace)
    assert secret is not None
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def change(cluster: Cluster, namespace: str, name: str, **data: str | None) -> None:
    """Set keys of a Secret, written with _ for -, or remove them with None."""
    encoded = {
        key.replace("_", "-"): None if value is None else base64.b64encode(value.encode()).decode()
        for key, value in data.items()
    }
    cluster.patch(kinds.SECRET, name, namespace, {"data": encoded})


def claim_volume(cluster: Cluster, namespace: str) -> None:
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": CLAIM, "namespace": namespace},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        }
    )


def actions(report: secrets.SecretsReport) -> dict[str, SecretAction]:
    return {state.name: state.action for state in report.states}


def test_secrets_are_made_once_and_kept(cluster: Cluster, namespace: str) -> None:
    first = ensure(cluster, namespace, {})
    app, postgres = values(cluster, namespace, "todo-secrets"), values(cluster, namespace, "todo-postgres")
    assert actions(first) == {"todo-postgres": SecretAction.CREATED, "todo-secrets": SecretAction.CREATED}
    assert set(app) == {"database-url", "better-auth-secret"}
    assert set(postgres) == {"postgres-password", "app-password"}
    assert app["database-url"] == f"postgresql://todo:{postgres['app-password']}@todo-postgres.{namespace}:5432/todo"
    assert len({*app.values(), *postgres.values()}) == 4
    assert all(len(value) >= 32 for value in (*app.values(), *postgres.values()))
    second = ensure(cluster, namespace, {})
    assert set(actions(second).values()) == {SecretAction.KEPT}
    assert second.versions == first.versions
    assert values(cluster, namespace, "todo-secrets") == app
    shown = repr((first, second))
    assert not any(value in shown for value in (*app.values(), *postgres.values()))


def test_what_the_env_file_gives_replaces_what_is_there_and_nothing_else(cluster: Cluster, namespace: str) -> None:
    ensure(cluster, namespace, {})
    before = values(cluster, namespace, "todo-secrets")
    given = {"OPENAI_API_KEY": "sk-1", "DATABASE_URL": "postgresql://u:p@db.example/x"}
    report = ensure(cluster, namespace, given)
    assert actions(report) == {"todo-postgres": SecretAction.KEPT, "todo-secrets": SecretAction.CHANGED}
    assert values(cluster, namespace, "todo-secrets") == {
        "better-auth-secret": before["better-auth-secret"],
        "openai-api-key": "sk-1",
        "database-url": "postgresql://u:p@db.example/x",
    }
    assert set(actions(ensure(cluster, namespace, {})).values()) == {SecretAction.KEPT}


def test_a_missing_key_is_filled_in(cluster: Cluster, namespace: str) -> None:
    ensure(cluster, namespace, {})
    before = values(cluster, namespace, "todo-secrets")
    claim_volume(cluster, namespace)
    change(cluster, namespace, "todo-secrets", database_url=None)
    report = ensure(cluster, namespace, {})
    assert actions(report)["todo-secrets"] is SecretAction.FILLED
    assert values(cluster, namespace, "todo-secrets") == before


def test_a_lost_password_is_taken_from_the_database_s_url(cluster: Cluster, namespace: str) -> None:
    ensure(cluster, namespace, {})
    before = values(cluster, namespace, "todo-postgres")
    cluster.delete(kinds.SECRET, "todo-postgres", namespace, propagation="Background")  # gone at once
    with pytest.raises(SecretsError) as caught:
        ensure(cluster, namespace, {})
    assert caught.value.id == "secrets.volume-lost", "the Secret that is left was made after the one that is gone"
    # As somebody makes it by hand, before the first install.
    cluster.patch(kinds.SECRET, "todo-secrets", namespace, {"metadata": {"labels": None}})
    ensure(cluster, namespace, {})
    assert values(cluster, namespace, "todo-postgres")["app-password"] == before["app-password"]


@pytest.mark.parametrize(
    ("name", "key"),
    [("todo-postgres", "app_password"), ("todo-postgres", "postgres_password"), ("todo-secrets", "better_auth_secret")],
)
def test_nothing_is_made_up_for_data_that_is_there(cluster: Cluster, namespace: str, name: str, key: str) -> None:
    ensure(cluster, namespace, {})
    claim_volume(cluster, namespace)
    change(cluster, namespace, name, **{key: None})
    before = values(cluster, namespace, name)
    with pytest.raises(SecretsError) as caught:
        ensure(cluster, namespace, {"OPENAI_API_KEY": "sk-1"})
    assert f"missing: `{name}`, key `{key.replace('_', '-')}`" in str(caught.value.because)
    assert values(cluster, namespace, name) == before
    assert "openai-api-key" not in values(cluster, namespace, "todo-secrets")


def test_a_volume_without_secrets_stops_everything(cluster: Cluster, namespace: str) -> None:
    claim_volume(cluster, namespace)
    with pytest.raises(SecretsError) as caught:
        ensure(cluster, namespace, {})
    assert caught.value.what == "the database is there, but not the Secrets that belong to it"
    assert cluster.list(kinds.SECRET, namespace)[0] == []


def test_a_volume_that_was_there_and_is_gone_stops_everything(cluster: Cluster, namespace: str) -> None:
    ensure(cluster, namespace, {})
    claim_volume(cluster, namespace)
    remember_volume(cluster, namespace)
    before = ensure(cluster, namespace, {})
    assert set(actions(before).values()) == {SecretAction.KEPT}
    remember_volume(cluster, namespace)
    assert ensure(cluster, namespace, {}).versions == before.versions, "it is noted once"
    cluster.delete(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace)
    becomes(None, lambda: cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace))
    with pytest.raises(SecretsError) as caught:
        ensure(cluster, namespace, {"OPENAI_API_KEY": "sk-1"})
    assert caught.value.id == "secrets.volume-lost"
    assert "openai-api-key" not in values(cluster, namespace, "todo-secrets")
    # A database elsewhere has no use for the volume.
    ensure(cluster, namespace, {"DATABASE_URL": "postgresql://u:p@db.example/x"})


def test_what_a_rotation_left_is_completed_with_the_role_that_it_made(cluster: Cluster, namespace: str) -> None:
    ensure(cluster, namespace, {})
    claim_volume(cluster, namespace)
    change(cluster, namespace, "todo-postgres", app_user="todo_b", app_password="new")
    change(cluster, namespace, "todo-secrets", database_url=None)
    ensure(cluster, namespace, {})
    url = values(cluster, namespace, "todo-secrets")["database-url"]
    assert url == f"postgresql://todo_b:new@todo-postgres.{namespace}:5432/todo"


def test_runs_at_the_same_time_end_up_with_the_same_values(cluster: Cluster, namespace: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: ensure(cluster, namespace, {"OPENAI_API_KEY": "sk-1"}), range(4)))
    assert len({tuple(report.versions.items()) for report in reports}) == 1
    created = [state for report in reports for state in report.states if state.action is SecretAction.CREATED]
    assert len(created) == 2
    app, postgres = values(cluster, namespace, "todo-secrets"), values(cluster, namespace, "todo-postgres")
    assert postgres["app-password"] in app["database-url"]


def test_an_environment_without_postgres_needs_a_database(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(SecretsError) as caught:
        ensure(cluster, namespace, {}, built_in_postgres=False)
    assert caught.value.id == "secrets.database-url"
    report = ensure(cluster, namespace, {"DATABASE_URL": "postgresql://u:p@db/x"}, built_in_postgres=False)
    assert list(report.versions) == ["todo-secrets"]
    assert actions(ensure(cluster, namespace, {}, built_in_postgres=False)) == {"todo-secrets": SecretAction.KEPT}
