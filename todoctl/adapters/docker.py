"""Look at the Docker engine: through the SDK where its socket can be had, else through the command line.

Both answer with the Engine API's own JSON, so that one set of functions reads it. Builds and streams go through the
`docker` command line anyway (the SDK has no BuildKit), which is why a missing command is an error of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from todoctl.adapters import process
from todoctl.adapters.docker_errors import (
    DockerMissing,
    DockerNotRunning,
    DockerRefused,
    is_unreachable,
    unreachable,
)
from todoctl.deadline import Deadline

if TYPE_CHECKING:
    import docker

CALL_SECONDS = 30.0
"""How long one question to the engine may take; a paused Docker Desktop never answers."""


class ImageStore(Enum):
    """Where the engine keeps images: it decides what an image ID is."""

    CLASSIC = "classic"
    """Graph drivers; an image's ID is its config digest."""
    CONTAINERD = "containerd"
    """The default since Docker 29; an image's ID is the digest of its index or manifest."""


@dataclass(frozen=True)
class Engine:
    """What the engine says about itself. `architecture` is as images name it; memory and CPUs are the engine's own."""

    version: str
    os: str
    architecture: str
    operating_system: str
    cpus: int
    memory_bytes: int
    storage_driver: str
    image_store: ImageStore
    rootless: bool
    data_root: str

    @property
    def desktop(self) -> bool:
        """Tell whether it is Docker Desktop, which runs in a virtual machine with its own CPUs, memory and disk."""
        return self.operating_system == "Docker Desktop"


@dataclass(frozen=True)
class Image:
    """An image as the engine holds it; see ImageStore for what `id` is.

    `size` is the sum of the layers, uncompressed, in bytes, whichever store holds them. `created` is RFC 3339: what is
    built anew from the cache alone keeps it.
    """

    id: str
    tags: tuple[str, ...]
    size: int
    os: str
    architecture: str
    created: str


class Docker(Protocol):
    """What todoctl asks the engine for. Every call raises what docker_errors has."""

    def engine(self) -> Engine:
        """Return what the engine says about itself."""

    def image(self, reference: str) -> Image | None:
        """Return the image that a reference or an ID names, or None."""

    def images(self, repository: str) -> list[Image]:
        """Return every image that has a tag in this repository (`todo-backend`), newest first."""

    def tag(self, source: str, reference: str) -> None:
        """Give an image one more reference, taking it from the image that had it."""

    def remove(self, reference: str) -> None:
        """Take a reference away, and the image with its last one. None there is fine; one in use is refused."""


def connect() -> Docker:
    """Return the engine that the `docker` command would use, after it has answered once.

    Raises DockerMissing, DockerNotRunning or DockerPermission.
    """
    if process.which("docker") is None:
        raise DockerMissing
    at = host()
    found: Docker = DockerSdk(at) if at is not None and _sdk_serves(at) else DockerCli()
    found.engine()
    return found


def client_version() -> str:
    """Return the version of the `docker` command, which needs no engine. Raises DockerMissing."""
    # Such as `Docker version 20.10.24+dfsg1, build 297e128`
    words = _cli(["--version"]).stdout.replace(",", " ").split()
    return words[words.index("version") + 1] if "version" in words[:-1] else "unknown"


def buildx_version() -> str | None:
    """Return the version of the buildx plugin, or None where there is none. Raises DockerMissing."""
    # Such as `github.com/docker/buildx v0.19.3 48d6a39`
    done = _cli(["buildx", "version"])
    return done.stdout.split()[1] if done.ok and len(done.stdout.split()) > 1 else None


def gateways(container: str) -> tuple[str, ...]:
    """Return the addresses that the engine's host has in a container's networks. Raises as `connect` does."""
    done = _cli(
        ["container", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}", container]
    )
    return tuple(done.stdout.split()) if done.ok else ()


