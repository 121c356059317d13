"""`todoctl version`."""

from __future__ import annotations

import platform

import click

from todoctl import __version__
from todoctl.cli import options
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl version
  todoctl version -o json
"""


@click.command("version", short_help="Print the versions of todoctl and its Python.", epilog=EPILOG)
@options.output
def command(**_options: object) -> Result:
    """Print todoctl's version, and the Python that runs it."""
    return Result(
        "version",
        text=text(),
        data={
            "version": __version__,
            "python": platform.python_version(),
            "system": platform.system(),
            "machine": platform.machine(),
        },
    )


def text() -> str:
    """Return what `--version` says too."""
    return f"todoctl {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})"
