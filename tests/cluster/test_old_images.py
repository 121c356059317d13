"""Old images go from a real engine and a real node; those that were there before the test are in use, and stay."""

import io
import json
import secrets as random
import subprocess
import tarfile

import pytest

from harness import NAMESPACE, PROFILE, command
from todoctl.adapters import docker
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.images.digests import ConfigDigests
from todoctl.images.image import BUILT
from todoctl.images.old import remove
from todoctl.images.sideload import sideload
from todoctl.objects import in_use
from todoctl.targets.minikube import Minikube
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.minikube


@pytest.fixture
def images():
    """Five images named as ours are, the newest first, each with a content of its own."""
    made = [f"todo-backend:{random.token_hex(6)}" for _ in range(5)]
    for reference in made:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.addfile(tarfile.TarInfo(reference))
        subprocess.run(["docker", "import", "-", reference], input=archive.getvalue(), check=True, capture_output=True)
    yield made
    for reference in made:
        command("docker", "image", "rm", reference, check=False)
        command("docker", "exec", PROFILE, "crictl", "rmi", qualified(reference), check=False)


def test_the_newest_three_and_what_is_in_use_stay_on_host_and_node(images, heard, tmp_path):
    engine, target = docker.connect(), Minikube(PROFILE)
    before_on_host = {tag for image in BUILT for found in engine.images(image.name) for tag in found.tags} - {*images}
    before_on_node = set(target.node_images(PROFILE))
    sideload(
        images,
        target=target,
        engine=engine,
        digests=ConfigDigests(tmp_path / "digests"),
        reporter=heard,
        deadline=Deadline(180),
    )
    gone = remove(
        newest_first=images,
        in_use={*before_on_host, *before_on_node, images[4]},
        target=target,
        engine=engine,
        deadline=Deadline(180),
    )
    assert gone == [f"{images[3]} from this host", f"{images[3]} from node {PROFILE}"]
    stay = [*images[:3], images[4]]
    on_host = {tag for image in BUILT for found in engine.images(image.name) for tag in found.tags}
    assert on_host >= {*stay, *before_on_host}
    assert images[3] not in on_host
    on_node = set(target.node_images(PROFILE))
    assert on_node >= {*map(qualified, stay), *before_on_node}
    assert qualified(images[3]) not in on_node


def test_what_pods_and_workloads_of_any_namespace_run_is_in_use(installed, kubectl):
    used = in_use.images(Cluster.connect(PROFILE))
    pods = json.loads(kubectl("get", "pods", "-A", "-o", "json"))["items"]
    assert {container["image"] for pod in pods for container in pod["spec"]["containers"]} <= used
    deployment = kubectl.json("get", "deployment", "todo-backend", "-n", NAMESPACE)
    assert deployment["spec"]["template"]["spec"]["initContainers"][0]["image"] in used
