"""One contract for every target whose nodes take images: Minikube's node, and containers with kind's and k3d's labels.

kind and k3d cannot be had here. Their nodes are containers with containerd inside, which these are too: of Minikube's
node image, with the labels that those tools write.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import PROFILE, becomes, command, until
from todoctl import bundle
from todoctl.adapters import docker, kinds, process
from todoctl.adapters.kubernetes import Cluster
from todoctl.bundle import Bundle
from todoctl.deadline import Deadline
from todoctl.errors import SideloadError
from todoctl.images import archives
from todoctl.images.digests import ConfigDigests
from todoctl.images.sideload import Sideloaded, sideload
from todoctl.objects import manifests
from todoctl.settings import Settings
from todoctl.steps import Access, Steps
from todoctl.targets import find
from todoctl.targets.containers import Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.reference import by_digest, qualified

pytestmark = pytest.mark.minikube

PYTHON = "python:3.12-slim"
LOOPBACK = "127.0.0.1"

LABELS = {
    "kind": ("io.x-k8s.kind.cluster", "io.x-k8s.kind.role", ("control-plane", "worker"), ()),
    "k3d": ("k3d.cluster", "k3d.role", ("server", "agent"), ("--label=app=k3d",)),
}


@pytest.fixture(scope="module", params=["minikube", "kind", "k3d"])
def target(request: pytest.FixtureRequest) -> Iterator[Minikube | Containers]:
    """A running cluster's nodes: one of Minikube, two of the others."""
    if request.param == "minikube":
        found = find.target(Settings(profile=PROFILE, context=PROFILE))
        assert isinstance(found, Minikube)
        yield found
        return
    cluster = f"t-{uuid.uuid4().hex[:6]}"
    of_cluster, of_role, roles, further = LABELS[request.param]
    image = command("docker", "inspect", "--format", "{{.Config.Image}}", PROFILE).strip()
    names = [f"{request.param}-{cluster}-{role}" for role in roles]
    try:
        for name, role in zip(names, roles, strict=True):
            command(
                *("docker", "run", "--detach", "--privileged", "--security-opt", "seccomp=unconfined"),
                *("--tmpfs", "/tmp", "--tmpfs", "/run", "--volume", "/var", "--name", name, *further),  # noqa: S108
                *("--label", f"{of_cluster}={cluster}", "--label", f"{of_role}={role}", image),
            )
        for name in names:
            until(lambda name=name: command("docker", "exec", name, "systemctl", "start", "containerd"), seconds=120)
            until(lambda name=name: command("docker", "exec", name, "crictl", "images"), seconds=120)
        found = find.target(Settings(context=f"{request.param}-{cluster}"))
        assert isinstance(found, Containers)
        yield found
    finally:
        command("docker", "rm", "--force", "--volumes", *names)


@pytest.fixture
def image(tmp_path: Path, target: Minikube | Containers) -> Iterator[str]:
    """A small image with a name of its own, longer than pipes hold, which goes from host and nodes again."""
    reference = f"t-target-{uuid.uuid4().hex[:8]}:1"
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nCOPY ballast /{reference}\n")
    (tmp_path / "ballast").write_bytes(os.urandom(3_000_000))
    command("docker", "build", "--quiet", "--tag", reference, str(tmp_path))
    yield reference
    command("docker", "image", "rm", reference, check=False)
    for node in target.nodes():
        if qualified(reference) in target.node_images(node):
            process.run(target.remove_command(node, reference), deadline=Deadline(120))


@pytest.fixture
def digests(tmp_path: Path) -> ConfigDigests:
    return ConfigDigests(tmp_path / "digests.json")


def sent(reference: str, target: Minikube | Containers, digests: ConfigDigests, heard) -> list[Sideloaded]:
    return sideload(
        [reference], target=target, engine=docker.connect(), digests=digests, reporter=heard, deadline=Deadline(120)
    )


def test_an_image_reaches_every_node_once_under_its_config_digest(image, target, digests, heard) -> None:
    first = sent(image, target, digests, heard)
    assert [one.node for one in first] == list(target.nodes())
    for one in first:
        assert one.sent > 0
        assert target.node_images(one.node)[qualified(image)] == one.digest
    assert [one.sent for one in sent(image, target, digests, heard)] == [0] * len(first)


