"""Images that are not built: pull what the host lacks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from todoctl.adapters import process
from todoctl.errors import BuildError
from todoctl.images import causes
from todoctl.images.layers import Layers

if TYPE_CHECKING:
    from todoctl.deadline import Deadline
    from todoctl.images.build import Engine
    from todoctl.reporter import Reporter


def pull_missing(reference: str, *, engine: Engine, reporter: Reporter, deadline: Deadline) -> bool:
    """Have the engine pull an image that it lacks; tell whether it had to. Raises BuildError."""
    if engine.image(reference) is not None:
        return False
    reporter.progress(reference, 0, None, "layers", "pulling")
    started = time.monotonic()
    layers = Layers()

    def say(line: str) -> None:
        reporter.debug(line)
        if layers.feed(line):
            reporter.progress(reference, *layers.counted, "layers", "pulling")

    # The engine's own platform, whatever default is set for other projects.
    environment = {"DOCKER_DEFAULT_PLATFORM": ""}
    try:
        done = process.stream(["docker", "pull", reference], deadline=deadline, on_line=say, env=environment)
    except process.ProcessTimeout as error:
        raise BuildError(
            "pull.timeout",
            f"`{reference}` was not pulled in time",
            because=error.because,
            hint="give it more time with `--timeout`",
        ) from error
    if not done.ok:
        known = causes.find(done.stderr)
        raise BuildError(
            f"pull.{known.id}" if known else "pull.failed",
            f"`{reference}` could not be pulled",
            because=f"{known.because} ({done.complaint()})" if known else done.complaint(),
            hint=known.hint if known else f"see whether `docker pull {reference}` works",
        )
    if engine.image(reference) is None:
        raise BuildError(
            "pull.vanished",
            f"`{reference}` is not there after its pull",
            because="`docker pull` exited 0, but the engine does not know the image",
            hint=f"see whether `docker pull {reference}` works",
        )
    reporter.done(reference, f"pulled in {time.monotonic() - started:.1f} s")
    return True
