"""The entry: finds the verb, runs it, renders what it returned or raised, and ends with its exit code."""

from __future__ import annotations

import difflib
import importlib
import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from todoctl.cli import stdout
from todoctl.cli.logfile import LogFile
from todoctl.cli.terminal import Terminal, may_color
from todoctl.errors import ExitCode, TodoctlError, UsageError
from todoctl.result import Result

# Verb → module in this package. Imported when used, for a fast start.
VERBS = {
    "install": "install",
    "diff": "diff",
    "doctor": "doctor",
    "status": "status",
    "port-forward": "port_forward",
    "history": "history",
    "rollback": "rollback",
    "secrets": "secrets",
    "backup": "backup",
    "restore": "restore",
    "uninstall": "uninstall",
    "build": "build",
    "load": "load",
    "bundle": "bundle",
    "manifests": "manifests",
    "completion": "completion",
    "version": "version",
}

_POLITE = [one for one in signal.Signals if one.name in ("SIGTERM", "SIGHUP")]
"""What asks todoctl to end; SIGHUP, which Windows lacks, when its terminal or its connection goes."""

COMPLETE = "_TODOCTL_COMPLETE"
"""The variable by which a completion script asks."""

UNFORESEEN = "unforeseen"
"""The id of every error that todoctl has no words of its own for."""

NO_FAILURE = frozenset({ExitCode.USAGE, ExitCode.CONSENT, ExitCode.INTERRUPTED})
"""How whoever runs a verb ends it himself: there is nothing to look into, so it takes no log where it has none."""

EPILOG = f"""\
Exit codes: {", ".join(f"{code}={code.name.lower()}" for code in ExitCode)}.

\b
Examples:
  todoctl doctor              what this machine lacks
  todoctl install             bring the app up; again: only what changed
  todoctl diff                what an install would change
  todoctl port-forward        reach it where the Ingress cannot be reached
  todoctl uninstall           take it down, keep its data
"""


