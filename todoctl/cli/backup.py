"""`todoctl backup`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.database.backupfile import Backup

EPILOG = """\b
Examples:
  todoctl backup tasks.backup             the app goes on meanwhile
  todoctl backup tasks.backup -n second
"""


@click.command("backup", short_help="Write all accounts and tasks into a checked file.", epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.cluster
@options.yes
@options.output
def command(*, file: Path, **given: Any) -> Result:
    """Write all accounts and tasks into FILE, and read it back to verify that it can be restored.

    The file is only yours to read, holds no Secret, and has its name only once it is whole. Asks before overwriting.
    """
    from todoctl.recipes.backup import backup

    written = backup(options.steps(**given), file)
    return Result("backup", text=text(file, written), data=data(file, written))


def text(file: Path, backup: Backup) -> str:
    """Return what a person wants to know of a backup."""
    about = backup.about
    return (
        f"{file}: {backup.size} bytes, SHA-256 {backup.sha256}\n"
        f"namespace {about.namespace} at {about.created_at}, schema {about.revision or 'none'}, "
        f"Postgres {about.postgres}, todoctl {about.todoctl}"
    )


def data(file: Path, backup: Backup) -> dict[str, Any]:
    """Return a backup as plain JSON types."""
    about = backup.about
    return {
        "file": str(file),
        "size": backup.size,
        "sha256": backup.sha256,
        "createdAt": about.created_at,
        "namespace": about.namespace,
        "image": about.image,
        "revision": about.revision,
        "postgres": about.postgres,
        "todoctl": about.todoctl,
    }
