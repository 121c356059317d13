"""`bundle save` and `bundle verify`: the one file that an install without a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from todoctl import __version__, bundle, newfile, payload
from todoctl.adapters import kinds
from todoctl.bundle import Index, Writer
from todoctl.errors import SideloadError, TodoctlError, UsageError
from todoctl.images import archives, host
from todoctl.images.image import POSTGRES
from todoctl.steps import Steps
from todoctl.targets.containers import Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.profile import Status
from todoctl.targets.reference import by_digest, qualified

ADDONS = (("ingress-nginx", None), ("kube-system", "k8s-app=metrics-server"))
"""Where the pods of the addons are that an install needs: namespace and labels."""

_COPY_BYTES = 256 * 1024


@dataclass(frozen=True)
class Saved:
    """A bundle that was written, and read back. `missing` are images of addons that no node gives away."""

    index: Index
    size: int
    missing: tuple[str, ...]


def save(steps: Steps, path: Path) -> Saved:
    """Write a bundle for this host's platform: the running zipapp, its images, and those of the cluster's addons.

    Builds and pulls what Docker lacks. Asks before it overwrites a file. Raises UsageError where there is no zipapp, or
    the file cannot be written, ConsentError, and what the steps raise; then there is no file, or the one that was there
    before.
    """
    say = steps.reporter.step
    zipapp = _zipapp()
    newfile.ask(path, steps.reporter)
    # Opened first: a file that cannot be written is told before minutes are spent on images.
    with bundle.creating(path) as writer:
        with say("Fingerprint"):
            platform = f"linux/{steps.engine.engine().architecture}"
            plans = steps.fingerprint(platform)
        with say("Build"):
            steps.build(plans)
            host.pull_missing(POSTGRES, engine=steps.engine, reporter=steps.reporter, deadline=steps.deadline())
        with say("Save"):
            _add_zipapp(writer, zipapp)
            for reference in (*(plan.reference for plan in plans), POSTGRES):
                _add(steps, writer, ["docker", "save", reference], (reference,))
            missing = _add_addons(steps, writer)
            index = writer.close(todoctl=__version__, platform=platform)
        with say("Verify"):
            written = writer.written()
            written.verify()
    return Saved(index, written.size, missing)


def verify(path: Path) -> Index:
    """Read a bundle to its end, and return what it says of itself. Raises UsageError and ArchiveError."""
    with bundle.opened(path) as found:
        found.verify()
        return found.index


def _zipapp() -> Path:
    try:
        return payload.zipapp()
    except LookupError as error:
        raise UsageError(
            "bundle.no-zipapp",
            "there is no zipapp to put into the bundle",
            because=str(error),
            hint="make it with `python3 build_zipapp.py`, or run `todoctl.pyz bundle save`",
        ) from error


def _add_zipapp(writer: Writer, zipapp: Path) -> None:
    with zipapp.open("rb") as file, writer.member(bundle.ZIPAPP) as member:
        while chunk := file.read(_COPY_BYTES):
            member.write(chunk)


def _add(steps: Steps, writer: Writer, argv: Sequence[str], references: tuple[str, ...]) -> None:
    name = qualified(references[0]).partition("@")[0].rpartition("/")[2].replace(":", "-")
    there = steps.engine.image(references[0])
    with writer.member(f"images/{name}.tar") as member:

        def write(chunk: bytes) -> None:
            member.write(chunk)
            # An archive is a little larger than the layers in it.
            total = max(there.size, member.size) if there else None
            steps.reporter.progress(references[0], member.size, total, "B")

        member.config = archives.save(argv, write, what=references[0], deadline=steps.deadline())
        member.references = references
    steps.reporter.done(references[0], f"{member.size / 1e6:.0f} MB")


def _add_addons(steps: Steps, writer: Writer) -> tuple[str, ...]:
    """Add the images that the addons' pods run, from a node's own runtime; return those that it does not give away."""
    target = steps.target
    try:
        if not isinstance(target, (Minikube, Containers)):
            return ()
        if isinstance(target, Minikube) and target.state().status is not Status.RUNNING:
            steps.reporter.warn(f"{target.title} does not run, so the images of its addons are not in the bundle")
            return ()
        node = target.nodes()[0]
        held = target.node_images(node)
        wanted = _addon_images(steps)
    except TodoctlError as error:
        steps.reporter.warn(f"the images of the cluster's addons are not in the bundle: {error.what}")
        return ()
    missing = {one: f"node `{node}` does not hold it" for one in wanted if one not in held}
    for image in dict.fromkeys(held[one] for one in wanted if one in held):
        references = tuple(sorted(one for one, of in held.items() if of == image))
        argv = target.export_command(node, references)
        if argv is None:
            missing[references[0]] = f"the container runtime of node `{node}` cannot export it under all its names"
            continue
        try:
            _add(steps, writer, argv, references)
        except SideloadError as error:
            missing[references[0]] = f"node `{node}` cannot export it: {error.because}"
    for reference, because in missing.items():
        steps.reporter.warn(f"`{reference}` is not in the bundle: {because}")
    return tuple(missing)


def _addon_images(steps: Steps) -> list[str]:
    """Return what the addons' pods run, as a runtime names it: of a reference by tag and digest it keeps the digest."""
    pods = [pod for namespace, labels in ADDONS for pod in steps.cluster.list(kinds.POD, namespace, labels=labels)[0]]
    images = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    return sorted(qualified(by_digest(image)) for image in images)
