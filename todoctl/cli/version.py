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
    python = platform.python_version()
    return Result(
        "version",
        text=f"todoctl {__version__} (Python {python}, {platform.system()} {platform.machine()})",
        data={
            "version": __version__,
            "python": python,
            "system": platform.system(),
            "machine": platform.machine(),
        },
    )
