"""Stream images from the host's engine into the nodes, and read back that they hold exactly these."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from todoctl.adapters import process
from todoctl.deadline import Deadline
from todoctl.errors import SideloadError
from todoctl.images import causes
from todoctl.images.archive import ArchiveTap
from todoctl.images.at_once import at_once
from todoctl.images.image import POSTGRES
from todoctl.targets.reference import qualified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from todoctl.images.build import Engine, EngineImage
    from todoctl.images.digests import ConfigDigests
    from todoctl.reporter import Reporter
    from todoctl.targets.target import Target

READ_BACK_SECONDS = 10.0
"""How long a node's runtime may take to notice what was imported: containerd tells it later, by an event."""
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Sideloaded:
    """An image that a node holds now, read back. `sent` is in bytes, and 0 where the node held it before."""

    node: str
    references: tuple[str, ...]
    digest: str
    sent: int
    seconds: float


def sideload(
    references: Sequence[str],
    *,
    target: Target,
    engine: Engine,
    digests: ConfigDigests,
    reporter: Reporter,
    deadline: Deadline,
) -> list[Sideloaded]:
    """Bring the host's images to every node that does not hold them under these references, all at once.

    An image is the same when its config digest is, so what a node holds is neither saved nor sent; references to one
    image travel together. Memory is constant, whatever the images' size.

    Raises SideloadError.
    """
    images: dict[str, EngineImage] = {}
    named: dict[str, tuple[str, ...]] = {}
    for reference in references:
        image = engine.image(reference)
        if image is None:
            raise SideloadError(
                "sideload.not-built",
                f"`{reference}` is not on this host",
                because="the Docker engine does not know the image",
                hint="build it first with `todoctl build`",
            )
        images[image.id] = image
        named[image.id] = (*named.get(image.id, ()), reference)
    nodes = target.nodes()
    held = dict(zip(nodes, at_once([partial(target.node_images, node) for node in nodes]), strict=True))
    # Together even on two cores: saving, sending and unpacking take turns, and images share no more than a base.
    have = partial(_have, target=target, digests=digests, reporter=reporter, deadline=deadline)
    outcome = at_once(
        [partial(have, image, named[image.id], node, held[node]) for node in nodes for image in images.values()]
    )
    read_back(outcome, target)
    return outcome


@dataclass(frozen=True)
class Pending:
    """An image and a node, and whether the node holds exactly it."""

    node: str
    reference: str
    held: bool


def pending(references: Sequence[str], *, target: Target, engine: Engine, digests: ConfigDigests) -> list[Pending]:
    """Tell which of the host's images each node holds, and send nothing; an image that is not built yet is not held."""
    images = {reference: engine.image(reference) for reference in references}
    found = []
    for node in target.nodes():
        held = target.node_images(node)
        for reference, image in images.items():
            there = image is not None and held.get(qualified(reference)) in digests.of(image.id)
            found.append(Pending(node, reference, there))
    return found


def bring_back(
    references: Sequence[str],
    *,
    target: Target,
    engine: Callable[[], Engine],
    digests: ConfigDigests,
    reporter: Reporter,
    deadline: Deadline,
) -> list[Sideloaded]:
    """Have every node hold these images, which were there once, by the host's where a node has them no more.

    A node that needs space removes what no pod runs. The engine is asked for only where an image is missing. Raises
    SideloadError, with nothing sent, where the host lacks one of these too.
    """
    missing: dict[str, list[str]] = {}
    for node in target.nodes():
        held = target.node_images(node)
        for reference in references:
            if qualified(reference) not in held:
                missing.setdefault(reference, []).append(node)
    if not missing:
        return []
    for reference, nodes in missing.items():
        if engine().image(reference) is None:
            raise SideloadError(
                "sideload.gone",
                f"`{reference}` is gone",
                because=f"neither node {', '.join(f'`{node}`' for node in nodes)} nor this host's Docker has it",
                hint=f"`docker pull {reference}` brings it back"
                if reference == POSTGRES
                else "go back to another release (`todoctl history`), or run the version of todoctl that built it",
            )
    return sideload(
        list(missing), target=target, engine=engine(), digests=digests, reporter=reporter, deadline=deadline
    )


