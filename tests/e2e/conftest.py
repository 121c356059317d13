"""A Postgres that is not the app's own, in a namespace of its own."""

import json

import pytest

NAMESPACE = "t-database"

POSTGRES = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "postgres", "namespace": NAMESPACE, "labels": {"app": "postgres"}},
    "spec": {
        "containers": [
            {
                "name": "postgres",
                "image": "postgres:17",
                "imagePullPolicy": "Never",
                "env": [
                    {"name": "POSTGRES_USER", "value": "todo"},
                    {"name": "POSTGRES_PASSWORD", "value": "only-for-this-test"},
                    {"name": "POSTGRES_DB", "value": "todo"},
                ],
                "readinessProbe": {
                    "exec": {"command": ["pg_isready", "-h", "127.0.0.1", "-U", "todo"]},
                    "periodSeconds": 1,
                },
            }
        ]
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "postgres", "namespace": NAMESPACE},
    "spec": {"selector": {"app": "postgres"}, "ports": [{"port": 5432}]},
}


@pytest.fixture(scope="module")
def database_elsewhere(installed, kubectl):
    """Return the URL of an empty database; the install has brought its image to the node."""
    try:
        kubectl.make_namespace(NAMESPACE)
        for item in (POSTGRES, SERVICE):
            kubectl("apply", "-f", "-", input=json.dumps(item))
        kubectl("wait", "-n", NAMESPACE, "pod/postgres", "--for=condition=Ready", "--timeout=120s")
        yield f"postgresql://todo:only-for-this-test@postgres.{NAMESPACE}:5432/todo"
    finally:
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
