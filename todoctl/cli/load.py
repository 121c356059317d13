"""`todoctl load`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.cli.build import data as image_data
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.images.sideload import Sideloaded

EPILOG = """\b
Examples:
  todoctl load                   into every node of profile `minikube`
  todoctl load -p workshop       into every node of another profile

\b
Then, with the two Secrets made (an earlier `todoctl install` made them), these work too:
  todoctl manifests | kubectl apply --server-side -f -
  helm install todo-app bundled_manifests/chart --namespace todo-app    in a clone
"""


@click.command("load", short_help="Build the images, and send them into every node.", epilog=EPILOG)
@options.profile
@options.context
@options.timeout
@options.output
def command(**given: Any) -> Result:
    """Build what is missing, and sideload the images into every node.

    Each image also gets the app's version as a tag, which the bundled manifests name.
    """
    steps = options.steps(**given)
    # From the first look at an image to the last, so that no other run removes one as old in between.
    with steps.in_turn("load"):
        steps.require_running()
        with steps.reporter.step("Build"):
            built = steps.build(steps.fingerprint())
        with steps.reporter.step("Sideload"):
            loaded = steps.sideload(built, with_version=True)
    return Result(
        "load",
        text="\n".join(_line(one) for one in loaded),
        data={"images": [image_data(one) for one in built], "sideloaded": [data(one) for one in loaded]},
    )


def _line(one: Sideloaded) -> str:
    how = f"sent {one.sent / 1e6:.0f} MB in {one.seconds:.1f} s" if one.sent else "there already"
    return f"{one.node}  {' '.join(one.references)}  {how}"


def data(one: Sideloaded) -> dict[str, Any]:
    """Return a transfer as plain JSON types; `sent` is in bytes."""
    return {
        "node": one.node,
        "references": list(one.references),
        "digest": one.digest,
        "sent": one.sent,
        "seconds": round(one.seconds, 3),
    }
