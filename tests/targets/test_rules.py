"""Small pure rules of the targets."""

from __future__ import annotations

import pytest

from todoctl.targets.reference import qualified
from todoctl.targets.resources import Resources, default_resources

GIB = 1024**3


@pytest.mark.parametrize(
    ("cpus", "memory_bytes", "resources"),
    [
        (8, 32 * GIB, Resources(4, 8192)),
        (4, 16 * GIB, Resources(4, 8192)),
        (4, 16 * GIB - 1, Resources(4, 8191)),
        (2, 8 * GIB, Resources(2, 4096)),
        (2, 25_276_510_208, Resources(2, 8192)),
        (1, 2 * GIB, Resources(1, 1024)),
        (16, 7_654_321_000, Resources(4, 3649)),
    ],
)
def test_a_new_cluster_gets_the_lesser_of_the_default_and_its_share(
    cpus: int, memory_bytes: int, resources: Resources
) -> None:
    assert default_resources(cpus, memory_bytes) == resources


@pytest.mark.parametrize(
    ("reference", "full"),
    [
        ("todo", "docker.io/library/todo:latest"),
        ("todo:1", "docker.io/library/todo:1"),
        ("ada/todo:1", "docker.io/ada/todo:1"),
        ("docker.io/todo:1", "docker.io/library/todo:1"),
        ("index.docker.io/todo:1", "docker.io/library/todo:1"),
        ("docker.io/library/todo:1", "docker.io/library/todo:1"),
        ("localhost/todo:1", "localhost/todo:1"),
        ("localhost:5000/todo", "localhost:5000/todo:latest"),
        ("ghcr.io/ada/todo:1", "ghcr.io/ada/todo:1"),
        ("todo@sha256:ab", "docker.io/library/todo@sha256:ab"),
    ],
)
def test_a_reference_in_full(reference: str, full: str) -> None:
    assert qualified(reference) == full