class DockerSdk:
    """The engine through docker-py."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._connected: docker.APIClient | None = None

    def engine(self) -> Engine:  # noqa: D102 - see Docker
        return _engine(self._ask("info", lambda api: api.info()))

    def image(self, reference: str) -> Image | None:  # noqa: D102
        found = self._ask(reference, lambda api: api.inspect_image(reference), absent=None)
        return None if found is None else self._with_size(found)

    def images(self, repository: str) -> list[Image]:  # noqa: D102
        ids = set(self._ask(repository, lambda api: api.images(name=repository, quiet=True)))
        return _newest_first(image for image in map(self.image, ids) if image is not None)

    def _with_size(self, inspected: dict[str, Any]) -> Image:
        image = inspected["Id"]
        return _image(inspected, [layer["Size"] for layer in self._ask(image, lambda api: api.history(image))])

    def tag(self, source: str, reference: str) -> None:  # noqa: D102
        repository, _, tag = reference.rpartition(":")
        self._ask(source, lambda api: api.tag(source, repository, tag))

    def remove(self, reference: str) -> None:  # noqa: D102
        self._ask(reference, lambda api: api.remove_image(reference), absent=None)

    def _ask(self, about: str, question: Callable[[Any], Any], **absent: None) -> Any:
        """Ask; `absent=None` says that what the engine does not have is no error."""
        import docker
        import requests

        try:
            if self._connected is None:
                self._connected = docker.APIClient(base_url=self._host, version="auto", timeout=int(CALL_SECONDS))
            return question(self._connected)
        except docker.errors.NotFound as error:
            if absent:
                return None
            raise DockerRefused(f"Docker has no `{about}`", error.explanation or str(error)) from error
        except docker.errors.APIError as error:
            raise DockerRefused(f"Docker refused `{about}`", error.explanation or str(error)) from error
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise unreachable(str(error)) from error


class DockerCli:
    """The engine through the `docker` command."""

    def engine(self) -> Engine:  # noqa: D102 - see Docker
        info = self._json(["info", "--format", "{{json .}}"])
        # Some versions exit 0 although nobody answered.
        if info.get("ServerErrors") or "ServerVersion" not in info:
            raise unreachable("; ".join(info.get("ServerErrors") or ["no server in the answer"]))
        return _engine(info)

    def image(self, reference: str) -> Image | None:  # noqa: D102
        found = self._json(["image", "inspect", reference], absent=True)
        return self._with_size(found[0]) if found else None

    def images(self, repository: str) -> list[Image]:  # noqa: D102
        ids = set(self._answer(["image", "ls", "--no-trunc", "--quiet", repository]).split())
        return _newest_first(image for image in map(self.image, ids) if image is not None)

    def _with_size(self, inspected: dict[str, Any]) -> Image:
        sizes = self._answer(["image", "history", "--human=false", "--format={{.Size}}", inspected["Id"]])
        return _image(inspected, map(int, sizes.split()))

    def tag(self, source: str, reference: str) -> None:  # noqa: D102
        self._answer(["image", "tag", source, reference])

    def remove(self, reference: str) -> None:  # noqa: D102
        self._answer(["image", "rm", reference], absent=True)

    def _json(self, arguments: list[str], *, absent: bool = False) -> Any:
        return json.loads(self._answer(arguments, absent=absent) or "null")

    def _answer(self, arguments: list[str], *, absent: bool = False) -> str:
        """Return the command's stdout; `absent` says that what the engine does not have is no error."""
        done = _cli(arguments)
        if done.ok:
            return done.stdout
        complaint = done.stderr.strip()
        if is_unreachable(complaint):
            raise unreachable(complaint)
        # Such as `Error response from daemon: No such image: todo:1`
        if "no such image" in complaint.lower():
            if absent:
                return ""
            raise DockerRefused(f"Docker has no `{complaint.rpartition(': ')[2]}`", complaint)
        raise DockerRefused(f"Docker refused `{done.command}`", complaint or done.complaint())


def _cli(arguments: list[str]) -> process.Completed:
    try:
        return process.run(["docker", *arguments], deadline=Deadline(CALL_SECONDS))
    except process.ProgramMissing as error:
        raise DockerMissing from error
    except process.ProcessTimeout as error:
        raise DockerNotRunning("no answer in time") from error


def host() -> str | None:
    """Return the URL of the engine that the `docker` command would use: DOCKER_HOST, else the current context's."""
    if named := os.environ.get("DOCKER_HOST"):
        return named
    done = _cli(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])
    return done.stdout.strip() or None


def _sdk_serves(host: str) -> bool:
    # TLS and ssh need what only the command knows how to find; named pipes need pywin32, a compiled package.
    if host.startswith("npipe://"):
        return importlib.util.find_spec("win32file") is not None
    return host.startswith("unix://")


def _engine(info: dict[str, Any]) -> Engine:
    # https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemInfo
    containerd = ["driver-type", "io.containerd.snapshotter.v1"] in (info.get("DriverStatus") or [])
    return Engine(
        version=info["ServerVersion"],
        os=info["OSType"],
        architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(info["Architecture"], info["Architecture"]),
        operating_system=info["OperatingSystem"],
        cpus=info["NCPU"],
        memory_bytes=info["MemTotal"],
        storage_driver=info["Driver"],
        image_store=ImageStore.CONTAINERD if containerd else ImageStore.CLASSIC,
        rootless="name=rootless" in (info.get("SecurityOptions") or []),
        data_root=info["DockerRootDir"],
    )


def _image(inspected: dict[str, Any], layers: Iterable[int]) -> Image:
    # The engine's own figure counts compressed content too where containerd stores the images.
    return Image(
        id=inspected["Id"],
        tags=tuple(inspected.get("RepoTags") or ()),
        size=sum(layers),
        os=inspected["Os"],
        architecture=inspected["Architecture"],
        created=inspected.get("Created") or "",
    )


def _newest_first(images: Iterable[Image]) -> list[Image]:
    return sorted(images, key=lambda image: image.created, reverse=True)
