"""Sideloading into folders that take archives as a runtime would; tests/cluster has the real nodes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from todoctl.adapters import docker, process
from todoctl.deadline import Deadline
from todoctl.errors import SideloadError
from todoctl.images import sideload as sideloading
from todoctl.images.digests import ConfigDigests
from todoctl.images.image import POSTGRES
from todoctl.images.sideload import bring_back, sideload
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.docker


@dataclass
class Folders:
    """A target whose nodes are folders of archives. `fault` is a shell command that imports in place of ours."""

    root: Path
    names: tuple[str, ...] = ("one",)
    fault: str | None = None
    imports: list[str] = field(default_factory=list)

    def nodes(self) -> tuple[str, ...]:
        return self.names

    def import_command(self, node: str) -> list[str]:
        self.imports.append(node)
        folder = self.root / node
        folder.mkdir(exist_ok=True)
        return ["sh", "-c", self.fault or f"cat > {shlex.quote(str(folder / f'{time.monotonic_ns()}.tar'))}"]

    def node_images(self, node: str) -> dict[str, str]:
        held = {}
        for path in sorted((self.root / node).glob("*.tar")):
            with tarfile.open(path) as archive:
                content = archive.extractfile("manifest.json")
                assert content
                for entry in json.load(content):
                    digest = "sha256:" + entry["Config"].removeprefix("blobs/sha256/").removesuffix(".json")
                    held |= {qualified(tag): digest for tag in entry["RepoTags"]}
        return held


@dataclass
class Renamed:
    """The engine, as it would answer with its images in containerd: an ID is no config digest."""

    engine: docker.Docker

    def image(self, reference: str) -> docker.Image | None:
        found = self.engine.image(reference)
        return found and docker.Image(**{**vars(found), "id": "sha256:" + found.id[:6:-1]})


@pytest.fixture(scope="module")
def engine() -> docker.Docker:
    return docker.connect()


@pytest.fixture
def target(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.fixture
def digests(tmp_path: Path) -> ConfigDigests:
    return ConfigDigests(tmp_path / "config-digests.json")


@pytest.fixture
def image(sources) -> str:
    """A tiny image with a name of its own."""
    return built(sources, "first")


def built(sources, content: str, tag: str = "1") -> str:
    sources.write("app/src/main.py", f"{sources.image.name} {content}")
    reference = sources.image.reference(tag)
    argv = ["docker", "build", "--quiet", "--tag", reference, "--file", str(sources.root / sources.image.dockerfile)]
    subprocess.run([*argv, str(sources.root / "app")], check=True, capture_output=True)
    return reference


def sideloaded(references, target, engine, digests, heard, *, seconds: float = 180):
    return sideload(
        references, target=target, engine=engine, digests=digests, reporter=heard, deadline=Deadline(seconds)
    )


def test_a_missing_image_is_sent_and_read_back_and_the_next_time_kept(image, target, engine, digests, heard) -> None:
    [first] = sideloaded([image], target, engine, digests, heard)
    assert (first.node, first.references) == ("one", (image,))
    assert first.sent > 0
    assert target.node_images("one") == {f"docker.io/library/{image}": first.digest}
    [second] = sideloaded([image], target, engine, digests, heard)
    assert (second.sent, second.digest) == (0, first.digest)
    assert target.imports == ["one"]


def test_an_id_that_is_no_config_digest_is_learnt_from_the_stream(image, target, engine, digests, heard) -> None:
    [first] = sideloaded([image], target, Renamed(engine), digests, heard)
    [second] = sideloaded([image], target, Renamed(engine), digests, heard)
    assert (first.sent > 0, second.sent, second.digest) == (True, 0, first.digest)


def test_what_was_learnt_and_lost_costs_one_more_transfer(image, target, engine, tmp_path: Path, heard) -> None:
    sideloaded([image], target, Renamed(engine), ConfigDigests(tmp_path / "a.json"), heard)
    [again] = sideloaded([image], target, Renamed(engine), ConfigDigests(tmp_path / "b.json"), heard)
    assert again.sent > 0


def test_a_reused_tag_with_other_content_is_sent(sources, target, engine, digests, heard) -> None:
    image = built(sources, "first")
    [first] = sideloaded([image], target, engine, digests, heard)
    built(sources, "second")
    [second] = sideloaded([image], target, engine, digests, heard)
    assert second.sent > 0
    assert second.digest != first.digest
    assert target.node_images("one") == {f"docker.io/library/{image}": second.digest}


def test_references_to_one_image_travel_together(image, target, engine, digests, heard) -> None:
    alias = image.replace(":1", ":0.1.0")
    engine.tag(image, alias)
    [one] = sideloaded([image, alias], target, engine, digests, heard)
    assert one.references == (image, alias)
    assert target.node_images("one") == dict.fromkeys(map(qualified, (image, alias)), one.digest)
    assert target.imports == ["one"]


def test_a_reference_that_a_node_lacks_is_sent_although_it_holds_the_image(
    image, target, engine, digests, heard
) -> None:
    sideloaded([image], target, engine, digests, heard)
    alias = image.replace(":1", ":0.1.0")
    engine.tag(image, alias)
    [one] = sideloaded([image, alias], target, engine, digests, heard)
    assert one.sent > 0


def test_only_the_node_that_lacks_an_image_is_sent_it(image, target, engine, digests, heard) -> None:
    sideloaded([image], target, engine, digests, heard)
    target.names = ("one", "two")
    sent = {one.node: one.sent > 0 for one in sideloaded([image], target, engine, digests, heard)}
    assert sent == {"one": False, "two": True}


def test_a_runtime_that_notices_an_import_late_is_waited_for(
    image, target, engine, digests, heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = target.node_images
    first = iter([{}, {}, {}])  # before the import, and twice after it
    monkeypatch.setattr(target, "node_images", lambda node: next(first, held(node)))
    [one] = sideloaded([image], target, engine, digests, heard)
    assert held("one") == {f"docker.io/library/{image}": one.digest}
    assert list(first) == []


def test_an_import_that_does_nothing_and_exits_0_is_found_out(
    image, target, engine, digests, heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sideloading, "READ_BACK_SECONDS", 0.0)
    target.fault = "cat > /dev/null"
    with pytest.raises(SideloadError) as caught:
        sideloaded([image], target, engine, digests, heard)
    assert caught.value.id == "sideload.not-held"
    assert caught.value.what == f"`{image}` is not on node `one`"
    assert "the node holds no image there" in str(caught.value.because)


def test_an_import_that_exits_0_before_its_input_ends_is_found_out(target, engine, digests, heard) -> None:
    target.fault = "head -c 1000 > /dev/null"
    with pytest.raises(SideloadError):
        sideloaded(["python:3.12-slim"], target, engine, digests, heard)


def test_a_full_disk_on_the_node_is_explained(target, engine, digests, heard) -> None:
    target.fault = "head -c 100000 > /dev/null; dd if=/dev/zero of=/dev/full count=1"
    with pytest.raises(SideloadError) as caught:
        sideloaded(["python:3.12-slim"], target, engine, digests, heard)
    assert caught.value.id == "sideload.node-disk-full"
    assert "minikube image rm -p PROFILE" in str(caught.value.hint)


def test_a_node_that_is_gone_is_named_in_the_hint() -> None:
    failed = process.Completed(("docker", "exec"), 1, "", "Error: container kind-worker is not running")
    error = sideloading.failure("app:1", "kind-worker", failed, from_node=True)
    assert error.id == "sideload.node-gone"
    assert "`docker start kind-worker`" in str(error.hint)


def test_an_image_that_is_not_on_the_host_is_named(target, engine, digests, heard) -> None:
    with pytest.raises(SideloadError) as caught:
        sideloaded(["todo-backend:none"], target, engine, digests, heard)
    assert caught.value.id == "sideload.not-built"


def test_an_image_that_goes_away_before_it_is_saved_is_explained(image, target, engine, digests, heard) -> None:
    class Late:
        def image(self, reference: str) -> docker.Image | None:
            found = engine.image(reference)
            engine.remove(reference)
            return found

    with pytest.raises(SideloadError) as caught:
        sideloaded([image], target, Late(), digests, heard)
    assert caught.value.id == "sideload.failed"
    assert "could not be saved" in str(caught.value.because)


def test_an_import_that_hangs_ends_at_the_deadline(image, target, engine, digests, heard) -> None:
    target.fault = "sleep 100"
    with pytest.raises(SideloadError) as caught:
        sideloaded([image], target, engine, digests, heard, seconds=2)
    assert caught.value.id == "sideload.timeout"


SEND = """
import resource, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from test_sideload import Folders
from todoctl.adapters import docker, process
from todoctl.deadline import Deadline
from todoctl.images import sideload as sideloading
from todoctl.images.digests import ConfigDigests
from todoctl.images.sideload import bring_back, sideload
class Quiet:
    def progress(self, *told): pass
    def done(self, *told): pass