def test_a_node_that_lacks_what_the_others_hold_gets_it_alone(image, target, digests, heard) -> None:
    # So it is with a node that was added later, too.
    sent(image, target, digests, heard)
    lacking = target.nodes()[-1]
    process.run(target.remove_command(lacking, image), deadline=Deadline(120))
    again = sent(image, target, digests, heard)
    assert [one.node for one in again if one.sent] == [lacking]
    assert all(qualified(image) in target.node_images(node) for node in target.nodes())


def test_what_is_no_archive_is_refused_by_the_node(target) -> None:
    done = process.run(target.import_command(target.nodes()[0]), stdin=b"no archive", deadline=Deadline(180))
    assert not done.ok


class TestArchives:
    @pytest.fixture
    def saved(self, image: str, tmp_path: Path) -> Iterator[Bundle]:
        """A bundle of the image alone, which Docker has no more."""
        with bundle.creating(tmp_path / "t.bundle") as writer:
            with writer.member("images/t.tar") as member:
                argv = ["docker", "save", image]
                member.config = archives.save(argv, member.write, what=image, deadline=Deadline(180))
                member.references = (image,)
            writer.close(todoctl="1", platform="linux/amd64")
        command("docker", "image", "rm", image)
        with bundle.opened(tmp_path / "t.bundle") as found:
            found.verify()
            yield found

    def bring(self, saved: Bundle, target, heard) -> list[Sideloaded]:
        images = saved.index.images
        return archives.bring(images, saved.chunks, target=target, reporter=heard, deadline=Deadline(180))

    def test_an_image_in_a_file_reaches_every_node_once_though_docker_lacks_it(
        self, saved, image, target, heard
    ) -> None:
        first = self.bring(saved, target, heard)
        assert [one.node for one in first] == list(target.nodes())
        for one in first:
            assert one.sent == saved.index.images[0].size
            assert target.node_images(one.node)[qualified(image)] == saved.index.images[0].config
        assert [one.sent for one in self.bring(saved, target, heard)] == [0] * len(first)

    def test_what_a_node_gives_away_comes_whole_also_to_who_takes_it_slowly_and_another_takes_it(
        self, saved, image, target, heard, tmp_path: Path
    ) -> None:
        self.bring(saved, target, heard)
        node = target.nodes()[0]
        argv = target.export_command(node, [qualified(image)])
        assert argv is not None
        exported = tmp_path / "exported.tar"
        with exported.open("wb") as file:

            def write_slowly(chunk: bytes) -> None:
                time.sleep(0.02)
                file.write(chunk)

            config = archives.save(argv, write_slowly, what=image, deadline=Deadline(180))
        assert config == saved.index.images[0].config
        process.run(target.remove_command(node, image), deadline=Deadline(120))
        becomes(None, lambda: target.node_images(node).get(qualified(image)))
        done = process.send(target.import_command(node), [exported.read_bytes()], deadline=Deadline(180))
        assert done.ok, done.stderr
        becomes(config, lambda: target.node_images(node).get(qualified(image)))

    def test_an_image_that_a_node_has_not_cannot_be_saved_from_it(self, target) -> None:
        argv = target.export_command(target.nodes()[0], ["docker.io/library/t-absent:1"])
        assert argv is not None
        with pytest.raises(SideloadError) as caught:
            archives.save(argv, lambda _: None, what="t-absent:1", deadline=Deadline(180))
        assert caught.value.id == "save.failed"

    @pytest.fixture
    def named(self, image, target, digests, heard, tmp_path: Path) -> Iterator[tuple[str, str]]:
        """An image that came from a file to every node, which keeps its digest alone; return that, and tag and digest.

        So it is with the addons' images, for which a kubelet asks by both.
        """
        sent(image, target, digests, heard)
        node, name = target.nodes()[0], qualified(image)
        listed = command("docker", "exec", node, "ctr", "-n", "k8s.io", "images", "ls", f"name=={name}")
        (digest,) = re.findall(r"sha256:[0-9a-f]{64}", listed)
        kept = by_digest(f"{name}@{digest}")
        try:
            command("docker", "exec", node, "ctr", "-n", "k8s.io", "images", "tag", name, kept)
            exported = Exported((kept,), tmp_path / "exported.tar")
            with exported.path.open("wb") as file:
                argv = target.export_command(node, exported.references)
                exported.config = archives.save(argv, file.write, what=kept, deadline=Deadline(180))
            for one in target.nodes():
                command("docker", "exec", one, "ctr", "-n", "k8s.io", "images", "rm", "--sync", name, kept)
                becomes(None, lambda one=one: target.node_images(one).get(kept))
            brought = archives.bring([exported], Exported.chunks, target=target, reporter=heard, deadline=Deadline(180))
            assert [(one.node, one.sent) for one in brought] == [(one, exported.size) for one in target.nodes()]
            assert {target.node_images(one)[kept] for one in target.nodes()} == {exported.config}
            yield kept, f"{name}@{digest}"
        finally:
            for one in target.nodes():
                command("docker", "exec", one, "ctr", "-n", "k8s.io", "images", "rm", kept, check=False)

    @pytest.mark.parametrize("target", ["minikube"], indirect=True)
    def test_an_image_that_a_node_keeps_by_its_digest_alone_reaches_every_node_from_a_file(self, named, target) -> None:
        kept, _ = named
        assert all(kept in target.node_images(one) for one in target.nodes())

    @pytest.mark.parametrize("target", ["minikube"], indirect=True)
    def test_a_kubelet_finds_it_by_tag_and_digest_and_pulls_nothing(
        self, named, cluster: Cluster, namespace: str
    ) -> None:
        container = {"name": "app", "image": named[1], "imagePullPolicy": "IfNotPresent", "command": ["/none"]}
        spec = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]}
        metadata = {"name": "by-digest", "namespace": namespace}
        cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

        def told() -> dict[str, str]:
            events, _ = cluster.list(kinds.EVENT, namespace)
            found = {event["reason"]: event["message"] for event in events}
            assert {"Pulled", "Failed"} & set(found), found
            return found

        found = until(told, seconds=120)
        assert "already present" in found.get("Pulled", ""), found
        assert "Pulling" not in found


