"""A disk that fills up: during a build that of a second engine, its data on a tmpfs too small for the build.

A node's, by what its containerd said with its own data on such a tmpfs: all tests share the real one's disk.
"""

import os
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from todoctl.adapters import docker
from todoctl.cli.main import main
from todoctl.deadline import Deadline
from todoctl.errors import BuildError, ExitCode
from todoctl.images.build import build, plan
from todoctl.steps import Steps

pytestmark = pytest.mark.docker

MEGABYTES = 64


@contextmanager
def engine_on_a_small_disk(folder, monkeypatch):
    dockerd = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/sbin")
    if os.name != "posix" or os.geteuid() != 0 or dockerd is None:
        pytest.skip("needs root and a dockerd to start a second engine")
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)], check=True)
    (disk / "filler").write_bytes(bytes(MEGABYTES // 4 * 1_000_000))
    socket = f"unix://{folder}/docker.sock"
    options = ["--bridge=none", "--iptables=false", "--ip-forward=false", f"--pidfile={folder}/pid", f"--host={socket}"]
    log = (folder / "log").open("wb")
    # In a network of its own: with --bridge=none it would take the bridge docker0 away from the host's engine.
    engine = subprocess.Popen(
        ["unshare", "--net", dockerd, f"--data-root={disk}/data", f"--exec-root={folder}/exec", *options],
        stdout=log,
        stderr=log,
    )
    try:
        monkeypatch.setenv("DOCKER_HOST", socket)
        bound = Deadline(180)
        while subprocess.run(["docker", "version"], capture_output=True).returncode and not bound.expired():
            assert engine.poll() is None, (folder / "log").read_text()
        yield docker.connect()
    finally:
        engine.terminate()
        engine.wait(timeout=180)
        log.close()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_named_and_after_the_hint_the_next_build_goes_on(sources, heard, tmp_path, monkeypatch) -> None:
    sources.write("dockerfiles/app.Dockerfile", "FROM scratch\nCOPY src /src\n")
    (sources.root / "app/src/large").write_bytes(os.urandom(2 * MEGABYTES * 1_000_000))

    def attempt(engine):
        wanted = plan(sources.image, sources.root, platform="linux/amd64", version="1")
        return build([wanted], sources.root, engine=engine, reporter=heard, deadline=Deadline(300))

    with engine_on_a_small_disk(tmp_path, monkeypatch) as engine:
        with pytest.raises(BuildError) as caught:
            attempt(engine)
        assert caught.value.id == "build.disk-full"
        assert caught.value.exit_code == ExitCode.BUILD
        assert "docker builder prune" in caught.value.hint
        (sources.root / "app/src/large").unlink()
        # On a disk without a single free byte not even the prune of the hint works.
        (tmp_path / "disk/filler").unlink()
        subprocess.run(["docker", "builder", "prune", "--force"], check=True, capture_output=True)
        [built] = attempt(engine)
        assert built.built


class FullNode:
    """A node that reads some of an image, says what the real one said, and ends as that did."""

    def __init__(self, said: Path) -> None:
        self._said = said

    def nodes(self):
        return ("minikube",)

    def node_images(self, _node):
        return {}

    def import_command(self, _node):
        return ["sh", "-c", f"head -c 1000 > /dev/null; cat {shlex.quote(str(self._said))} >&2; exit 1"]


class Unwritten:
    """A cluster with nothing in it, which must stay so: it has no way to write."""

    def get(self, *_):
        return None


SAID = sorted(Path(__file__).with_name("recorded").glob("containerd-no-space*.txt"))


@pytest.mark.parametrize("said", SAID, ids=[file.stem for file in SAID])
def test_a_full_disk_on_the_node_ends_an_install_before_anything_is_applied(said, sources, monkeypatch, capsys) -> None:
    wanted = plan(sources.image, sources.root, platform="linux/amd64", version="1")
    monkeypatch.setattr("todoctl.payload.root", lambda: sources.root)
    faked = {
        "target": FullNode(said),
        "cluster": Unwritten(),
        "preflight": lambda _: None,
        "fingerprint": lambda *_: [wanted],
        "look": lambda *_: {},
        "adopt": lambda *_: None,
    }
    for name, found in faked.items():
        monkeypatch.setattr(Steps, name, found)
    assert main(["install", "--yes"]) == ExitCode.SIDELOAD
    err = capsys.readouterr().err
    assert "did not reach node `minikube`" in err
    assert "no space left on the node (" in err
    assert "no space left on device" in err
    assert "minikube image rm" in err
    assert "\nSideload\n" in err
    assert "\nSecrets\n" not in err
