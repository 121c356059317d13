"""How much of a machine a new cluster gets, when nobody says."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_CPUS = 4
DEFAULT_MEMORY_MIB = 8192


@dataclass(frozen=True)
class Resources:
    """CPUs and memory (MiB) of a cluster's node."""

    cpus: int
    memory_mib: int


def default_resources(cpus: int, memory_bytes: int) -> Resources:
    """Return 4 CPUs or all there are, and 8192 MiB or half of the memory, the lesser of each.

    `cpus` and `memory_bytes` are what the machine that runs the nodes has: with the docker driver, the engine's.
    """
    return Resources(min(DEFAULT_CPUS, cpus), min(DEFAULT_MEMORY_MIB, memory_bytes // 2 // 1024**2))
