"""An install from a bundle onto a cluster that lacks an addon: refused without the addon's images, and else enabled.

The figures for the autoscaler are away meanwhile, and come back minutes later: no place for other tests.
"""

import pytest

from harness import PROFILE, command, until

pytestmark = pytest.mark.minikube

ADDON = "metrics-server"
PREFLIGHT = 4


def save(todoctl, path):
    outcome = todoctl("bundle", "save", str(path), "-o", "json")
    assert outcome.code == 0, outcome.err
    return outcome.data


def references(data):
    return [reference for entry in data["entries"] for reference in entry["references"]]


@pytest.fixture(scope="module")
def images(installed, kubectl):
    """What the addon's pods run, as the node names it."""
    pods = kubectl.json("get", "pods", "-n", "kube-system", "-l", f"k8s-app={ADDON}")["items"]
    return {container["image"] for pod in pods for container in pod["spec"]["containers"]}


@pytest.fixture(scope="module")
def bundles(todoctl, images, kubectl, tmp_path_factory):
    """A bundle with the addon's images and one without; and a cluster that has neither addon nor images any more."""
    folder = tmp_path_factory.mktemp("bundles")
    with_it, without = folder / "with.bundle", folder / "without.bundle"
    saved = save(todoctl, with_it)
    if not images <= set(references(saved)):
        pytest.skip(f"the node gives {images} away no more")
    try:
        command("minikube", "addons", "disable", ADDON, "-p", PROFILE)
        kubectl("wait", "-n", "kube-system", "pods", "-l", f"k8s-app={ADDON}", "--for=delete", "--timeout=300s")
        for image in images:
            command("docker", "exec", PROFILE, "crictl", "rmi", image)
        assert not images & set(references(save(todoctl, without)))
        yield with_it, without
    finally:
        for path in (with_it, without):
            path.unlink(missing_ok=True)
        back = todoctl("install", "--yes")
    assert back.code == 0, back.err


def served(kubectl):
    service = kubectl.json("get", "apiservice", "v1beta1.metrics.k8s.io")
    conditions = {one["type"]: one["status"] for one in service.get("status", {}).get("conditions", [])}
    assert conditions.get("Available") == "True"


def test_it_is_refused_before_anything_is_touched_where_the_images_are_nowhere(bundles, todoctl, images, kubectl):
    elsewhere = ("-n", "t-bare", "--host", "bare.local")
    outcome = todoctl("install", "--offline", "--bundle", str(bundles[1]), *elsewhere, "-o", "json")
    assert (outcome.code, outcome.error["id"]) == (PREFLIGHT, "bundle.addons"), outcome.err
    assert all(f"`{image}`" in outcome.error["because"] for image in images)
    assert outcome.error["hint"] == f"where there is a network: `minikube addons enable {ADDON} -p {PROFILE}`"
    assert "t-bare" not in kubectl("get", "namespaces", "-o", "name")


def test_it_is_enabled_with_the_images_of_the_bundle_and_serves(bundles, todoctl, images, kubectl):
    outcome = todoctl("install", "--offline", "--bundle", str(bundles[0]), "-o", "json")
    assert outcome.code == 0, outcome.err
    sent = {reference for one in outcome.data["sideloaded"] if one["sent"] for reference in one["references"]}
    assert images <= sent
    until(lambda: served(kubectl), seconds=180)
    pods = kubectl.json("get", "pods", "-n", "kube-system", "-l", f"k8s-app={ADDON}")["items"]
    assert {container["image"] for pod in pods for container in pod["spec"]["containers"]} == images
    events = kubectl.json("get", "events", "-n", "kube-system")["items"]
    about = {pod["metadata"]["name"] for pod in pods}
    assert not [one for one in events if one["reason"] == "Pulling" and one["involvedObject"]["name"] in about]
