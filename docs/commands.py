"""Write `commands.md`, the reference of every verb, from what `--help` prints.

`python docs/commands.py` writes the file; with `--check` it writes none and exits with 1 when the file is not what the
verbs say now. It needs what todoctl needs: run it with the Python of the virtual environment that the tests make.
"""  # noqa: INP001 - a script in a folder of documents

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
PAGE = HERE / "commands.md"
WIDTH = 100
HEADER = """\
# Commands

<!-- Generated from --help by `python docs/commands.py`: change the verb, not this file. -->

What `--help` prints, verb by verb. What all of them share (output, exit codes) is in [output](output.md).
"""


def page(root: click.Group) -> str:
    """Return the whole page."""
    return HEADER + "".join(_sections(root, root.make_context("todoctl", [], resilient_parsing=True)))


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield a command's section, and those of its own verbs in the order in which it lists them."""
    context.terminal_width = WIDTH
    yield f"\n## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            if verb is not None and not verb.hidden:
                yield from _sections(verb, verb.make_context(name, [], parent=context, resilient_parsing=True))


def main() -> int:
    """Write the page, or compare it; return the exit code."""
    sys.path.insert(0, str(HERE.parent))
    from todoctl.cli.main import todoctl

    made = page(todoctl)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8", newline="\n")
        return 0
    if PAGE.read_text(encoding="utf-8") == made:
        return 0
    sys.stderr.write("docs/commands.md is not what `--help` says: run `python docs/commands.py`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
