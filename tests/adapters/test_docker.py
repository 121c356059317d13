"""One contract for both ways to the engine, on a real one; and what a dead one looks like."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from todoctl.adapters import docker, docker_errors
from todoctl.adapters.docker import DockerCli, DockerSdk, ImageStore

DESKTOP = {
    "ServerVersion": "29.1.3",
    "OSType": "linux",
    "Architecture": "aarch64",
    "OperatingSystem": "Docker Desktop",
    "NCPU": 8,
    "MemTotal": 8_218_034_176,
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "SecurityOptions": ["name=seccomp,profile=unconfined", "name=cgroupns"],
    "DockerRootDir": "/var/lib/docker",
}
ENGINE = {
    "ServerVersion": "20.10.24+dfsg1",
    "OSType": "linux",
    "Architecture": "x86_64",
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "NCPU": 2,
    "MemTotal": 25276510208,
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
    "SecurityOptions": ["name=seccomp,profile=default"],
    "DockerRootDir": "/var/lib/docker",
}


class TestWhatTheEngineSays:
    def test_a_classic_engine_on_linux(self) -> None:
        engine = docker._engine(ENGINE)
        assert (engine.version, engine.architecture, engine.desktop) == ("20.10.24+dfsg1", "amd64", False)
        assert (engine.image_store, engine.rootless) == (ImageStore.CLASSIC, False)

    def test_docker_desktop_with_the_containerd_image_store(self) -> None:
        engine = docker._engine(DESKTOP)
        assert (engine.version, engine.architecture, engine.desktop) == ("29.1.3", "arm64", True)
        assert (engine.image_store, engine.cpus, engine.memory_bytes) == (ImageStore.CONTAINERD, 8, 8_218_034_176)

    def test_a_rootless_engine(self) -> None:
        assert docker._engine({**ENGINE, "SecurityOptions": ["name=seccomp", "name=rootless"]}).rootless


@pytest.mark.parametrize(
    ("host", "pywin32", "served"),
    [
        ("unix:///var/run/docker.sock", False, True),
        ("unix:///home/ada/.docker/desktop/docker.sock", False, True),
        ("npipe:////./pipe/docker_engine", False, False),
        ("npipe:////./pipe/docker_engine", True, True),
        ("tcp://10.0.0.7:2376", True, False),
        ("ssh://ada@builder", True, False),
    ],
)
def test_the_sdk_serves_sockets_and_the_command_line_the_rest(
    host: str,
    pywin32: bool,  # noqa: FBT001 - a column of the table
    served: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object() if pywin32 else None)
    assert docker._sdk_serves(host) is served


# What the socket's trouble looks like in the SDK's and in the command line's words, as recorded.
SDK = "Error while fetching server API version: ('Connection aborted.', {})"
CLI = "Got permission denied while trying to connect to the Docker daemon socket at unix:///x: dial unix"
TROUBLE = {
    SDK.format("PermissionError(13, 'Permission denied')"): "permission denied on its socket",
    CLI: "permission denied on its socket",
    SDK.format("FileNotFoundError(2, 'No such file or directory')"): "its socket is not there",
    SDK.format("ConnectionRefusedError(111, 'Connection refused')"): "nobody listens on its socket",
    "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?": (
        "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"
    ),
}


@pytest.mark.parametrize(("said", "because"), TROUBLE.items())
def test_trouble_with_the_socket_is_told_apart(said: str, because: str) -> None:
    found = docker_errors.unreachable(said)
    assert isinstance(found, docker_errors.DockerPermission) == ("permission denied" in because)
    assert found.because == because


@pytest.mark.parametrize(("linux", "hint"), [(True, "sudo usermod -aG docker"), (False, "`docker context ls`")])
def test_who_may_not_talk_to_docker_is_told_what_helps_on_this_system(
    monkeypatch: pytest.MonkeyPatch, *, linux: bool, hint: str
) -> None:
    monkeypatch.setattr("todoctl.adapters.system.LINUX", linux)
    found = str(docker_errors.unreachable("permission denied").hint)
    assert hint in found
    assert ("usermod" in found) == linux


def test_without_a_docker_command_that_is_what_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(docker_errors.DockerMissing) as caught:
        docker.connect()
    assert caught.value.what == "there is no `docker` command"
    with pytest.raises(docker_errors.DockerMissing):
        docker.client_version()


@pytest.fixture(params=[DockerSdk, DockerCli], ids=["sdk", "cli"])
def ways(request: pytest.FixtureRequest) -> type[DockerSdk | DockerCli]:
    return request.param  # type: ignore[no-any-return]


def way_to(host: str, ways: type[DockerSdk | DockerCli], monkeypatch: pytest.MonkeyPatch) -> docker.Docker:
    monkeypatch.setenv("DOCKER_HOST", host)
    return DockerSdk(host) if ways is DockerSdk else DockerCli()


@pytest.mark.docker
class TestDeadEngine:
    """No engine is asked here, but the `docker` command is."""

    def test_no_socket(
        self, ways: type[DockerSdk | DockerCli], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(docker_errors.DockerNotRunning):
            way_to(f"unix://{tmp_path}/docker.sock", ways, monkeypatch).engine()

    def test_a_socket_that_nobody_listens_on(
        self, ways: type[DockerSdk | DockerCli], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(tmp_path / "docker.sock"))
        with pytest.raises(docker_errors.DockerNotRunning):
            way_to(f"unix://{tmp_path}/docker.sock", ways, monkeypatch).engine()

    def test_an_engine_that_never_answers(
        self, ways: type[DockerSdk | DockerCli], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(docker, "CALL_SECONDS", 1.0)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(tmp_path / "docker.sock"))
            silent.listen()
            with pytest.raises(docker_errors.DockerNotRunning, match="does not answer") as caught:
                way_to(f"unix://{tmp_path}/docker.sock", ways, monkeypatch).engine()
        assert caught.value.because == "no answer in time"

    def test_an_engine_that_is_broken(
        self, ways: type[DockerSdk | DockerCli], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "docker.sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            threading.Thread(target=_hang_up_on_all, args=(server,), daemon=True).start()
            with pytest.raises((docker_errors.DockerNotRunning, docker_errors.DockerRefused)):
                way_to(f"unix://{path}", ways, monkeypatch).engine()

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes another user's identity")
    def test_a_user_who_may_not(self, ways: type[DockerSdk | DockerCli], monkeypatch: pytest.MonkeyPatch) -> None:
        # The real socket, asked by a user outside the group.
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        way = "docker.DockerSdk('unix:///var/run/docker.sock')" if ways is DockerSdk else "docker.DockerCli()"
        code = (
            "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534); os.environ['HOME'] = '/'\n"
            "from todoctl.adapters import docker, docker_errors\n"
            "try:\n"
            f"    {way}.engine()\n"
            "except docker_errors.DockerPermission as error:\n"
            "    print(error.what)\n"
        )
        done = _as_other_user(code)
        assert done.stdout == "this user may not talk to Docker\n", done.stderr


def _hang_up_on_all(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


def _as_other_user(code: str) -> subprocess.CompletedProcess[str]:
    import sys

    # Everything is loaded before the identity changes: the other user may not be able to read the checkout.
    preload = "import docker, requests, todoctl.adapters.docker\n"
    return subprocess.run(
        [sys.executable, "-c", preload + code],
        cwd=Path(docker.__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


DOCKERFILE = """
FROM scratch
COPY --from=python:3.12-slim /usr/bin/true /a
COPY --from=python:3.12-slim /usr/bin/env /b
"""


@pytest.mark.docker
class TestContract:
    @pytest.fixture
    def engine(self, ways: type[DockerSdk | DockerCli]) -> docker.Docker:
        host = docker.host()
        assert host is not None
        return DockerSdk(host) if ways is DockerSdk else DockerCli()

    @pytest.fixture
    def repository(self) -> Iterator[str]:
        """An image of two small layers, under a name of its own."""
        name = f"todoctl-test-{uuid.uuid4().hex[:8]}"
        subprocess.run(
            ["docker", "build", "-q", "-t", f"{name}:one", "--label", f"made-by={name}", "-"],
            input=DOCKERFILE,
            text=True,
            check=True,
            capture_output=True,
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
        )
        yield name
        left = subprocess.run(["docker", "image", "ls", "-q", name], check=True, capture_output=True, text=True)
        if left.stdout:
            subprocess.run(["docker", "image", "rm", "-f", *left.stdout.split()], check=True, capture_output=True)

    def test_both_ways_see_the_same_engine(self) -> None:
        host = docker.host()
        assert host is not None
        assert DockerSdk(host).engine() == DockerCli().engine()

    def test_an_image_that_is_there(self, engine: docker.Docker, repository: str) -> None:
        image = engine.image(f"{repository}:one")
        assert image is not None
        assert image.tags == (f"{repository}:one",)
        assert image.id.startswith("sha256:")
        assert (image.os, image.architecture) == ("linux", engine.engine().architecture)

    def test_an_image_that_is_not_there(self, engine: docker.Docker) -> None:
        assert engine.image("todoctl-test-absent:one") is None
        with pytest.raises(docker_errors.DockerRefused, match="Docker has no `todoctl-test-absent:one`"):
            engine.tag("todoctl-test-absent:one", "todoctl-test-absent:two")

    def test_the_size_is_the_sum_of_the_layers(self, engine: docker.Docker, repository: str) -> None:
        sizes = [
            int(size)
            for size in subprocess.run(
                ["docker", "run", "--rm", "python:3.12-slim", "stat", "-Lc", "%s", "/usr/bin/true", "/usr/bin/env"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split()
        ]
        image = engine.image(f"{repository}:one")
        assert image is not None
        assert image.size == sum(sizes)

    def test_tag_adds_a_reference_and_remove_takes_it_away(self, engine: docker.Docker, repository: str) -> None:
        engine.tag(f"{repository}:one", f"{repository}:two")
        one = engine.image(f"{repository}:one")
        assert one is not None
        assert set(one.tags) == {f"{repository}:one", f"{repository}:two"}
        assert engine.images(repository) == [one]
        engine.remove(f"{repository}:two")
        assert engine.image(f"{repository}:two") is None
        assert engine.image(f"{repository}:one") is not None

    def test_remove_of_what_is_not_there_is_fine(self, engine: docker.Docker) -> None:
        engine.remove("todoctl-test-absent:one")

    def test_a_repository_without_images_has_none(self, engine: docker.Docker) -> None:
        assert engine.images("todoctl-test-absent") == []

    def test_the_current_context_is_followed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        subprocess.run(
            ["docker", "context", "create", "other", "--docker", f"host=unix://{tmp_path}/other.sock"],
            check=True,
            capture_output=True,
        )
        subprocess.run(["docker", "context", "use", "other"], check=True, capture_output=True)
        assert docker.host() == f"unix://{tmp_path}/other.sock"
        with pytest.raises(docker_errors.DockerNotRunning):
            docker.connect()

    def test_connect_finds_the_engine(self) -> None:
        assert docker.connect().engine().os == "linux"

    def test_the_command_tells_its_version_without_an_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
        assert docker.client_version()[0].isdigit()
