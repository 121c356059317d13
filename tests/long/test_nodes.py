"""A profile of two nodes, one that is added, and a cluster that is made anew under the same name."""

import json

import pytest

from harness import HOST, NAMESPACE, Browser, Kubectl, Todoctl, command, until
from todoctl.targets.minikube import Minikube
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.minikube

PROFILE = "t-nodes"
SECOND, THIRD = f"{PROFILE}-m02", f"{PROFILE}-m03"


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


def node_of_postgres(kubectl):
    return kubectl.json("get", "pod", "todo-postgres-0", "-n", NAMESPACE)["spec"]["nodeName"]


def postgres_is_ready(kubectl):
    kubectl("wait", "-n", NAMESPACE, "pod/todo-postgres-0", "--for=condition=Ready", "--timeout=60s")


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
    waiting = kubectl.json("get", "pod", "todo-postgres-0", "-n", NAMESPACE)
    assert waiting["spec"].get("nodeName") is None, "on no other node is its volume"
    kubectl("uncordon", PROFILE)
    until(lambda: postgres_is_ready(kubectl), seconds=120)
    assert node_of_postgres(kubectl) == PROFILE
    assert until(ada.titles, seconds=90) == ["On one node"]


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
