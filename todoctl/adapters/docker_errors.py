"""How the Docker engine can fail us, told apart by what the socket, the SDK or the command said."""

from __future__ import annotations

from todoctl.adapters import system
from todoctl.errors import PreflightError, TodoctlError


class DockerMissing(PreflightError):
    """There is no `docker` command."""

    def __init__(self) -> None:
        super().__init__(
            "docker.missing",
            "there is no `docker` command",
            because="it is not on PATH",
            hint=_install_hint(),
        )


class DockerNotRunning(PreflightError):
    """The engine does not answer."""

    def __init__(self, because: str) -> None:
        super().__init__("docker.not-running", "Docker does not answer", because=because, hint=_start_hint())


class DockerPermission(PreflightError):
    """The engine is there, but this user may not talk to it."""

    def __init__(self, because: str) -> None:
        super().__init__(
            "docker.permission",
            "this user may not talk to Docker",
            because=because,
            hint=_permission_hint(),
        )


class DockerRefused(TodoctlError):
    """The engine answered with an error."""

    def __init__(self, what: str, because: str) -> None:
        super().__init__("docker.refused", what, because=because, hint="see what the same `docker` command says")


def is_unreachable(complaint: str) -> bool:
    """Tell whether the `docker` command complained about the way to the engine, and not of the engine."""
    said = complaint.lower()
    return any(
        text in said
        for text in (
            "cannot connect to the docker daemon",
            "error during connect",
            "failed to connect to the docker api",
            "docker daemon is not running",
            "permission denied while trying to connect",
        )
    )


def unreachable(because: str) -> DockerNotRunning | DockerPermission:
    """Make the error for an engine that does not answer."""
    # The SDK nests what the socket said in the text of three exceptions; the command says it in a sentence.
    said = because.lower()
    if "permission denied" in said or "permissionerror" in said:
        return DockerPermission("permission denied on its socket")
    if "filenotfounderror" in said or "no such file" in said:
        return DockerNotRunning("its socket is not there")
    if "connectionrefusederror" in said or "connection refused" in said:
        return DockerNotRunning("nobody listens on its socket")
    if "timed out" in said:
        return DockerNotRunning("no answer in time")
    return DockerNotRunning(" ".join(because.split()))


def _install_hint() -> str:
    if system.LINUX and not system.is_wsl():
        return "install Docker Engine: https://docs.docker.com/engine/install/"
    return "install Docker Desktop: https://docs.docker.com/desktop/"


def _permission_hint() -> str:
    if system.LINUX:
        return "add yourself to the group with `sudo usermod -aG docker $USER`, then log out and in again"
    return "restart Docker Desktop; which engine is asked: `docker context ls`"


def _start_hint() -> str:
    if system.is_wsl():
        return "start Docker Desktop with WSL integration for this distribution, or `sudo service docker start`"
    if system.LINUX:
        return "start it with `sudo systemctl start docker`; which engine is asked: `docker context ls`"
    return "start Docker Desktop, wait until it says that the engine runs, and try again"
