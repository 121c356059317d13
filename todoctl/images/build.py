"""Build the images that are missing, both at once, with BuildKit."""

from __future__ import annotations

import io
import tarfile
import textwrap
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from todoctl.adapters import process
from todoctl.errors import BuildError, UsageError
from todoctl.images import causes
from todoctl.images.at_once import at_once
from todoctl.images.fingerprint import fingerprint, sources
from todoctl.images.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from todoctl.deadline import Deadline
    from todoctl.images.image import Image
    from todoctl.reporter import Reporter

# Asked for here, so that it does not matter how the user's Docker is set up. Attestations carry times: without them
# the same inputs give the same image.
# The fingerprint covers the engine's own platform, so a default set for other projects must not decide.
_ENVIRONMENT = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "DOCKER_DEFAULT_PLATFORM": ""}
_DOCKERFILE = ".todoctl/Dockerfile"
_STEP_WIDTH = 60  # a step may be many lines of shell


class EngineImage(Protocol):
    """An image as the engine has it."""

    @property
    def id(self) -> str:
        """The engine's own ID (`sha256:…`): a config digest, or a manifest's where containerd stores the images."""

    @property
    def size(self) -> int:
        """Bytes, as the engine counts them."""


class Engine(Protocol):
    """What building needs to know from the Docker engine."""

    def image(self, reference: str) -> EngineImage | None:
        """Return the image with this reference, or None."""


@dataclass(frozen=True)
class Plan:
    """An image to have: what it is called once built, and what it is built with."""

    image: Image
    fingerprint: str
    labels: Mapping[str, str]
    pinned: str | None = None
    """Where a registry has the image: the reference there, by digest."""

    @property
    def reference(self) -> str:
        """The reference with the fingerprint as its tag."""
        return self.image.reference(self.fingerprint)

    @property
    def runs(self) -> str:
        """The reference that pods name."""
        return self.pinned or self.reference


@dataclass(frozen=True)
class Built:
    """An image that the engine has now. `built` is False where it was there before; `size` is in bytes."""

    image: Image
    reference: str
    built: bool
    seconds: float
    size: int


def plan(image: Image, root: Path, *, platform: str, version: str) -> Plan:
    """Fingerprint an image whose sources are under the payload's root; `version` becomes a label.

    Raises BuildError when the build context cannot be read.
    """
    labels = {"org.opencontainers.image.version": version}
    try:
        return Plan(image, fingerprint(image, root, platform=platform, labels=labels), labels)
    except (OSError, ValueError) as error:
        raise BuildError(
            "build.context",
            f"the sources of `{image.name}` cannot be read",
            because=str(error),
            hint="restore the file, or run a fresh `todoctl.pyz`",
        ) from error


def build(
    plans: Sequence[Plan],
    root: Path,
    *,
    engine: Engine,
    reporter: Reporter,
    deadline: Deadline,
    extra_ca: Path | None = None,
) -> list[Built]:
    """Build the planned images that the engine lacks, all at once, and return them in order.

    An image gets its reference only when its build has succeeded. `extra_ca` is a PEM bundle for networks that
    re-sign TLS; the Dockerfiles get it as the secret `extra-ca`, so that it ends in no layer.

    Raises BuildError with the failed step and its last lines, and UsageError for a CA bundle that cannot be read.
    """
    if extra_ca is not None and not extra_ca.is_file():
        raise UsageError(
            "build.extra-ca",
            f"the CA bundle `{extra_ca}` cannot be read",
            because="there is no such file",
            hint="name a PEM file in TODOCTL_EXTRA_CA, or unset it",
        )
    return at_once(
        [
            partial(_have, plan, root, engine=engine, reporter=reporter, deadline=deadline, extra_ca=extra_ca)
            for plan in plans
        ]
    )


def _have(
    plan: Plan, root: Path, *, engine: Engine, reporter: Reporter, deadline: Deadline, extra_ca: Path | None
) -> Built:
    started = time.monotonic()
    there = engine.image(plan.reference)
    if there is None:
        _build(plan, _context(plan.image, root), reporter=reporter, deadline=deadline, extra_ca=extra_ca)
        built = engine.image(plan.reference)
        if built is None:
            raise BuildError(
                "build.vanished",
                f"`{plan.reference}` is not there after its build",
                because="`docker build` exited 0, but the engine does not know the image",
                hint="see whether something removes images (`docker image prune`), then run the command again",
            )
        seconds = time.monotonic() - started
        reporter.done(plan.image.name, f"built in {seconds:.1f} s, {built.size / 1e6:.0f} MB")
        return Built(plan.image, plan.reference, True, seconds, built.size)  # noqa: FBT003 - a record's field
    return Built(plan.image, plan.reference, False, time.monotonic() - started, there.size)  # noqa: FBT003 - a record's field


def _build(plan: Plan, context: bytes, *, reporter: Reporter, deadline: Deadline, extra_ca: Path | None) -> None:
    progress = Progress()
    doing = ""

    def on_line(line: str) -> None:
        nonlocal doing
        reporter.debug(f"{plan.image.name}: {line}")
        step = progress.feed(line)
        if step is not None and " RUN " in step:
            doing = textwrap.shorten(step, _STEP_WIDTH, placeholder=" …")
        if progress.pulled:
            reporter.progress(plan.image.name, *progress.pulled, "B", "pulling the base image")
        else:
            reporter.progress(plan.image.name, progress.steps_done, progress.steps or None, "steps", doing)

    argv = ["docker", "build", "--progress", "plain", "--file", _DOCKERFILE, "--tag", plan.reference]
    argv += [f"--label={name}={value}" for name, value in plan.labels.items()]
    if extra_ca is not None:
        argv.append(f"--secret=id=extra-ca,src={extra_ca.absolute()}")
    try:
        done = process.stream([*argv, "-"], deadline=deadline, on_line=on_line, stdin=context, env=_ENVIRONMENT)
    except process.ProcessTimeout as error:
        raise BuildError(
            "build.timeout",
            f"`{plan.image.name}` was not built in time",
            because=error.because,
            hint="give it more time with `--timeout`; what is built so far is kept",
            details=progress.last_lines,
        ) from error
    if not done.ok:
        raise _failure(plan, progress, done)


def _failure(plan: Plan, progress: Progress, done: process.Completed) -> BuildError:
    """Say which step failed, on what, and what a person can do about it."""
    known = causes.find(progress.output if progress.failed_step else done.stderr)
    said = progress.error or done.complaint()
    failed_step = textwrap.shorten(progress.failed_step or "", _STEP_WIDTH, placeholder=" …")
    step = f" in step `{failed_step}`" if failed_step else ""
    return BuildError(
        f"build.{known.id}" if known else "build.failed",
        f"`{plan.image.name}` could not be built{step}",
        because=f"{known.because} ({said})" if known else said,
        hint=known.hint if known else "the last lines tell more; all of them are shown with `--debug`",
        details=progress.last_lines or tuple(done.stderr.splitlines()[-5:]),
    )


def _context(image: Image, root: Path) -> bytes:
    """Pack exactly the files that the fingerprint covers; the Dockerfile has a folder of its own beside them.

    Sent as a stream, the build works wherever Docker cannot look (a snap's Docker sees neither /tmp nor hidden
    folders), and every file has the same mode and owner, whatever this clone's umask or operating system.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, _DOCKERFILE, (root / image.dockerfile).read_bytes())
        for path in sources(image, root):
            _add(archive, path.as_posix(), (root / image.context / path).read_bytes())
    return packed.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))
