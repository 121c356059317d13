"""`todoctl uninstall`."""

from __future__ import annotations

from typing import Any

import click

from todoctl.cli import options
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl uninstall           the next install finds every task again
  todoctl uninstall --data    nothing is left; asks first
"""


@click.command("uninstall", short_help="Remove the app; its data stays, unless --data.", epilog=EPILOG)
@options.cluster
@options.environment
@options.minikube_too
@click.option("--data", "with_data", is_flag=True, help="Remove the namespace, the volume claim and the Secrets too.")
@options.yes
@options.output
def command(*, with_data: bool, **given: Any) -> Result:
    """Remove the app. Its namespace, volume claim and Secrets stay, so that no task is lost.

    With `--data` these go too, after a question: accounts and tasks cannot be brought back.
    """
    from todoctl.recipes.uninstall import uninstall

    removed = uninstall(options.steps(**given), with_data=with_data)
    deleted = [f"{change.kind}/{change.name}" for change in removed.deleted.changes]
    lines = [f"{name} deleted" for name in deleted] or ["Nothing to do: the app is not there."]
    if removed.kept:
        lines += ["", "kept: " + ", ".join(removed.kept)]
    return Result("uninstall", text="\n".join(lines), data={"deleted": deleted, "kept": list(removed.kept)})
