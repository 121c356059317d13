"""The rendered manifests before a real API server, and the Postgres that they bring."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator

import pytest

from harness import NAMESPACE, PROFILE, Kubectl
from todoctl.objects import manifests

pytestmark = pytest.mark.minikube

ENVIRONMENTS = ("development", "staging", "production")
POSTGRES = ("exec", "todo-postgres-0", "--namespace", NAMESPACE, "--")


@pytest.fixture
def namespace(installed: object, kubectl: Kubectl) -> Iterator[str]:
    name = f"t-manifests-{secrets.token_hex(3)}"
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_api_server_takes_every_object_strictly_and_warns_of_nothing(environment: str, namespace: str) -> None:
    objects = manifests.load(environment)
    # A host of its own: the ingress controller's webhook refuses one that another Ingress has.
    objects = manifests.customise(objects, namespace=namespace, host=f"{namespace}.example", images={})
    # Really there, with its Pod Security labels: those make the API server warn of pods that would be refused.
    assert apply(objects[:1]) == (0, f"namespace/{namespace}", [])
    code, applied, warnings = apply(objects, "--dry-run=server")
    assert (code, warnings) == (0, []), applied
    assert len(applied.splitlines()) == len(objects)


def apply(objects: list[manifests.Object], *arguments: str) -> tuple[int, str, list[str]]:
    """Apply server-side: the exit code, the names, and what the server warned of.

    kubectl says more where an API that others serve, such as the metrics', is away for a moment.
    """
    command = ["kubectl", "--context", PROFILE, "apply", "--server-side", "--validate=strict", "--output=name"]
    text = manifests.dump(objects)
    done = subprocess.run([*command, *arguments, "-f", "-"], input=text, capture_output=True, text=True, timeout=120)
    said = done.stderr.splitlines()
    return done.returncode, done.stdout.strip(), said if done.returncode else [one for one in said if "Warning:" in one]


def as_admin(kubectl: Kubectl, question: str) -> str:
    return kubectl(*POSTGRES, "psql", "--username=postgres", "--tuples-only", "--no-align", "-c", question).strip()


def test_the_app_logs_in_as_a_role_that_owns_its_database_and_nothing_else(installed: object, kubectl: Kubectl) -> None:
    rights = (
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = 'todo'"
    )
    assert as_admin(kubectl, rights) == "f|f|f|f|f"
    owned = "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = 'todo'"
    assert as_admin(kubectl, owned) == "todo"
    kept = "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword NOT LIKE 'SCRAM-SHA-256$%'"
    assert as_admin(kubectl, kept) == ""


@pytest.mark.parametrize("role", ["todo", "postgres"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "todo-postgres-0"])
def test_a_connection_over_tcp_shows_a_password_even_within_the_pod(
    installed: object, kubectl: Kubectl, role: str, host: str
) -> None:
    password = {"todo": "APP_PASSWORD", "postgres": "POSTGRES_PASSWORD"}[role]
    psql = f"psql --no-password --host={host} --username={role} --dbname=todo --tuples-only --no-align -c 'SELECT 42'"
    refused = kubectl(*POSTGRES, "sh", "-c", f"{psql} 2>&1; true")
    assert "no password supplied" in refused
    assert kubectl(*POSTGRES, "sh", "-c", f"PGPASSWORD=${password} {psql}").strip() == "42"


def test_the_socket_lets_nobody_but_the_admin_in(installed: object, kubectl: Kubectl) -> None:
    refused = kubectl(
        *POSTGRES, "sh", "-c", "psql --no-password --username=todo --dbname=todo -c 'SELECT 42' 2>&1; true"
    )
    assert 'no pg_hba.conf entry for host "[local]", user "todo"' in refused


def test_the_pools_were_reckoned_with_the_connections_that_postgres_really_has(
    installed: object, kubectl: Kubectl
) -> None:
    (stateful_set,) = [item for item in manifests.load("development") if item["kind"] == "StatefulSet"]
    (container,) = stateful_set["spec"]["template"]["spec"]["containers"]
    assert f"max_connections={as_admin(kubectl, 'SHOW max_connections')}" in container["args"]
