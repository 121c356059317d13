"""How Docker is started: what is chosen where; and, with a real engine of its own, that it works."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from todoctl.adapters import docker
from todoctl.adapters.docker_errors import DockerNotRunning, DockerPermission
from todoctl.adapters.system import HostSystem
from todoctl.deadline import Deadline
from todoctl.errors import PreflightError
from todoctl.preflight import starting
from todoctl.preflight.starting import World, starter

LINUX, DARWIN, WINDOWS, WSL = HostSystem.LINUX, HostSystem.DARWIN, HostSystem.WINDOWS, HostSystem.WSL
DEFAULT, ROOT, SYSTEMD = "unix:///var/run/docker.sock", True, True
PIPE = "npipe:////./pipe/docker_engine"
DESKTOP = r"Start-Process 'C:\Program Files\Docker\Docker\Docker Desktop.exe'"

TABLE = [
    (LINUX, DEFAULT, ROOT, SYSTEMD, "systemctl start docker"),
    (LINUX, DEFAULT, ROOT, not SYSTEMD, "service docker start"),
    (LINUX, "", ROOT, SYSTEMD, "systemctl start docker"),
    (LINUX, DEFAULT, not ROOT, SYSTEMD, None),
    (LINUX, "unix:///home/ada/.docker/desktop/docker.sock", not ROOT, SYSTEMD, "systemctl --user start docker-desktop"),
    (LINUX, "unix:///run/user/1000/docker.sock", not ROOT, SYSTEMD, "systemctl --user start docker"),
    (LINUX, "unix:///home/ada/.colima/default/docker.sock", not ROOT, SYSTEMD, "colima start"),
    (LINUX, "unix:///home/ada/.rd/docker.sock", not ROOT, SYSTEMD, "rdctl start"),
    (LINUX, "unix:///run/user/1000/podman/podman.sock", not ROOT, SYSTEMD, None),
    (LINUX, "unix:///run/podman/podman.sock", ROOT, SYSTEMD, None),
    (LINUX, "tcp://10.0.0.7:2376", ROOT, SYSTEMD, None),
    (LINUX, "ssh://build@host", ROOT, SYSTEMD, None),
    (DARWIN, "unix:///Users/ada/.docker/run/docker.sock", not ROOT, not SYSTEMD, "open -a Docker"),
    (DARWIN, "unix:///Users/ada/.colima/default/docker.sock", not ROOT, not SYSTEMD, "colima start"),
    (DARWIN, "unix:///Users/ada/.orbstack/run/docker.sock", not ROOT, not SYSTEMD, "orbctl start"),
    (DARWIN, "unix:///Users/ada/.rd/docker.sock", not ROOT, not SYSTEMD, "rdctl start"),
    (WINDOWS, PIPE, not ROOT, not SYSTEMD, f"powershell -NoProfile -Command {DESKTOP}"),
    (DARWIN, "unix:///Users/ada/.local/share/containers/podman/machine/podman.sock", not ROOT, not SYSTEMD, None),
    (WSL, DEFAULT, ROOT, SYSTEMD, "systemctl start docker"),
    (WSL, DEFAULT, ROOT, not SYSTEMD, "service docker start"),
    (WSL, DEFAULT, not ROOT, SYSTEMD, f"powershell.exe -NoProfile -Command {DESKTOP}"),
]


@pytest.mark.parametrize(("system", "host", "root", "systemd", "command"), TABLE)
def test_docker_is_started_as_its_maker_and_the_system_have_it(system, host, root, systemd, command) -> None:
    found = starter(World(system, host, root, systemd, has=lambda _: True))
    assert (found and " ".join(found.command)) == command


def test_every_row_is_chosen_somewhere() -> None:
    chosen = [starter(World(*row[:4], has=lambda _: True)) for row in TABLE]
    assert [row for row in starting.TABLE if row not in chosen] == []


def test_a_program_that_is_not_there_is_not_chosen() -> None:
    lacks = {"systemctl", "dockerd"}
    without = [
        starter(World(system, DEFAULT, ROOT, SYSTEMD, has=lambda name: name not in lacks)) for system in (LINUX, WSL)
    ]
    assert [found and found.command[0] for found in without] == ["service", "powershell.exe"]


def test_a_lack_of_rights_is_not_mended() -> None:
    assert starting.start_docker(DockerPermission("permission denied on its socket")) is None
    assert starting.start_docker(PreflightError("docker.engine", "Docker runs windows containers")) is None


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An engine that does not run, and a `service` command that starts it: one of its own, with no network."""
    socket, folder = tmp_path / "docker.sock", Path("/var/tmp") / f"todoctl-docker-{os.getpid()}"  # noqa: S108
    programs = tmp_path / "bin"
    programs.mkdir()
    # In a network of its own: with `--bridge none` it would remove the bridge of the machine's own engine.
    command = f"unshare --net {shutil.which('dockerd')} -H unix://{socket} --data-root {folder}/data"
    command += f" --exec-root {folder}/run"
    command += f" --pidfile {tmp_path}/pid --bridge none --iptables=false --ip-forward=false"
    (programs / "service").write_text(
        f'#!/bin/sh\n[ "$*" = "docker start" ] || exit 9\n{command} > {tmp_path}/log 2>&1 &\n'
    )
    (programs / "service").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    yield tmp_path / "log"
    if (tmp_path / "pid").exists():
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
        end = time.monotonic() + 120
        while (tmp_path / "pid").exists() and time.monotonic() < end:
            time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.docker
@pytest.mark.skipif(sys.platform != "linux", reason="an engine of one's own needs Linux")
def test_an_engine_that_does_not_run_is_started_and_waited_for(stopped: Path, heard) -> None:
    with pytest.raises(DockerNotRunning) as caught:
        docker.connect()
    repair = starting.start_docker(caught.value)
    assert repair is not None
    assert repair.question == "Start Docker with `service docker start`?"
    repair.do(heard, Deadline(180))
    assert docker.connect().engine().os == "linux", stopped.read_text()
    assert heard.notes == ["waiting for the engine to answer"]


@pytest.mark.docker
@pytest.mark.skipif(sys.platform != "linux", reason="an engine of one's own needs Linux")
def test_an_engine_that_cannot_be_started_says_why(stopped: Path, heard, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Path(shutil.which("service") or "")
    service.write_text("#!/bin/sh\necho 'docker: unrecognized service' >&2\nexit 1\n")
    repair = starting.start_docker(DockerNotRunning("its socket is not there"))
    assert repair is not None
    with pytest.raises(PreflightError) as caught:
        repair.do(heard, Deadline(60))
    assert caught.value.id == "docker.start"
    assert caught.value.because == "`service` exited 1 (docker: unrecognized service)"