class Formatter(click.HelpFormatter):
    """Help that fits a narrow terminal, and leaves the explanations half of it."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(indent_increment, width or max(min(columns, max_width or 80) - 2, 20))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms and explanations side by side; a long term has a line to itself."""
        super().write_dl(rows, min(col_max, self.width // 2 - 4), col_spacing)


click.Context.formatter_class = Formatter

_clicks_help_option = click.Command.get_help_option


def _help_option(self: click.Command, ctx: click.Context) -> click.Option | None:
    """Return click's option, which prints as all else is printed."""
    option = _clicks_help_option(self, ctx)
    if option is not None:
        option.callback = _shows(click.Context.get_help)
    return option


def _shows(text: Callable[[click.Context], str]) -> Callable[[click.Context, click.Parameter, bool], None]:
    """Return the callback of an option that prints a text, and ends there.

    Click's own would end todoctl with 1 where nobody reads any more, and not say what a full disk means.
    """

    def show(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
        if value and not ctx.resilient_parsing:
            stdout.write(text(ctx))
            ctx.exit()

    return show


def _version(_: click.Context) -> str:
    from todoctl.cli import version

    return version.text()


# Of every command, a verb's own verbs too.
click.Command.get_help_option = _help_option  # type: ignore[method-assign]


class Verbs(click.Group):
    """A group that imports a verb's module only when it is used, and lists them in the order of VERBS."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of their story."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the verb's module and return its `command`."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"todoctl.cli.{VERBS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.group(cls=Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_shows(_version),
    help="Show the version and exit.",
)
def todoctl() -> None:
    """Bring a Todo app up on a real Kubernetes: build, sideload, apply, wait, and show the way in."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. Raises nothing but KeyboardInterrupt, outside the verb's own work."""
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    as_json = _wants_json(arguments)
    debug = "--debug" in arguments
    log = LogFile(arguments)
    terminal = Terminal(debug=debug, color=False if "--no-color" in arguments else None, log=log)
    # Whoever ends todoctl politely gets what Ctrl-C does: children ended, and a word on how to go on.
    for one in _POLITE:
        if signal.getsignal(one) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(one, signal.default_int_handler)
    try:
        outcome = _run(arguments, log)
        if isinstance(outcome, Result):
            _render(outcome, as_json=as_json, color="--no-color" not in arguments)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort: no traceback for the user
        with _uninterrupted():
            _end_children()
            stdout.settle()
            log.write("trace", traceback.format_exc())
            command = _named(arguments)
            ours = _as_ours(error, command)
            if ours.exit_code not in NO_FAILURE:
                log.begin(command)
            if isinstance(error, KeyboardInterrupt) and sys.stderr is not None and sys.stderr.isatty():
                terminal.write("\n")  # the terminal has written ^C
            if debug:
                from todoctl.mask import mask

                terminal.write(mask(traceback.format_exc()))
            return _fail(terminal, command, ours, as_json=as_json, log=log)
    code = int(outcome.exit_code if isinstance(outcome, Result) else outcome or 0)
    log.end(code)
    return code


def _run(arguments: list[str], log: LogFile) -> Any:
    """Run the verb; return what it returned, or the exit code of what click itself answered.

    As click's `main` does, but for what that keeps to itself: it would end todoctl with 1, without a word, where the
    verb's own work meets a broken pipe, and fail of Ctrl-C where nobody reads what it echoes then.
    """
    if instruction := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(todoctl, {}, "todoctl", COMPLETE, instruction)
    try:
        with todoctl.make_context("todoctl", list(arguments), obj=log) as context:
            return todoctl.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code


def _named(arguments: list[str]) -> str:
    """Return the verb that the arguments name, with its own verb after a space where it has some.

    That is the first word that is no option, and then the second; another verb's name may follow as anything else.
    """
    verb, own = [*(word for word in arguments if not word.startswith("-")), "", ""][:2]
    if verb not in VERBS:
        return "todoctl"
    # Only what was imported already: the verb's module may be what failed.
    command = getattr(sys.modules.get(f"todoctl.cli.{VERBS[verb]}"), "command", None)
    return f"{verb} {own}" if isinstance(command, click.Group) and own in command.commands else verb


def _end_children() -> None:
    # A thread may still wait for a program; a command that never ran one need not import the adapter.
    process = sys.modules.get("todoctl.adapters.process")
    if process is not None:
        process.end_children()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore what asks todoctl to end while the block runs: it ends, and a second Ctrl-C must not cut that off."""
    handlers = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, *_POLITE)}
    try:
        yield
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)


def _wants_json(arguments: list[str]) -> bool:
    # Read before click does, so that errors in the other options come as JSON too. As in click, the last one counts.
    wanted = "text"
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if joined := re.fullmatch(r"(?:-[yq]*o=?|--output=)(json|text)", argument):
            wanted = joined[1]
        elif re.fullmatch(r"-[yq]*o|--output", argument):
            wanted = following
    return wanted == "json"


def _render(result: Result, *, as_json: bool, color: bool) -> None:
    if as_json:
        from todoctl.cli import envelope

        stdout.write(envelope.of_result(result))
    elif result.text:
        stdout.write(result.text if color and may_color(sys.stdout, os.environ) else click.unstyle(result.text))


def _fail(terminal: Terminal, command: str, error: TodoctlError, *, as_json: bool, log: LogFile) -> int:
    _mask(error)
    terminal.error(error)
    log.end(int(error.exit_code))
    if as_json:
        from todoctl.cli import envelope

        try:
            stdout.write(envelope.of_error(command, error, log=log.path))
        except TodoctlError as unwritable:
            terminal.error(unwritable)
    return int(error.exit_code)


def _mask(error: TodoctlError) -> None:
    """Take what looks like a secret out of an error, whose texts may be a program's or the cluster's."""
    from todoctl.mask import mask

    error.what = mask(error.what)
    error.because = error.because and mask(error.because)
    error.hint = error.hint and mask(error.hint)
    error.details = tuple(map(mask, error.details))


class _Interrupted(TodoctlError):
    exit_code = ExitCode.INTERRUPTED


def _misused(error: click.ClickException, words: str) -> UsageError:
    """Return click's error as ours, in one line; `words` are todoctl and the verb."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and isinstance(error.ctx.command, click.Group):
        verbs = ", ".join(f"`{verb}`" for verb in error.ctx.command.list_commands(error.ctx))
        return UsageError("usage", f"`{words}` needs one of its verbs: {verbs}", hint=f"see `{words} --help`")
    hint = f"see `{words} --help`"
    what = error.format_message()
    if isinstance(error, click.exceptions.NoSuchCommand):
        what = error.message
        if error.ctx is not None and isinstance(error.ctx.command, click.Group):
            there = error.ctx.command.list_commands(error.ctx)
            for close in difflib.get_close_matches(error.command_name, there, n=1):
                hint = f"did you mean `{error.ctx.command_path} {close}`?"
    return UsageError("usage", " ".join(what.split()).rstrip("."), hint=hint)


def _as_ours(error: BaseException, command: str) -> TodoctlError:
    if isinstance(error, OSError) and isinstance(error.__context__, KeyboardInterrupt):
        error = error.__context__  # click ends the line first, which fails where the terminal has gone
    if isinstance(error, TodoctlError):
        return error
    if isinstance(error, click.ClickException):
        return _misused(error, "todoctl" if command == "todoctl" else f"todoctl {command}")
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        # click wraps what interrupted it.
        interrupt = error.__cause__ if isinstance(error, click.Abort) else error
        where = f" in step `{interrupt.args[0]}`" if interrupt and interrupt.args else ""
        hint = "what is done stays done: run the same command again to go on"
        return _Interrupted("interrupted", f"interrupted{where}", hint=hint)
    return TodoctlError(
        UNFORESEEN,
        "todoctl ran into something that it did not foresee",
        because=f"{type(error).__name__}: {error}",
        hint="see where with `--debug`, and report it, with what `todoctl doctor --report report.zip` writes",
    )
