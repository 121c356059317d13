"""`todoctl uninstall`."""

from __future__ import annotations

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
@click.option("--data", "with_data", is_flag=True, help="Remove the namespace, the volume claim and the Secrets too.")
@options.yes
@options.output
def command(
    *,
    profile: str,
    context: str | None,
    environment: str,
    namespace: str,
    timeout: float,
    with_data: bool,
    yes: bool,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
) -> Result:
    """Remove the app. Its namespace, volume claim and Secrets stay, so that no task is lost.

    With `--data` these go too, after a question: accounts and tasks cannot be brought back.
    """
    from todoctl.installation import Installation
    from todoctl.recipes.uninstall import uninstall

    settings = options.settings(
        profile=profile, context=context, environment=environment, namespace=namespace, timeout=timeout
    )
    installation = Installation(settings, options.terminal(debug=debug, no_color=no_color, yes=yes))
    removed = uninstall(installation, with_data=with_data)
    deleted = [f"{change.kind}/{change.name}" for change in removed.deleted.changes]
    lines = [f"{name} deleted" for name in deleted] or ["Nothing to do: the app is not there."]
    if removed.kept:
        lines += ["", "kept: " + ", ".join(removed.kept)]
    return Result("uninstall", text="\n".join(lines), data={"deleted": deleted, "kept": list(removed.kept)})