def _have(
    image: EngineImage,
    references: tuple[str, ...],
    node: str,
    held: Mapping[str, str],
    *,
    target: Target,
    digests: ConfigDigests,
    reporter: Reporter,
    deadline: Deadline,
) -> Sideloaded:
    """Send one image to one node, unless the node holds it under all its references."""
    there = {held.get(qualified(reference)) for reference in references}
    if len(there) == 1 and there <= digests.of(image.id):
        return Sideloaded(node, references, str(there.pop()), sent=0, seconds=0.0)
    label = f"{references[0].partition(':')[0]} to {node}"

    def observe(sent: int) -> None:
        reporter.progress(label, sent, max(image.size, sent), "B")

    sent = _send(references, node, target=target, deadline=deadline, observe=observe)
    digests.remember(image.id, sent.digest)
    reporter.done(label, f"{sent.sent / 1e6:.0f} MB in {sent.seconds:.1f} s")
    return sent


def _send(
    references: tuple[str, ...], node: str, *, target: Target, deadline: Deadline, observe: Callable[[int], None]
) -> Sideloaded:
    """Stream one image, and take its config digest from the stream; `observe` is told the bytes sent so far."""
    started = time.monotonic()
    tap = ArchiveTap()

    def watch(chunk: bytes) -> None:
        tap.feed(chunk)
        observe(tap.size)

    try:
        saved, imported = process.pipe(
            ["docker", "save", *references], target.import_command(node), deadline=deadline, tap=watch
        )
        # A consumer that ends early makes the producer fail too, so it is looked at first.
        for failed in (imported, saved):
            if not failed.ok:
                raise failure(references[0], node, failed, from_node=failed is imported)
        digest = tap.config_digest()
    except process.ProcessTimeout as error:
        raise too_late(references[0], node, error) from error
    except ValueError as error:
        raise SideloadError(
            "sideload.archive",
            f"`{references[0]}` could not be sent to node `{node}`",
            because=str(error),
            hint=f"see whether `docker save {references[0]}` works",
        ) from error
    return Sideloaded(node, references, digest, tap.size, time.monotonic() - started)


def too_late(reference: str, node: str, error: process.ProcessTimeout) -> SideloadError:
    """Say that an image did not reach a node in time."""
    return SideloadError(
        "sideload.timeout",
        f"`{reference}` did not reach node `{node}` in time",
        because=error.because,
        hint="give it more time with `--timeout`",
        details=error.details,
    )


def failure(reference: str, node: str, failed: process.Completed, *, from_node: bool) -> SideloadError:
    """Say why an image did not reach a node: what the node said, or what saving it did."""
    known = causes.find(failed.stderr, causes.ON_NODE if from_node else causes.CAUSES)
    if known is None:
        because = failed.complaint() if from_node else f"it could not be saved: {failed.complaint()}"
        well = "see whether the node is well (a Minikube: `minikube status -p PROFILE`; kind or k3d: `docker ps`)"
        hint = f"{well}, and whether `docker save {reference}` works"
    else:
        because, hint = f"{known.because} ({failed.complaint()})", known.hint.replace("{node}", node)
    return SideloadError(
        f"sideload.{known.id}" if known else "sideload.failed",
        f"`{reference}` did not reach node `{node}`",
        because=because,
        hint=hint,
        details=tuple(failed.stderr.splitlines()[-5:]),
    )


def read_back(outcome: Sequence[Sideloaded], target: Target) -> None:
    """Wait until the nodes hold what was sent to them: an import that exits 0 proves nothing. Raises SideloadError."""
    patience = Deadline(READ_BACK_SECONDS)
    for node in dict.fromkeys(one.node for one in outcome if one.sent):
        sent = [one for one in outcome if one.node == node and one.sent]
        while (error := _not_held(sent, target.node_images(node))) is not None:
            if patience.expired():
                raise error
            time.sleep(_PAUSE_SECONDS)


def _not_held(sent: Sequence[Sideloaded], held: Mapping[str, str]) -> SideloadError | None:
    for one in sent:
        for reference in one.references:
            found = held.get(qualified(reference))
            if found != one.digest:
                return SideloadError(
                    "sideload.not-held",
                    f"`{reference}` is not on node `{one.node}`",
                    because=f"after the import the node holds {found or 'no image'} there, not {one.digest}",
                    hint="free space on the node, then run the command again",
                )
    return None
