"""One contract for every target whose nodes take images: Minikube's node, and containers with kind's and k3d's labels.

kind and k3d cannot be had here. Their nodes are containers with containerd inside, which these are too: of Minikube's
node image, with the labels that those tools write.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import PROFILE, command, until
from todoctl import bundle
from todoctl.adapters import docker, process
from todoctl.bundle import Bundle
from todoctl.deadline import Deadline
from todoctl.errors import SideloadError
from todoctl.images import archives
from todoctl.images.digests import ConfigDigests
from todoctl.images.sideload import Sideloaded, sideload
from todoctl.settings import Settings
from todoctl.targets import find
from todoctl.targets.containers import Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.minikube

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
            until(lambda name=name: command("docker", "exec", name, "systemctl", "start", "containerd"), seconds=30)
            until(lambda name=name: command("docker", "exec", name, "crictl", "images"), seconds=30)
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
            process.run(target.remove_command(node, reference), deadline=Deadline(30))


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
    process.run(target.remove_command(lacking, image), deadline=Deadline(30))
    again = sent(image, target, digests, heard)
    assert [one.node for one in again if one.sent] == [lacking]
    assert all(qualified(image) in target.node_images(node) for node in target.nodes())


def test_what_is_no_archive_is_refused_by_the_node(target) -> None:
    done = process.run(target.import_command(target.nodes()[0]), stdin=b"no archive", deadline=Deadline(60))
    assert not done.ok


class TestArchives:
    @pytest.fixture
    def saved(self, image: str, tmp_path: Path) -> Iterator[Bundle]:
        """A bundle of the image alone, which Docker has no more."""
        with bundle.creating(tmp_path / "t.bundle") as writer:
            with writer.member("images/t.tar") as member:
                argv = ["docker", "save", image]
                member.config = archives.save(argv, member.write, what=image, deadline=Deadline(60))
                member.references = (image,)
            writer.close(todoctl="1", platform="linux/amd64")
        command("docker", "image", "rm", image)
        with bundle.opened(tmp_path / "t.bundle") as found:
            found.verify()
            yield found

    def bring(self, saved: Bundle, target, heard) -> list[Sideloaded]:
        images = saved.index.images
        return archives.bring(images, saved.chunks, target=target, reporter=heard, deadline=Deadline(60))

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

            config = archives.save(argv, write_slowly, what=image, deadline=Deadline(60))
        assert config == saved.index.images[0].config
        process.run(target.remove_command(node, image), deadline=Deadline(30))
        assert qualified(image) not in target.node_images(node)
        done = process.send(target.import_command(node), [exported.read_bytes()], deadline=Deadline(60))
        assert done.ok, done.stderr
        assert target.node_images(node)[qualified(image)] == config

    def test_an_image_that_a_node_has_not_cannot_be_saved_from_it(self, target) -> None:
        argv = target.export_command(target.nodes()[0], ["docker.io/library/t-absent:1"])
        assert argv is not None
        with pytest.raises(SideloadError) as caught:
            archives.save(argv, lambda _: None, what="t-absent:1", deadline=Deadline(60))
        assert caught.value.id == "save.failed"


def test_its_ingress_is_looked_for_at_the_first_nodes_address(target) -> None:
    shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    assert target.address() == command("docker", "inspect", "--format", shown, target.nodes()[0]).strip()
