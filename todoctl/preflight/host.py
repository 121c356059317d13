"""Checks of this machine. Limits are of what was tested, or of what Kubernetes itself asks for."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from todoctl.adapters import system
from todoctl.errors import PreflightError
from todoctl.preflight.check import Check, Severity

TESTED_PYTHONS = ((3, 10), (3, 13))
EXPECTED_PYTHON = (3, 14)
"""The newest that todoctl is expected to work with, though no test runs it yet."""
MIN_CPUS = 2
MIN_MEMORY_GIB = 4
MIN_DISK_GB = 10
_GIB = 1024**3
_GB = 10**9


def checks() -> list[Check]:
    """Return the checks of this machine."""
    return [
        Check("host.python", "Python", Severity.WARNING, lambda: python(sys.version_info[:2])),
        Check("host.platform", "Operating system", Severity.WARNING, lambda: machine(system.architecture())),
        Check("host.cpus", "CPUs", Severity.FATAL, lambda: cpus(system.cpu_count())),
        Check("host.memory", "Memory", Severity.WARNING, lambda: memory(system.memory_bytes())),
        Check("host.disk", "Disk for Minikube", Severity.WARNING, lambda: disk("host.disk", minikube_home())),
    ]


def python(version: tuple[int, ...]) -> str:
    """Hold for the versions that todoctl is tested with, and for those that it is expected to work with."""
    oldest, newest = TESTED_PYTHONS
    if not oldest <= version <= EXPECTED_PYTHON:
        raise PreflightError(
            "host.python",
            f"Python {_dotted(version)} was not tested",
            because=f"todoctl is tested with Python {_dotted(oldest)} to {_dotted(newest)}, "
            f"and expected to work with {_dotted(EXPECTED_PYTHON)}",
            hint=f"if it fails, run it with `python{_dotted(newest)} todoctl.pyz`",
        )
    return platform.python_version()


def machine(architecture: str) -> str:
    """Hold for the architectures that all base images exist for, and name the operating system."""
    if architecture not in {"amd64", "arm64"}:
        raise PreflightError(
            "host.platform",
            f"architecture {architecture} was not tested",
            because="the app's images are built for this machine: tested on amd64, and expected to work on arm64",
            hint="see whether `todoctl build` works",
        )
    wsl = " in WSL" if system.is_wsl() else ""
    return f"{system.os_name()}{wsl}, {architecture}"


def cpus(count: int) -> str:
    """Hold where kubeadm finds the two CPUs that it asks for."""
    if count < MIN_CPUS:
        raise PreflightError(
            "host.cpus",
            f"{count} CPU is too few",
            because=f"Kubernetes asks for {MIN_CPUS}",
            hint="use a machine, or give the virtual machine, more CPUs",
        )
    return str(count)


def memory(total: int) -> str:
    """Hold where a cluster and the app fit beside the rest."""
    if total < MIN_MEMORY_GIB * _GIB:
        raise PreflightError(
            "host.memory",
            f"{total / _GIB:.1f} GiB of memory is little",
            because=f"a cluster with the app wants about {MIN_MEMORY_GIB} GiB",
            hint="close what needs much memory, or use a larger machine",
        )
    return f"{total / _GIB:.1f} GiB"


def minikube_home() -> Path:
    """Return the folder that Minikube keeps its machines and its cache in."""
    named = os.environ.get("MINIKUBE_HOME")
    if not named:
        return Path.home() / ".minikube"
    return Path(named) if Path(named).name == ".minikube" else Path(named) / ".minikube"


def disk(check_id: str, path: Path) -> str:
    """Hold where there is room for base images, builds and a node."""
    free = system.disk_free_bytes(path)
    if free < MIN_DISK_GB * _GB:
        raise PreflightError(
            check_id,
            f"{free / _GB:.1f} GB free at `{path}` is little",
            because=f"images and a node take up to {MIN_DISK_GB} GB",
            hint="free some space, for example with `docker system df` and `docker builder prune`",
        )
    return f"{free / _GB:.0f} GB free at `{path}`"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
