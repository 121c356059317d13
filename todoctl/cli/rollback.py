"""`todoctl rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.recipes.rollback import RolledBack

EPILOG = """\b
Examples:
  todoctl rollback                    back to what ran before
  todoctl rollback 2                  back to release 2 of `todoctl history`
  todoctl rollback --force-conflicts  win back what kubectl has set by hand since
"""


@click.command("rollback", short_help="Go back to what ran before, or to a release.", epilog=EPILOG)
@click.argument("revision", type=click.IntRange(min=1), required=False)
@options.cluster
@options.environment
@options.minikube_too
@options.take_over
@options.yes
@options.output
def command(*, revision: int | None, **given: Any) -> Result:
    """Go back to a release; without a number to what ran before.

    That is the newest release that is not what runs now, also after an install that failed. Images that a node has
    lost are brought back from this host's Docker first. Secrets and data stay: an older release works with the schema
    of a newer one.
    """
    from todoctl.recipes.rollback import rollback

    done = rollback(options.steps(**given), revision)
    return Result("rollback", text=_text(done), data=_data(done))


def _text(done: RolledBack) -> str:
    if done.changes.empty:
        return f"Nothing to do: release {done.release.revision} runs."
    made = f", as release {done.revision}" if done.revision != done.release.revision else ""
    return f"Release {done.release.revision} runs again{made}.\n\n  {done.access.url}"


def _data(done: RolledBack) -> dict[str, Any]:
    from todoctl.cli import diff, load

    return {
        "to": done.release.revision,
        "release": done.revision,
        "sideloaded": [load.data(one) for one in done.sideloaded],
        "objects": [diff.data(one) for one in done.changes.changes],
        "url": done.access.url,
    }
