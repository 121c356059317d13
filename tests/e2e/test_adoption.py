"""From `helm install` to `todoctl install`, as somebody would who had begun without todoctl."""

import json

import pytest

from harness import ROOT, Browser, becomes, command

pytestmark = pytest.mark.minikube
NAMESPACE = "t-adoption"
HOST = "adoption.test"
WHERE = ("-n", NAMESPACE, "--host", HOST)


@pytest.fixture(scope="module")
def made_by_helm(todoctl, installed, kubectl):
    """The chart, installed by Helm, with Secrets that `kubectl apply` made: what docs/environments.md describes."""
    kubectl("create", "namespace", NAMESPACE)
    url = "postgresql://todo:hunter2hunter2@todo-postgres:5432/todo"
    for name, values in (
        ("todo-postgres", {"postgres-password": "hunter1hunter1", "app-password": "hunter2hunter2"}),
        ("todo-secrets", {"better-auth-secret": "hunter3" * 8, "database-url": url}),
    ):
        metadata = {"name": name, "namespace": NAMESPACE}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}
        kubectl("apply", "-f", "-", input=json.dumps(secret))
    assert todoctl("load").code == 0
    chart = str(ROOT / "bundled_manifests" / "chart")
    command(
        "helm", "--kube-context", kubectl.context, "install", "todo", chart, "-n", NAMESPACE, "--set", f"host={HOST}"
    )
    yield
    assert todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE).code == 0


def test_what_helm_made_is_shown_taken_over_and_then_as_an_install_leaves_it(todoctl, made_by_helm, kubectl, address):
    before = todoctl("diff", *WHERE, "-o", "json")
    assert before.code == 3, before.err
    assert before.data["helmReleases"] == ["todo"]
    assert {tuple(one["adopted"]) for one in before.data["objects"]} == {(), ("helm",)}
    assert "hunter" not in before.out

    asked = todoctl("install", *WHERE)
    assert asked.code == 10
    assert "Deployment/todo-backend: made by helm" in asked.err

    done = todoctl("install", "--yes", *WHERE)
    assert done.code == 0, done.err
    assert "hunter" not in done.err + done.out
    after = todoctl("diff", *WHERE)
    assert (after.code, after.out.split(":")[0]) == (0, "No change")

    left = kubectl.json("get", "deployment,service,secret,configmap", "-n", NAMESPACE, "--show-managed-fields")
    text = json.dumps(left)
    assert "helm" not in text.lower()
    assert "last-applied-configuration" not in text
    browser = Browser(address, host=HOST)
    becomes(200, lambda: browser("GET", "/healthz")[0])


def test_the_second_install_finds_nothing_to_do(todoctl, made_by_helm):
    again = todoctl("install", *WHERE, "-o", "json")
    assert again.code == 0, again.err
    assert again.data["changed"] is False


def test_a_field_that_somebody_set_by_hand_is_shown_and_won_back(todoctl, made_by_helm, kubectl):
    kubectl("scale", "deployment", "todo-frontend", "-n", NAMESPACE, "--replicas=1")
    refused = todoctl("install", *WHERE, "-o", "json")
    assert refused.code == 12
    assert refused.error["details"] == [
        "Deployment/todo-frontend .spec.replicas: kubectl has 1, the manifests have 2",
    ]
    won = todoctl("install", "--yes", "--force-conflicts", *WHERE)
    assert won.code == 0, won.err
    assert todoctl("diff", *WHERE).code == 0
