"""`todoctl restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from todoctl.cli import backup, options
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl restore tasks.backup              asks first: what is there now goes
  todoctl restore tasks.backup -n second    into another installation
"""


@click.command("restore", short_help="Replace all accounts and tasks by a backup's.", epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.cluster
@options.yes
@options.output
def command(*, file: Path, **given: Any) -> Result:
    """Replace all accounts and tasks by those of FILE, which `todoctl backup` wrote, after a question.

    A file that was cut or changed is refused before anything is touched. The app stops meanwhile, and starts again with
    what was restored, or, where that fails, with what was there.
    """
    from todoctl.recipes.restore import restore

    restored = restore(options.steps(**given), file)
    return Result("restore", text=backup.text(file, restored), data=backup.data(file, restored))
