"""Which images are old, and that nothing else goes; tests/cluster removes real ones from a real node."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from todoctl.adapters.docker_errors import DockerRefused
from todoctl.deadline import Deadline
from todoctl.images.old import remove, superseded
from todoctl.targets.reference import qualified


def backend(*digits):
    return [f"docker.io/library/todo-backend:{str(digit) * 12}" for digit in digits]


def frontend(*digits):
    return [reference.replace("backend", "frontend") for reference in backend(*digits)]


@pytest.mark.parametrize(
    ("there", "newest_first", "in_use", "old"),
    [
        pytest.param(backend(1, 2, 3), backend(3, 2, 1), [], [], id="three stay"),
        pytest.param(backend(1, 2, 3, 4, 5), backend(5, 4, 3, 2, 1), [], backend(2, 1), id="more than three go"),
        pytest.param(
            backend(1, 2, 3, 4, 5), backend(5, 4, 3, 2, 1), backend(1), backend(2), id="one in use stays as a fourth"
        ),
        pytest.param(
            backend(1, 2, 3, 4) + frontend(1, 2, 3), backend(4, 3, 2, 1), [], backend(1), id="each image for itself"
        ),
        pytest.param(
            backend(1, 2, 3, 4), backend(4, 2, 1), [], backend(3), id="one that nobody knows anything of is oldest"
        ),
        pytest.param(
            [*backend(1, 2, 3, 4), "docker.io/library/todo-backend:0.1.0"],
            ["docker.io/library/todo-backend:0.1.0", *backend(4, 3, 2, 1)],
            [],
            backend(1),
            id="a version is no fingerprint, and does not count",
        ),
        pytest.param(
            [
                *("docker.io/library/postgres:17", "docker.io/library/busybox:111111111111"),
                *(f"registry.example.org/todo-backend:{str(digit) * 12}" for digit in range(5)),
                *(f"docker.io/someone/todo-backend:{str(digit) * 12}" for digit in range(5)),
                *(f"docker.io/library/my-todo-backend:{str(digit) * 12}" for digit in range(5)),
            ],
            [],
            [],
            [],
            id="what is not ours stays",
        ),
    ],
)
def test_old_is_what_is_beyond_the_newest_three_and_not_in_use(there, newest_first, in_use, old):
    assert superseded(there, newest_first, in_use) == old


@dataclass
class Engine:
    """An engine with these tags, newest first; one that a container uses is refused."""

    tags: list
    used: tuple = ()

    def images(self, repository):
        return [Found((tag,)) for tag in self.tags if tag.startswith(f"{repository}:")]

    def remove(self, reference):
        if reference in map(qualified, self.used):
            raise DockerRefused("in use", "a container uses it")
        self.tags.remove(reference.removeprefix("docker.io/library/"))


@dataclass
class Found:
    tags: tuple


@dataclass
class Folder:
    """Nodes that are folders: a file for each reference, which holds its digest. `deaf` ones remove nothing."""

    root: Path
    names: tuple = ("one",)
    deaf: bool = False

    def file(self, node, reference):
        (self.root / node).mkdir(exist_ok=True)
        return self.root / node / reference.replace("/", "_")

    def hold(self, reference, digest, node="one"):
        self.file(node, reference).write_text(digest)

    def nodes(self):
        return list(self.names)

    def node_images(self, node):
        return {file.name.replace("_", "/"): file.read_text() for file in self.root.glob(f"{node}/*")}

    def remove_command(self, node, reference):
        return ["true"] if self.deaf else ["rm", shlex.quote(str(self.file(node, reference)))]


SHORT = [f"todo-backend:{str(digit) * 12}" for digit in (5, 4, 3, 2, 1)]


def removed(engine, target, *, newest_first=(), in_use=()):
    return remove(newest_first=newest_first, in_use=in_use, engine=engine, target=target, deadline=Deadline(20))


def test_host_and_node_lose_what_is_old_and_it_is_told(tmp_path):
    engine, target = Engine(list(SHORT)), Folder(tmp_path)
    for reference in SHORT:
        target.hold(qualified(reference), f"sha256:{reference}")
    gone = removed(engine, target, in_use=[SHORT[4]])
    assert gone == [f"{SHORT[3]} from this host", f"{SHORT[3]} from node one"]
    assert engine.tags == [*SHORT[:3], SHORT[4]]
    assert set(target.node_images("one")) == {qualified(reference) for reference in engine.tags}


def test_each_node_loses_what_is_old_among_its_own(tmp_path):
    target = Folder(tmp_path, ("one", "two", "three"))
    held = {"one": SHORT, "two": SHORT[1:], "three": SHORT[:3]}
    for node, references in held.items():
        for reference in references:
            target.hold(qualified(reference), f"sha256:{reference}", node)
    gone = removed(Engine([]), target, newest_first=SHORT)
    assert gone == [f"{SHORT[3]} from node one", f"{SHORT[4]} from node one", f"{SHORT[4]} from node two"]
    left = {node: set(target.node_images(node)) for node in held}
    assert left == {
        "one": set(map(qualified, SHORT[:3])),
        "two": set(map(qualified, SHORT[1:4])),
        "three": set(map(qualified, SHORT[:3])),
    }


def test_a_release_is_newer_than_what_was_built_later(tmp_path):
    engine = Engine(list(SHORT))
    removed(engine, Folder(tmp_path), newest_first=[SHORT[4], SHORT[3]])
    assert engine.tags == [SHORT[0], SHORT[3], SHORT[4]]


def test_what_a_container_of_the_host_uses_stays(tmp_path):
    engine = Engine(list(SHORT), used=(SHORT[4],))
    assert removed(engine, Folder(tmp_path)) == [f"{SHORT[3]} from this host"]


def test_an_image_that_has_a_reference_to_keep_stays_under_all_of_them(tmp_path):
    target = Folder(tmp_path)
    for reference in SHORT:
        target.hold(qualified(reference), f"sha256:{reference}")
    target.hold("docker.io/library/todo-backend:0.1.0", f"sha256:{SHORT[4]}")
    assert removed(Engine(list(SHORT[:1])), target, newest_first=SHORT) == [f"{SHORT[3]} from node one"]
    assert qualified(SHORT[4]) in target.node_images("one")


def test_what_the_node_still_holds_is_not_said_to_be_gone(tmp_path):
    target = Folder(tmp_path, deaf=True)
    for reference in SHORT:
        target.hold(qualified(reference), f"sha256:{reference}")
    assert removed(Engine([]), target, newest_first=SHORT) == []
