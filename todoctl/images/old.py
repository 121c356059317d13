"""Remove old images of the app from host and nodes: the newest of each stay, and what is in use."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from todoctl.adapters import process
from todoctl.adapters.docker_errors import DockerRefused
from todoctl.images.image import BUILT
from todoctl.targets.reference import qualified

if TYPE_CHECKING:
    from todoctl.adapters.docker import Image
    from todoctl.deadline import Deadline
    from todoctl.targets.target import Target

KEPT = 3
"""How many of each image stay on the host, and on each node."""

_OURS = re.compile(rf"docker\.io/library/({'|'.join(image.name for image in BUILT)}):[0-9a-f]{{12}}\Z")


class Engine(Protocol):
    """What removing needs from the Docker engine."""

    def images(self, repository: str) -> Sequence[Image]:
        """Return every image that has a tag in this repository, newest first."""

    def remove(self, reference: str) -> None:
        """Take a reference away, and the image with its last one. Raises DockerRefused for one in use."""


def superseded(there: Iterable[str], newest_first: Sequence[str], in_use: Collection[str]) -> list[str]:
    """Return which of these references are old: of each image those after the first KEPT that nothing uses.

    References are qualified. Only those with a fingerprint as their tag count, as nobody but todoctl makes them; what
    `newest_first` does not name is oldest.
    """
    place = {reference: index for index, reference in enumerate(dict.fromkeys(newest_first))}
    ours = sorted(filter(_OURS.match, there), key=lambda reference: place.get(reference, len(place)))
    old = []
    for image in BUILT:
        of_image = [reference for reference in ours if reference.startswith(f"docker.io/library/{image.name}:")]
        old += [reference for reference in of_image[KEPT:] if reference not in in_use]
    return old


def remove(
    *,
    newest_first: Sequence[str],
    in_use: Collection[str],
    target: Target,
    engine: Engine,
    deadline: Deadline,
) -> list[str]:
    """Remove old images from the host and every node; return what went, read back, as `REFERENCE from NODE`.

    `newest_first` has what is known of the order, which the host's own times complete; in that and `in_use` references
    may be written as in a manifest. Raises what the engine and the target raise.
    """
    on_host = [tag for image in BUILT for found in engine.images(image.name) for tag in found.tags]
    order = [qualified(reference) for reference in (*newest_first, *on_host)]
    used = {qualified(reference) for reference in in_use}
    gone = []
    for reference in superseded({qualified(tag) for tag in on_host}, order, used):
        try:
            engine.remove(reference)
        except DockerRefused:
            continue  # a container on the host uses it
        gone.append(f"{_short(reference)} from this host")
    for node in target.nodes():
        held = target.node_images(node)
        old = superseded(held, order, used)
        # A runtime removes an image under all its references at once.
        kept = {digest for reference, digest in held.items() if reference not in old and "@" not in reference}
        going = [reference for reference in old if held[reference] not in kept]
        for reference in going:
            process.run(target.remove_command(node, reference), deadline=deadline)
        if going:
            left = target.node_images(node)
            gone += [f"{_short(reference)} from node {node}" for reference in going if reference not in left]
    return gone


def _short(reference: str) -> str:
    return reference.removeprefix("docker.io/library/")
