"""How Docker is started: a table of operating systems, and of what makes the engine there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from todoctl.adapters import docker, process, system
from todoctl.adapters.docker_errors import DockerNotRunning
from todoctl.adapters.system import HostSystem
from todoctl.deadline import Deadline
from todoctl.errors import PreflightError, TodoctlError
from todoctl.preflight.check import Repair
from todoctl.reporter import Reporter

START_SECONDS = 180.0
"""How long an engine may take to answer; Docker Desktop boots a virtual machine."""

LINUX, DARWIN, WINDOWS, WSL = HostSystem.LINUX, HostSystem.DARWIN, HostSystem.WINDOWS, HostSystem.WSL

_DESKTOP_OF_WINDOWS = r"Start-Process 'C:\Program Files\Docker\Docker\Docker Desktop.exe'"


@dataclass(frozen=True)
class World:
    """What decides how Docker is started: `host` is the engine's URL, "" where nobody names one."""

    system: HostSystem
    host: str
    root: bool
    systemd: bool
    has: Callable[[str], bool]


@dataclass(frozen=True)
class Starter:
    """One row: it fits a system whose engine's URL has `host` in it; root and systemd where it asks for them.

    Its program has to be there, too, and `also`, where another one has to be.
    """

    system: HostSystem
    command: tuple[str, ...]
    host: str = ""
    root: bool = False
    systemd: bool = False
    also: str | None = None

    def fits(self, world: World) -> bool:
        """Tell whether this is how Docker is started there."""
        return (
            self.system is world.system
            and self.host in world.host
            and (world.root or not self.root)
            and (world.systemd or not self.systemd)
            and world.has(self.command[0])
            and (self.also is None or world.has(self.also))
        )


# Of those that fit, the first. What needs root is not tried without it: todoctl never runs sudo.
TABLE = (
    Starter(LINUX, ("systemctl", "--user", "start", "docker-desktop"), host="/.docker/desktop/"),
    Starter(LINUX, ("colima", "start"), host="/.colima/"),
    Starter(LINUX, ("rdctl", "start"), host="/.rd/"),
    Starter(LINUX, ("systemctl", "--user", "start", "docker"), host="/run/user/"),
    Starter(LINUX, ("systemctl", "start", "docker"), root=True, systemd=True),
    Starter(LINUX, ("service", "docker", "start"), root=True),
    Starter(DARWIN, ("colima", "start"), host="/.colima/"),
    Starter(DARWIN, ("orbctl", "start"), host="/.orbstack/"),
    Starter(DARWIN, ("rdctl", "start"), host="/.rd/"),
    Starter(DARWIN, ("open", "-a", "Docker")),
    Starter(WINDOWS, ("powershell", "-NoProfile", "-Command", _DESKTOP_OF_WINDOWS)),
    Starter(WSL, ("systemctl", "start", "docker"), root=True, systemd=True, also="dockerd"),
    Starter(WSL, ("service", "docker", "start"), root=True, also="dockerd"),
    Starter(WSL, ("powershell.exe", "-NoProfile", "-Command", _DESKTOP_OF_WINDOWS)),
)


def starter(world: World) -> Starter | None:
    """Return how Docker is started, or None where todoctl knows no way.

    Such are an engine on another machine, and one whose socket has another name, as Podman's `podman.sock`.
    """
    scheme, _, place = world.host.partition(":")
    if scheme not in {"", "unix", "npipe"} or (scheme == "unix" and not place.endswith("/docker.sock")):
        return None
    return next((row for row in TABLE if row.fits(world)), None)


def start_docker(error: TodoctlError) -> Repair | None:
    """Return the repair for an engine that does not answer; a lack of rights it does not mend."""
    if not isinstance(error, DockerNotRunning):
        return None
    found = starter(_world())
    if found is None:
        return None
    return Repair(f"Start Docker with `{' '.join(found.command)}`?", partial(_start, found.command))


def _world() -> World:
    return World(
        system=system.host_system(),
        host=docker.host() or "",
        root=system.is_root(),
        systemd=Path("/run/systemd/system").is_dir(),
        has=lambda program: process.which(program) is not None,
    )


def _start(command: tuple[str, ...], reporter: Reporter, deadline: Deadline) -> None:
    deadline = deadline.within(START_SECONDS)
    done = process.run(command, deadline=deadline)
    if not done.ok:
        raise PreflightError(
            "docker.start",
            "Docker was not started",
            because=done.complaint(),
            hint=f"see what `{done.command}` says, and the engine's log",
        )
    reporter.note("waiting for the engine to answer")
    while True:
        try:
            docker.connect()
        except DockerNotRunning as error:
            if deadline.expired():
                hint = "give it more time with `--timeout`, and see the engine's log"
                raise PreflightError(
                    "docker.start", "Docker does not answer yet", because=error.because, hint=hint
                ) from error
        else:
            return
        time.sleep(min(1.0, deadline.remaining()))
