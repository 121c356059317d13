"""Sideloading into real nodes."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import PROFILE
from todoctl.adapters import docker, process
from todoctl.deadline import Deadline
from todoctl.images.digests import ConfigDigests
from todoctl.images.sideload import Sideloaded, sideload
from todoctl.targets.minikube import Minikube

pytestmark = pytest.mark.minikube


class Quiet:
    def progress(self, label: str, done: float, total: float | None, unit: str, detail: str = "") -> None:
        assert 0 < done <= (total or 0), (label, unit, detail)

    def done(self, label: str, text: str) -> None:
        assert text, label


@pytest.fixture
def name(tmp_path: Path) -> Iterator[str]:
    name = f"t-sideload-{uuid.uuid4().hex[:8]}"
    build(name, "1", "first", tmp_path)
    yield name
    for reference in held(name):
        subprocess.run(["docker", "exec", PROFILE, "crictl", "rmi", reference], check=False, capture_output=True)
    found = subprocess.run(["docker", "image", "ls", "-q", name], check=True, capture_output=True, text=True)
    for image in set(found.stdout.split()):
        subprocess.run(["docker", "image", "rm", "-f", image], check=False, capture_output=True)


def build(name: str, tag: str, content: str, folder: Path) -> str:
    (folder / "file").write_text(f"{name} {content}")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY file /\n")
    argv = ["docker", "build", "--quiet", "--tag", f"{name}:{tag}", str(folder)]
    subprocess.run(argv, check=True, capture_output=True)
    return f"{name}:{tag}"


def held(name: str) -> dict[str, str]:
    """Ask the runtime itself: reference → image ID."""
    argv = ["docker", "exec", PROFILE, "crictl", "images", "-o", "json"]
    listing = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return {tag: image["id"] for image in listing["images"] for tag in image["repoTags"] or () if f"/{name}:" in tag}


def load(references: list[str], cache: Path) -> list[Sideloaded]:
    return sideload(
        references,
        target=Minikube(PROFILE),
        engine=docker.connect(),
        digests=ConfigDigests(cache / "config-digests.json"),
        reporter=Quiet(),
        deadline=Deadline(120),
    )


def test_an_image_reaches_the_node_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [first] = load([f"{name}:1"], tmp_path)
    assert first.sent > 0
    assert held(name) == {f"docker.io/library/{name}:1": first.digest}

    def no_transfer(*_: object, **__: object) -> None:
        raise AssertionError("something was sent")

    monkeypatch.setattr(process, "pipe", no_transfer)
    [second] = load([f"{name}:1"], tmp_path)
    assert (second.sent, second.digest) == (0, first.digest)


def test_a_tag_that_was_built_again_is_replaced_on_the_node(name: str, tmp_path: Path) -> None:
    [first] = load([f"{name}:1"], tmp_path)
    build(name, "1", "second", tmp_path)
    [second] = load([f"{name}:1"], tmp_path)
    assert second.sent > 0
    assert second.digest != first.digest
    assert held(name) == {f"docker.io/library/{name}:1": second.digest}


def test_a_second_reference_reaches_the_node_with_the_same_image(name: str, tmp_path: Path) -> None:
    docker.connect().tag(f"{name}:1", f"{name}:0.1.0")
    [one] = load([f"{name}:1", f"{name}:0.1.0"], tmp_path)
    assert one.sent > 0
    assert set(held(name)) == {f"docker.io/library/{name}:1", f"docker.io/library/{name}:0.1.0"}
    assert len(set(held(name).values())) == 1


def test_an_image_that_was_removed_from_the_node_is_sent_again(name: str, tmp_path: Path) -> None:
    load([f"{name}:1"], tmp_path)
    subprocess.run(["docker", "exec", PROFILE, "crictl", "rmi", f"docker.io/library/{name}:1"], check=True)
    assert held(name) == {}
    [again] = load([f"{name}:1"], tmp_path)
    assert again.sent > 0
    assert len(held(name)) == 1
