"""Images as archives in a file: save them from Docker or a node, and bring them to nodes without Docker having them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from todoctl.adapters import process
from todoctl.errors import SideloadError
from todoctl.images.archive import ArchiveTap
from todoctl.images.at_once import at_once
from todoctl.images.sideload import Sideloaded, failure, read_back, too_late
from todoctl.targets.reference import qualified

if TYPE_CHECKING:
    from todoctl.deadline import Deadline
    from todoctl.reporter import Reporter
    from todoctl.targets.target import Target


class Archive(Protocol):
    """One image in a file."""

    @property
    def references(self) -> tuple[str, ...]:
        """What the image is called in it."""

    @property
    def config(self) -> str:
        """Its config digest."""

    @property
    def size(self) -> int:
        """The archive's bytes."""


A = TypeVar("A", bound=Archive)


def save(argv: Sequence[str], sink: Callable[[bytes], None], *, what: str, deadline: Deadline) -> str:
    """Run a command that writes an image archive, hand that to `sink`, and return the image's config digest.

    Raises SideloadError where the command fails, or what it wrote is no archive of one image.
    """
    tap = ArchiveTap()

    def take(chunk: bytes) -> None:
        tap.feed(chunk)
        sink(chunk)

    try:
        done = process.receive(argv, take, deadline=deadline)
        return _digest(done, tap)
    except process.ProcessTimeout as error:
        raise SideloadError(
            "save.timeout",
            f"`{what}` was not saved in time",
            because=error.because,
            hint="give it more time with `--timeout`",
        ) from error
    except ValueError as error:
        raise SideloadError(
            "save.failed",
            f"`{what}` could not be saved",
            because=str(error),
            hint=f"see whether `docker save {what}` works",
        ) from error


def _digest(done: process.Completed, tap: ArchiveTap) -> str:
    if not done.ok:
        raise ValueError(done.complaint())
    return tap.config_digest()


def bring(
    archives: Sequence[A],
    chunks: Callable[[A], Iterator[bytes]],
    *,
    target: Target,
    reporter: Reporter,
    deadline: Deadline,
) -> list[Sideloaded]:
    """Bring the images to every node that does not hold them, one after another: they are in one file.

    Memory is constant, whatever their size. Docker is not asked. Raises SideloadError, and what `chunks` raise.
    """
    nodes = target.nodes()
    held = dict(zip(nodes, at_once([partial(target.node_images, node) for node in nodes]), strict=True))
    outcome = [
        _have(archive, chunks, node, held[node], target=target, reporter=reporter, deadline=deadline)
        for node in nodes
        for archive in archives
    ]
    read_back(outcome, target)
    return outcome


def _have(
    archive: A,
    chunks: Callable[[A], Iterator[bytes]],
    node: str,
    held: Mapping[str, str],
    *,
    target: Target,
    reporter: Reporter,
    deadline: Deadline,
) -> Sideloaded:
    references = archive.references
    if {held.get(qualified(reference)) for reference in references} == {archive.config}:
        return Sideloaded(node, references, archive.config, sent=0, seconds=0.0)
    label = f"{references[0].partition(':')[0]} to {node}"
    started = time.monotonic()
    sent = 0

    def told() -> Iterator[bytes]:
        nonlocal sent
        for chunk in chunks(archive):
            yield chunk
            sent += len(chunk)
            reporter.progress(label, sent, archive.size, "B")

    try:
        done = process.send(target.import_command(node), told(), deadline=deadline)
    except process.ProcessTimeout as error:
        raise too_late(references[0], node, error) from error
    if not done.ok:
        raise failure(references[0], node, done, from_node=True)
    seconds = time.monotonic() - started
    reporter.done(label, f"{sent / 1e6:.0f} MB in {seconds:.1f} s")
    return Sideloaded(node, references, archive.config, sent, seconds)
