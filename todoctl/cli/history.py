"""`todoctl history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.recipes.history import History

EPILOG = """\b
Examples:
  todoctl history               the releases, newest first, and which one runs
  todoctl history -o json       the same for a program
  todoctl rollback 2            back to release 2 of them
"""


@click.command("history", short_help="List the releases, newest first.", epilog=EPILOG)
@options.cluster
@options.output
def command(**given: Any) -> Result:
    """List the releases of the app, newest first: what each install that changed something applied.

    The last ten are kept, in the cluster. `todoctl rollback` goes back to one.
    """
    from todoctl.recipes.history import history

    found = history(options.steps(**given))
    return Result("history", text=_text(found), data=_data(found))


def _text(history: History) -> str:
    if not history.releases:
        return "There is no release yet: `todoctl install` makes the first."
    lines = []
    for one in history.releases:
        runs = click.style("  runs", fg="green") if one.revision == history.running else ""
        lines.append(f"{one.revision}  {one.time}  todoctl {one.version}  {one.reason}{runs}")
        lines += [f"   {image}" for image in one.images]
    return "\n".join(lines)


def _data(history: History) -> dict[str, Any]:
    return {
        "releases": [
            {
                "revision": one.revision,
                "time": one.time,
                "version": one.version,
                "reason": one.reason,
                "images": list(one.images),
                "runs": one.revision == history.running,
            }
            for one in history.releases
        ]
    }
