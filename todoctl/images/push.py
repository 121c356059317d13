"""Push images to a registry with the `docker` command, whose credentials it takes, and learn what pins them there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from todoctl.adapters import process
from todoctl.errors import RegistryError
from todoctl.images import causes
from todoctl.images.at_once import at_once
from todoctl.images.image import Image
from todoctl.images.layers import Layers

if TYPE_CHECKING:
    from todoctl.deadline import Deadline
    from todoctl.images.build import Built
    from todoctl.reporter import Reporter

# Before Docker 20.10 `docker manifest` was an experiment, and it still is one by name.
_ENVIRONMENT = {"DOCKER_CLI_EXPERIMENTAL": "enabled", "LC_ALL": "C"}


class Engine(Protocol):
    """What pushing needs from the Docker engine: a push goes by an image's reference alone."""

    def tag(self, source: str, reference: str) -> None:
        """Give an image one more reference."""

    def remove(self, reference: str) -> None:
        """Take a reference away."""


@dataclass(frozen=True)
class Pushed:
    """An image that the registry has, asked of it. `pushed` is False where it was there before."""

    image: Image
    reference: str
    digest: str
    pushed: bool
    seconds: float

    @property
    def pinned(self) -> str:
        """The reference by digest: no one can put another image there."""
        repository, _, _ = self.reference.rpartition(":")
        return f"{repository}@{self.digest}"


def push(
    built: Sequence[Built], registry: str, *, platform: str, engine: Engine, reporter: Reporter, deadline: Deadline
) -> list[Pushed]:
    """Have the registry (`HOST/PATH`) hold the built images under their fingerprints, all at once, and return them.

    A fingerprint is never moved: an image that is there under it already, whoever pushed it, is taken as it is. What a
    push says of itself is not believed: the registry is asked. Raises RegistryError.
    """
    have = partial(_have, registry=registry, platform=platform, engine=engine, reporter=reporter, deadline=deadline)
    return at_once([partial(have, one) for one in built])


def digest(reference: str, *, platform: str, deadline: Deadline) -> str | None:
    """Return the digest of a reference's manifest for a platform (`linux/amd64`), or None where there is none.

    None too where the registry does not say: it may not let this user look before the first push. Raises RegistryError
    when it takes too long.
    """
    done = _run(["docker", "manifest", "inspect", "--verbose", reference], reference, deadline)
    if not done.ok:
        return None
    try:
        return find(json.loads(done.stdout), platform)
    except (ValueError, KeyError, TypeError):
        return None


def find(answer: Any, platform: str) -> str | None:
    """Return the platform's digest from `docker manifest inspect --verbose`: one manifest, or a list of them."""
    for one in answer if isinstance(answer, list) else [answer]:
        descriptor: Mapping[str, Any] = one["Descriptor"]
        of = descriptor.get("platform")
        # A manifest alone may not say, and can only be for the platform it was built for.
        if (of is None and not isinstance(answer, list)) or (of and f"{of['os']}/{of['architecture']}" == platform):
            return str(descriptor["digest"])
    return None


def _have(
    built: Built, *, registry: str, platform: str, engine: Engine, reporter: Reporter, deadline: Deadline
) -> Pushed:
    started = time.monotonic()
    reference = f"{registry}/{built.reference}"
    there = digest(reference, platform=platform, deadline=deadline)
    if there is not None:
        return Pushed(built.image, reference, there, pushed=False, seconds=time.monotonic() - started)
    engine.tag(built.reference, reference)
    try:
        _push(built.image.name, reference, reporter, deadline)
    finally:
        engine.remove(reference)
    there = digest(reference, platform=platform, deadline=deadline)
    if there is None:
        raise RegistryError(
            "push.vanished",
            f"`{reference}` is not in the registry after its push",
            because="`docker push` exited 0, but the registry does not have the image",
            hint=f"see what `docker manifest inspect {reference}` says",
        )
    seconds = time.monotonic() - started
    reporter.done(built.image.name, f"pushed to {reference} in {seconds:.1f} s")
    return Pushed(built.image, reference, there, pushed=True, seconds=seconds)


def _push(name: str, reference: str, reporter: Reporter, deadline: Deadline) -> None:
    layers = Layers()

    def say(line: str) -> None:
        reporter.debug(line)
        if layers.feed(line):
            reporter.progress(name, *layers.counted, "layers", f"pushing to {reference.partition('/')[0]}")

    done = _run(["docker", "push", reference], reference, deadline, say=say)
    if not done.ok:
        known = causes.find(f"{done.stderr}\n{done.stdout}", causes.ON_PUSH)
        host = reference.partition("/")[0]
        raise RegistryError(
            f"push.{known.id}" if known else "push.failed",
            f"`{reference}` could not be pushed",
            because=f"{known.because} ({done.complaint()})" if known else done.complaint(),
            hint=known.hint.format(host=host) if known else f"see whether `docker push {reference}` works",
        )


def _run(
    argv: Sequence[str], reference: str, deadline: Deadline, *, say: Callable[[str], None] = lambda _: None
) -> process.Completed:
    try:
        return process.stream(argv, deadline=deadline, on_line=say, env=_ENVIRONMENT)
    except process.ProcessTimeout as error:
        raise RegistryError(
            "push.timeout",
            f"the registry did not answer in time for `{reference}`",
            because=error.because,
            hint="give it more time with `--timeout`; layers that are there already are not sent again",
        ) from error
