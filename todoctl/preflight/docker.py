"""Checks of the Docker command and engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from todoctl.adapters import docker, system
from todoctl.adapters.docker import Engine
from todoctl.errors import PreflightError
from todoctl.preflight import host
from todoctl.preflight.check import Check, Severity
from todoctl.preflight.facts import Facts
from todoctl.preflight.starting import start_docker
from todoctl.preflight.versions import at_least

MIN_VERSION = "20.10"
BUILDX_VERSION = "23.0"
"""Since then the `docker` command leaves BuildKit to its buildx plugin."""


def checks(facts: Facts) -> list[Check]:
    """Return the checks of Docker."""
    client, engine = ("docker.command",), ("docker.engine",)
    return [
        Check("docker.command", "Docker command", Severity.FATAL, lambda: facts.docker_client),
        Check(
            "docker.engine", "Docker engine", Severity.FATAL, lambda: answers(facts.engine), client, fix=start_docker
        ),
        Check("docker.version", "Docker version", Severity.FATAL, lambda: version(facts.engine.version), engine),
        Check("docker.buildkit", "BuildKit", Severity.FATAL, lambda: buildkit(facts.docker_client), client),
        Check(
            "docker.architecture",
            "Docker architecture",
            Severity.WARNING,
            lambda: architecture(facts.engine.architecture, system.architecture()),
            engine,
        ),
        Check("docker.resources", "Docker's resources", Severity.WARNING, lambda: resources(facts.engine), engine),
        Check("docker.disk", "Disk for Docker", Severity.WARNING, lambda: disk(facts.engine), engine),
    ]


def answers(engine: Engine) -> str:
    """Hold for an engine that runs Linux containers."""
    if engine.os != "linux":
        raise PreflightError(
            "docker.engine",
            f"Docker runs {engine.os} containers",
            because="the app's images are for Linux",
            hint="switch Docker Desktop to Linux containers, in its menu",
        )
    rootless = ", rootless" if engine.rootless else ""
    return f"{engine.operating_system}, {engine.image_store.value} image store{rootless}"


def version(found: str) -> str:
    """Hold from the first version whose BuildKit has all that the Dockerfiles use."""
    if not at_least(found, MIN_VERSION):
        raise PreflightError(
            "docker.version",
            f"Docker {found} is too old",
            because=f"the images are built with BuildKit as of Docker {MIN_VERSION}",
            hint="update Docker: https://docs.docker.com/engine/install/",
        )
    return found


def buildkit(client: str, buildx: Callable[[], str | None] = docker.buildx_version) -> str:
    """Hold where `docker build` has BuildKit: built into the command, or from its buildx plugin."""
    if not at_least(client, BUILDX_VERSION):
        return "part of the `docker` command"
    plugin = buildx()
    if plugin is None:
        raise PreflightError(
            "docker.buildkit",
            "the buildx plugin is missing",
            because=f"`docker` {client} builds with BuildKit only through it",
            hint="install package `docker-buildx-plugin`, or see https://docs.docker.com/go/buildx/",
        )
    return f"buildx {plugin}"


def architecture(engine: str, machine: str) -> str:
    """Hold where containers run without emulation."""
    if engine != machine:
        raise PreflightError(
            "docker.architecture",
            f"Docker runs {engine} containers on {machine}",
            because="emulated builds and pods are several times slower",
            hint=f"use a Docker for {machine}; which engine is asked: `docker context ls`",
        )
    return engine


def resources(engine: Engine) -> str:
    """Hold where the engine, which may be a virtual machine, has room for a cluster."""
    gib = engine.memory_bytes / 1024**3
    if engine.cpus < host.MIN_CPUS or gib < host.MIN_MEMORY_GIB:
        where = "Docker Desktop's settings, Resources" if engine.desktop else "the settings of the machine it runs on"
        raise PreflightError(
            "docker.resources",
            f"Docker has {engine.cpus} CPUs and {gib:.1f} GiB of memory",
            because=f"a cluster with the app wants {host.MIN_CPUS} CPUs and about {host.MIN_MEMORY_GIB} GiB",
            hint=f"give it more in {where}",
        )
    return f"{engine.cpus} CPUs, {gib:.1f} GiB"


def disk(engine: Engine) -> str:
    """Hold where Docker's own folder has room; in a virtual machine or elsewhere nobody can see it from here."""
    root = Path(engine.data_root)
    if engine.desktop or not system.LINUX or not root.exists():
        return "not visible from here"
    return host.disk("docker.disk", root)
