"""`todoctl build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from todoctl.images.build import Built

EPILOG = """\b
Examples:
  todoctl build                                  both images, at once
  TODOCTL_EXTRA_CA=corporate.pem todoctl build   behind a proxy that re-signs TLS
"""


@click.command("build", short_help="Build those of the app's images that are missing.", epilog=EPILOG)
@options.timeout
@options.output
def command(**given: Any) -> Result:
    """Build the app's images, and print each one's name, size and seconds.

    An image's tag is the fingerprint of its build inputs: what is there already is not built again.
    """
    steps = options.steps(**given)
    with steps.reporter.step("Build"):
        built = steps.build(steps.fingerprint())
    return Result("build", text=table(built), data={"images": [data(one) for one in built]})


def table(built: Iterable[Built]) -> str:
    """Return a line an image: reference, size, and how it came about."""
    return "\n".join(
        f"{one.reference}  {one.size / 1e6:.0f} MB  {f'built in {one.seconds:.1f} s' if one.built else 'there already'}"
        for one in built
    )


def data(one: Built) -> dict[str, Any]:
    """Return an image as plain JSON types."""
    return {
        "reference": one.reference,
        "built": one.built,
        "seconds": round(one.seconds, 3),
        "size": one.size,
    }
