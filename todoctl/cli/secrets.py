"""`todoctl secrets`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.errors import UsageError
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.recipes.secrets import Changed

KEYS = ("openai-api-key", "database-url")
"""What a user may set, and take away again."""

LONGEST_VALUE = 64 * 1024

EPILOG = """\b
Examples:
  todoctl secrets names              which keys are set
  todoctl secrets set openai-api-key
  todoctl secrets rotate database    new passwords; no request fails
"""

NAMES_EPILOG = """\b
Examples:
  todoctl secrets names
  todoctl secrets names -o json -n second
"""

SET_EPILOG = """\b
Examples:
  todoctl secrets set openai-api-key                  asks for it, and shows nothing
  todoctl secrets set openai-api-key --from-file key.txt
  todoctl secrets set database-url < url.txt          the app then uses that database
  todoctl secrets set openai-api-key -e staging --context shared
"""

UNSET_EPILOG = """\b
Examples:
  todoctl secrets unset openai-api-key     the assistant falls back to its rules
  todoctl secrets unset database-url       back to the database that comes with the app
"""

ROTATE_EPILOG = """\b
Examples:
  todoctl secrets rotate database
  todoctl secrets rotate auth --yes
"""

RESET_EPILOG = """\b
Examples:
  todoctl secrets reset
  todoctl secrets reset --yes -n second
"""


@click.group("secrets", short_help="Name, set, unset, rotate or reset the app's Secrets.", epilog=EPILOG)
def command() -> None:
    """Look after the app's Secrets: which are set, set and unset them, give them new values, repair them.

    No value is ever shown, logged or taken from the command line.
    """


@command.command("names", short_help="Tell which keys are set; no value is shown.", epilog=NAMES_EPILOG)
@options.cluster
@options.output
def names(**given: Any) -> Result:
    """Tell which keys the Secrets have, and which of them are set. Shows nothing of a value, not even its length."""
    from todoctl.recipes import secrets

    found = secrets.names(options.steps(**given))
    lines: list[str] = []
    for secret in found:
        lines.append(secret.name if secret.there else f"{secret.name}: not there")
        width = max(map(len, secret.keys))
        lines += [f"  {key:<{width}}  {'set' if is_set else 'not set'}" for key, is_set in secret.keys.items()]
    return Result(
        "secrets names",
        text="\n".join(lines),
        data={
            "secrets": [
                {
                    "name": secret.name,
                    "there": secret.there,
                    "keys": [{"name": key, "set": is_set} for key, is_set in secret.keys.items()],
                }
                for secret in found
            ]
        },
    )


# click would quote a value that was given as an argument.
@command.command(
    "set",
    short_help="Set a key, and let the app's pods run with it.",
    epilog=SET_EPILOG,
    context_settings={"allow_extra_args": True},
)
@click.argument("key", type=click.Choice(KEYS))
@click.option(
    "--from-file",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with the value and nothing else; without it the value is asked for, or read from stdin.",
)
@options.cluster
@options.environment
@options.minikube_too
@options.yes
@options.output
@click.pass_context
def set_value(click_context: click.Context, /, *, key: str, file: Path | None, **given: Any) -> Result:
    """Set a key, and let the app's pods run with it, one after the other.

    The value is never an argument: every user of this machine could read it there.
    """
    from todoctl.recipes import secrets

    if click_context.args:
        raise UsageError(
            "secrets.argument",
            "a value must not be an argument; it was ignored",
            because="every user of this machine can see it there, and the shell remembers it",
            hint="give it with `--from-file`, through stdin, or when asked; "
            "then replace the one that you typed: others may have read it",
        )
    steps = options.steps(**given)
    return _result("secrets set", secrets.set_value(steps, key, _value(key, file)))


@command.command("unset", short_help="Take a key away; the app then does without it.", epilog=UNSET_EPILOG)
@click.argument("key", type=click.Choice(KEYS))
@options.cluster
@options.environment
@options.minikube_too
@options.yes
@options.output
def unset(*, key: str, **given: Any) -> Result:
    """Take a key away, and let the app's pods run without it, one after the other.

    `openai-api-key`: the assistant falls back to its built-in rules. `database-url`: the app uses the database that
    comes with it again, after a question; on the volume that is there, or on a new one. No data moves.
    """
    from todoctl.recipes.unset import unset as recipe

    return _result("secrets unset", recipe(options.steps(**given), key))


@command.command("rotate", short_help="Give the database or Better Auth a new secret.", epilog=ROTATE_EPILOG)
@click.argument("what", type=click.Choice(["database", "auth"]))
@options.cluster
@options.environment
@options.minikube_too
@options.yes
@options.output
def rotate(*, what: str, **given: Any) -> Result:
    """Give the database's passwords or Better Auth's secret new values, and let the app's pods run with them.

    `database`: the app signs in as another role with a new password, and the old one is shut out when no pod uses it
    any more: no request fails. `auth`: everybody is signed out, after a question.
    """
    from todoctl.recipes import secrets

    steps = options.steps(**given)
    changed = secrets.rotate_database(steps) if what == "database" else secrets.rotate_auth(steps)
    return _result("secrets rotate", changed)


@command.command("reset", short_help="Make the Secrets and the database match again.", epilog=RESET_EPILOG)
@options.cluster
@options.environment
@options.minikube_too
@options.yes
@options.output
def reset(**given: Any) -> Result:
    """Make the Secrets fit the database again where one was lost, or the database's volume was; asks first.

    The database gets new passwords over its pod's own socket. If Better Auth's secret was lost, everybody must sign in
    again. Where the volume is gone, the next install begins with an empty database.
    """
    from todoctl.recipes.reset import reset as recipe

    return _result("secrets reset", recipe(options.steps(**given)))


def _value(key: str, file: Path | None) -> str:
    """Read a value from a file, the terminal (hidden) or stdin, without the end of its line."""
    if file is not None:
        text = _text(file)
    elif sys.stdin is not None and sys.stdin.isatty():
        text = click.prompt(key, hide_input=True, err=True)
    else:
        text = sys.stdin.read(LONGEST_VALUE + 1) if sys.stdin is not None else ""
    value = text.rstrip("\r\n")
    because = None
    if not value.strip():
        because = "it is empty"
    elif len(value) > LONGEST_VALUE:
        because = f"it is longer than {LONGEST_VALUE} characters"
    elif not value.isprintable():
        because = "it has more than one line, or characters that cannot be seen"
    if because:
        raise UsageError(
            "secrets.value",
            f"there is no value for `{key}`",
            because=because,
            hint="give one line: with `--from-file`, through stdin, or when asked",
        )
    return value.strip()


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8-sig") as opened:
            return opened.read(LONGEST_VALUE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "secrets.file",
            f"`{file}` cannot be read",
            because=error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text",
            hint="name a text file with the value and nothing else",
        ) from error


def _result(verb: str, changed: Changed) -> Result:
    lines = [
        f"Secret/{state.name} {state.action.value}" + (f": {', '.join(state.keys)}" if state.keys else "")
        for state in changed.states
    ]
    if changed.rolled:
        lines.append(f"The pods run with the Secrets as they are now: {', '.join(changed.rolled)}")
    else:
        lines.append("The app is not there: `todoctl install` brings it up with the Secrets as they are now.")
    return Result(
        verb,
        text="\n".join(lines),
        data={
            "changed": changed.changed,
            "secrets": [
                {"name": state.name, "action": state.action.value, "keys": list(state.keys)} for state in changed.states
            ],
            "rolled": list(changed.rolled),
        },
    )