@dataclass
class Exported:
    """An image as a node gave it away."""

    references: tuple[str, ...]
    path: Path
    config: str = ""

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        yield self.path.read_bytes()


def test_its_ingress_is_looked_for_at_the_first_nodes_address(target) -> None:
    shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    assert target.address() == command("docker", "inspect", "--format", shown, target.nodes()[0]).strip()


@pytest.mark.parametrize(("published", "address"), [("127.0.0.1:80:80", LOOPBACK), ("127.0.0.1::80", None)])
@pytest.mark.parametrize("tool", LABELS)
def test_its_ingress_is_looked_for_on_this_host_where_a_container_publishes_port_80_there(
    tool: str, published: str, address: str | None
) -> None:
    # k3d's load balancer, or a node of kind that was made with extraPortMappings.
    cluster = f"t-{uuid.uuid4().hex[:6]}"
    of_cluster, of_role, roles, _ = LABELS[tool]
    names = []
    try:
        for role, options in ((roles[0], ()), ("loadbalancer", ("--publish", published))):
            names.append(f"{tool}-{cluster}-{role}")
            labels = ("--label", f"{of_cluster}={cluster}", "--label", f"{of_role}={role}")
            command("docker", "run", "--detach", "--name", names[-1], *labels, *options, PYTHON, "sleep", "600")
        found = find.target(Settings(context=f"{tool}-{cluster}"))
        assert isinstance(found, Containers)
        of_node = command("docker", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", names[0]).strip()
        assert found.address() == (address or of_node)
    finally:
        command("docker", "rm", "--force", *names, check=False)


def test_the_app_is_asked_through_the_api_server_where_no_address_is_sure_to_lead_to_it(target, heard) -> None:
    # The app is Minikube's, whatever the nodes: nothing answers at those of kind and k3d.
    steps = Steps(Settings(context=PROFILE, profile=PROFILE), heard)
    steps.__dict__["target"] = target
    access = steps.access(manifests.load("development"))
    assert isinstance(access, Access)
    assert access.url == "http://todo-app.local"
    assert (access.advice.address, access.advice.tunnel) == (target.address(), None)
