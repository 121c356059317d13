"""A profile of two nodes, one that is added, and a cluster that is made anew under the same name."""

import json

import pytest

from harness import HOST, NAMESPACE, Browser, Kubectl, Todoctl, command, until
from todoctl.objects import manifests
from todoctl.targets.minikube import Minikube
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.minikube

PROFILE = "t-nodes"
SECOND, THIRD = f"{PROFILE}-m02", f"{PROFILE}-m03"
TAKEN = "t-taken"


@pytest.fixture(scope="module")
def profile():
    """Two nodes in a network of another address than Minikube's own choice, which are gone before and after."""
    command("minikube", "delete", "-p", PROFILE)
    command("minikube", "start", "-p", PROFILE, "--nodes", "2", "--subnet", "10.123.0.0/24", "--keep-context")
    yield PROFILE
    command("minikube", "delete", "-p", PROFILE)


@pytest.fixture(scope="module")
def todoctl(zipapp, profile):
    return Todoctl(zipapp, profile)


@pytest.fixture(scope="module")
def kubectl(profile):
    return Kubectl(profile)


@pytest.fixture(scope="module")
def ada(todoctl):
    """A browser of somebody who has a task."""
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    browser = Browser(command("minikube", "ip", "-p", PROFILE).strip(), HOST)
    assert browser.sign_up("ada@example.org")[0] == 200
    assert browser("POST", "/api/tasks", {"title": "On one node"}, token=browser.token())[0] == 201
    return browser


def images_of_the_app(kubectl):
    workloads = kubectl.json("get", "deployments,statefulsets", "-n", NAMESPACE)["items"]
    return {qualified(item["spec"]["template"]["spec"]["containers"][0]["image"]) for item in workloads}


def node_of_postgres(kubectl, namespace=NAMESPACE):
    return kubectl.json("get", "pod", "todo-postgres-0", "-n", namespace)["spec"]["nodeName"]


def postgres_is_ready(kubectl, namespace=NAMESPACE):
    kubectl("wait", "-n", namespace, "pod/todo-postgres-0", "--for=condition=Ready", "--timeout=60s")


def test_every_node_holds_every_image(kubectl, ada):
    assert len(images_of_the_app(kubectl)) == 3
    for node in (PROFILE, SECOND):
        assert set(Minikube(PROFILE).node_images(node)) >= images_of_the_app(kubectl)


def test_postgres_comes_back_to_the_node_of_its_volume_with_its_data(kubectl, ada):
    assert node_of_postgres(kubectl) == PROFILE
    for _ in range(2):
        kubectl("delete", "pod", "todo-postgres-0", "-n", NAMESPACE)
        until(lambda: postgres_is_ready(kubectl), seconds=60)
        assert node_of_postgres(kubectl) == PROFILE
    assert until(ada.titles, seconds=60) == ["On one node"]


