"""`todoctl bundle`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.bundle import Index

EPILOG = """\b
Examples:
  todoctl bundle save todo.bundle      all that an install takes, in one file
  todoctl bundle verify todo.bundle    whether the file is still what was written
  todoctl install --offline --bundle todo.bundle
"""

SAVE_EPILOG = """\b
Examples:
  todoctl bundle save todo.bundle
  todoctl bundle save -p workshop /media/stick/todo.bundle
"""

VERIFY_EPILOG = """\b
Examples:
  todoctl bundle verify todo.bundle
  todoctl bundle verify todo.bundle -o json
"""

_file: Callable[[Any], Any] = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group("bundle", short_help="Save or verify the one file for offline installs.", epilog=EPILOG)
def command() -> None:
    """Carry the app to where there is no network: one file with todoctl, the images and their checksums."""


@command.command("save", short_help="Write all that an install takes into one file.", epilog=SAVE_EPILOG)
@_file
@options.profile
@options.context
@options.timeout
@options.yes
@options.output
def save(*, file: Path, **given: Any) -> Result:
    """Write FILE: todoctl.pyz, the app's images and Postgres, and what the cluster's addons run.

    Builds and pulls what Docker lacks. The addons' images come from the profile's node, where it runs and still has
    them in the form they came in; those that are missing are named. Asks before overwriting.
    """
    from todoctl.recipes import bundle

    saved = bundle.save(options.steps(**given), file)
    lines = [*_lines(saved.index), f"{file}  {saved.size / 1e6:.0f} MB"]
    data = {"file": str(file), "size": saved.size, **_data(saved.index), "missing": list(saved.missing)}
    return Result("bundle save", text="\n".join(lines), data=data)


@command.command("verify", short_help="Tell whether a bundle is whole, and what it holds.", epilog=VERIFY_EPILOG)
@_file
@options.output
def verify(*, file: Path, output: str, debug: bool, no_color: bool) -> Result:  # noqa: ARG001 - read by main
    """Read FILE to its end, and tell what is in it. Exits with 14 unless every byte is as it was written."""
    from todoctl.recipes import bundle

    index = bundle.verify(file)
    lines = [f"{file} is whole: made by todoctl {index.todoctl} for {index.platform}", *_lines(index)]
    return Result("bundle verify", text="\n".join(lines), data={"file": str(file), **_data(index)})


def _lines(index: Index) -> list[str]:
    return [f"  {(*entry.references, entry.name)[0]}  {entry.size / 1e6:.0f} MB" for entry in index.entries]


def _data(index: Index) -> dict[str, Any]:
    return {
        "todoctl": index.todoctl,
        "platform": index.platform,
        "entries": [
            {
                "name": entry.name,
                "size": entry.size,
                "sha256": entry.sha256,
                "references": list(entry.references),
                "config": entry.config or None,
            }
            for entry in index.entries
        ],
    }