root = Path({root!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
engine = docker.connect()
[one] = sideload(["python:3.12-slim"], target=Folders(root), engine=engine,
                 digests=ConfigDigests(root / "d"), reporter=Quiet(), deadline=Deadline(120))
print(one.sent, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_memory_does_not_grow_with_the_image(tmp_path: Path) -> None:
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    script = SEND.format(paths=paths, root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    sent, grown = map(int, done.stdout.split())
    assert sent > 100_000_000
    assert grown < 40_000_000


def brought_back(references, target, engine, digests, heard):
    return bring_back(references, target=target, engine=engine, digests=digests, reporter=heard, deadline=Deadline(60))


def test_an_image_that_one_node_lost_is_brought_back_to_that_node(image, target, engine, digests, heard) -> None:
    target.names = ("one", "two")
    sideloaded([image], target, engine, digests, heard)
    for file in (target.root / "two").glob("*.tar"):
        file.unlink()
    target.imports.clear()
    back = brought_back([image], target, lambda: engine, digests, heard)
    assert [one.node for one in back if one.sent] == ["two"]
    assert target.imports == ["two"]
    assert target.node_images("two") == target.node_images("one")


def test_nobody_asks_the_host_for_images_that_every_node_has(image, target, engine, digests, heard) -> None:
    sideloaded([image], target, engine, digests, heard)
    assert brought_back([image], target, lambda: pytest.fail("asked"), digests, heard) == []


def test_an_image_that_neither_node_nor_host_has_is_a_clear_error(image, target, engine, digests, heard) -> None:
    with pytest.raises(SideloadError, match="`todo-gone:1` is gone") as gone:
        brought_back([image, "todo-gone:1"], target, lambda: engine, digests, heard)
    assert "neither node `one` nor this host's Docker" in gone.value.because
    assert target.imports == [], "nothing is sent before it is known that all of it can be"


@pytest.mark.parametrize(
    ("reference", "hint"), [("todo-gone:1", "todoctl history"), (POSTGRES, "docker pull postgres")]
)
def test_what_was_built_comes_back_otherwise_than_what_was_pulled(reference, hint, target, digests, heard) -> None:
    without = SimpleNamespace(image=lambda _reference: None)
    with pytest.raises(SideloadError) as gone:
        brought_back([reference], target, lambda: without, digests, heard)
    assert hint in gone.value.hint