def test_a_drained_node_keeps_the_data_and_postgres_waits_for_it(kubectl, ada):
    drain = ("drain", PROFILE, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s", "--disable-eviction")
    kubectl(*drain, "--pod-selector=app.kubernetes.io/part-of=todo-app")
    waiting = until(lambda: kubectl.json("get", "pod", "todo-postgres-0", "-n", NAMESPACE), seconds=60)
    assert waiting["spec"].get("nodeName") is None, "on no other node is its volume"
    kubectl("uncordon", PROFILE)
    until(lambda: postgres_is_ready(kubectl), seconds=120)
    assert node_of_postgres(kubectl) == PROFILE
    assert until(ada.titles, seconds=90) == ["On one node"]


def test_a_postgres_that_is_taken_over_stays_on_the_node_that_has_its_data_whatever_brings_it_up(todoctl, kubectl, ada):
    objects = manifests.customise(manifests.load("development"), namespace=TAKEN, host=f"{TAKEN}.local", images={})
    theirs = [item for item in objects if item["kind"] == "Namespace" or item["metadata"]["name"] == "todo-postgres"]
    # Minikube makes the volume's folder for everybody to write, on the primary node; on another one it is root's alone.
    folder = f"/tmp/hostpath-provisioner/{TAKEN}/data-todo-postgres-0"  # noqa: S108 - in the node
    command("docker", "exec", SECOND, "install", "--directory", "--mode=777", folder)
    kubectl("cordon", PROFILE)
    try:
        kubectl("apply", "-f", "-", input=as_list(theirs[:1]))
        kubectl("create", "-f", "-", input=as_list(secrets_by_hand()))
        kubectl("apply", "-f", "-", input=as_list(theirs[1:]))
        until(lambda: postgres_is_ready(kubectl, TAKEN), seconds=120)
    finally:
        kubectl("uncordon", PROFILE)
    assert node_of_postgres(kubectl, TAKEN) == SECOND
    psql = ("exec", "-n", TAKEN, "todo-postgres-0", "--", "psql", "-U", "postgres", "-d", "todo", "-Atc")
    kubectl(*psql, "CREATE TABLE kept AS SELECT 7 AS seven")

    def comes_up_by(*arguments):
        outcome = todoctl(*arguments, "-n", TAKEN)
        assert outcome.code == 0, outcome.err
        assert node_of_postgres(kubectl, TAKEN) == SECOND
        assert kubectl(*psql, "SELECT seven FROM kept").strip() == "7"

    install = ("install", "--yes", "--host", f"{TAKEN}.local")
    comes_up_by(*install)
    assert todoctl("uninstall", "-n", TAKEN).code == 0
    comes_up_by(*install)
    assert todoctl("uninstall", "-n", TAKEN).code == 0
    kubectl("delete", "secret", "todo-postgres", "-n", TAKEN)
    comes_up_by("secrets", "reset", "--yes")
    assert todoctl("uninstall", "--data", "--yes", "-n", TAKEN).code == 0


def as_list(items):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def secrets_by_hand():
    values = {
        "todo-postgres": {"postgres-password": "hunter1", "app-password": "hunter2"},
        "todo-secrets": {
            "better-auth-secret": "hunter3" * 8,
            "database-url": f"postgresql://todo:hunter2@todo-postgres.{TAKEN}:5432/todo",
        },
    }
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": TAKEN}, "stringData": data}
        for name, data in values.items()
    ]


def test_a_node_that_is_added_gets_the_images_by_the_next_install(todoctl, kubectl, ada):
    command("minikube", "node", "add", "-p", PROFILE)
    outcome = todoctl("install", "--yes", "-o", "json")
    assert outcome.code == 0, outcome.err
    assert {one["node"] for one in outcome.data["sideloaded"] if one["sent"]} == {THIRD}
    assert set(Minikube(PROFILE).node_images(THIRD)) >= images_of_the_app(kubectl)
    assert node_of_postgres(kubectl) == PROFILE


def test_two_nodes_that_were_stopped_and_started_have_kept_the_data(todoctl, kubectl, ada):
    command("minikube", "stop", "-p", PROFILE)
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    assert node_of_postgres(kubectl) == PROFILE
    assert until(ada.titles, seconds=120) == ["On one node"]


def test_a_cluster_made_anew_under_the_same_name_is_installed_as_if_it_were_the_first(todoctl, kubectl, ada):
    command("minikube", "delete", "-p", PROFILE)
    outcome = todoctl("install", "--yes", "--profile", PROFILE, "--driver", "docker", "--cpus", "2", "-o", "json")
    assert outcome.code == 0, outcome.err
    assert all(one["sent"] for one in outcome.data["sideloaded"]), "what caches remember of the old one is no truth"
    assert outcome.data["release"] == 1
    assert json.loads(kubectl("get", "nodes", "-o", "json"))["items"][0]["metadata"]["name"] == PROFILE
    fresh = Browser(command("minikube", "ip", "-p", PROFILE).strip(), HOST)
    assert fresh.sign_in("ada@example.org")[0] == 401
    assert fresh.sign_up("ada@example.org")[0] == 200
