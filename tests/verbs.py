"""Every verb of the command line, as the tests see them: found by asking it, so that none can be forgotten."""

import re
from collections.abc import Iterator

import click

from todoctl.cli.main import todoctl as root


def walk(group: click.Group = root, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield each command with its words (`secrets rotate`), a group before its own verbs."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        words = (*path, name)
        yield " ".join(words), command
        if isinstance(command, click.Group):
            yield from walk(command, words)


COMMANDS = dict(walk())
VERBS = [words for words, command in COMMANDS.items() if not isinstance(command, click.Group)]
"""Those that do something themselves."""


def commands(text: str) -> list[str]:
    """Return the todoctl commands in a text that has one a line, without what goes before, after, and explains them."""
    line = re.compile(r"^ *(?:[A-Z_]+=\S+ )*(todoctl .*?)(?=  |[ ]*(?:[|<>]|&&|$))", re.MULTILINE)
    return [found[1] for found in line.finditer(text)]


def parse(arguments: list[str]) -> str:
    """Parse a command line as click does, run nothing, and return the verb's words. Raises what click raises."""
    context = root.make_context("todoctl", list(arguments))
    words: list[str] = []
    command: click.Command = root
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        words.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(words)
