"""The terminal: where talk goes, what it may look like, and how a question is asked."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, TextIO

import click

from todoctl.cli.logfile import LogFile
from todoctl.errors import ConsentError, TodoctlError

if TYPE_CHECKING:
    from todoctl.cli.live import Live

_COLUMNS = 80  # of a terminal that does not tell


class _Nobody(io.StringIO):
    """A stream that nobody listens to."""

    def write(self, text: str, /) -> int:
        """Take a text, and do nothing with it."""
        return len(text)


def understands_controls(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Tell whether a stream is a terminal that understands control sequences: colours, and a cursor that moves.

    None is one that was closed before todoctl began.
    """
    if stream is None or not stream.isatty() or environment.get("TERM") == "dumb":
        return False
    if sys.platform != "win32":
        return True
    from todoctl.adapters import system

    return system.enable_controls(stream)


def may_color(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Tell whether a stream is a terminal that wants colour (https://no-color.org: any value that is not empty)."""
    return not environment.get("NO_COLOR") and understands_controls(stream, environment)


class Terminal:
    """A Reporter on a stream (stderr). Tests replace the streams and the environment."""

    def __init__(
        self,
        *,
        stdin: TextIO | None = None,
        stderr: TextIO | None = None,
        environment: Mapping[str, str] | None = None,
        assume_yes: bool = False,
        debug: bool = False,
        color: bool | None = None,
        quiet: bool = False,
        log: LogFile | None = None,
    ) -> None:
        self._in = stdin or sys.stdin
        self._err: TextIO = stderr or sys.stderr or _Nobody()
        environment = os.environ if environment is None else environment
        self._yes = assume_yes
        self._debug = debug
        self._quiet = quiet
        self._log = log or LogFile()
        self._lock = threading.Lock()
        controls = understands_controls(self._err, environment)
        self.color = controls and not environment.get("NO_COLOR") if color is None else color and controls
        self._told: dict[str, str] = {}
        self._began = time.monotonic()
        self._moves = controls and not quiet
        self._live: Live | None = None  # while a step runs

    def write(self, text: str) -> None:
        """Send text to the terminal at once. A character that it cannot show is a question mark, not a traceback.

        Who listened may have gone (`todoctl install 2>&1 | head`), or the disk be full: what is being done goes on
        without a word, but for those in the log.
        """
        encoding = getattr(self._err, "encoding", None) or "utf-8"
        with self._lock:
            try:
                self._err.write(text.encode(encoding, "replace").decode(encoding))
                self._err.flush()
            except OSError:
                if self._err is sys.stderr:
                    sys.stderr = None  # in its end the interpreter would try once more, and fail of it
                self._err = _Nobody()

    def send(self, text: str) -> None:
        """Send text past whatever is being written: for where no lock may be waited for."""
        with suppress(OSError, ValueError):
            os.write(self._err.fileno(), text.encode("ascii"))

    def columns(self) -> int:
        """Return how wide the terminal is now."""
        try:
            return os.get_terminal_size(self._err.fileno()).columns or _COLUMNS
        except (OSError, ValueError):
            return _COLUMNS

    @contextmanager
    def _shown(self, title: str) -> Iterator[None]:
        """Show a step while the block runs, where the terminal can; a step inside a step shares the display."""
        outermost = self._live is None
        if self._moves and outermost:
            from todoctl.cli.live import Live

            encoding = getattr(self._err, "encoding", None) or "utf-8"
            self._live = Live(self, encoding, color=self.color, began=self._began)
        try:
            with self._live.step(title) if self._live else nullcontext():
                yield
        finally:
            if outermost:
                self._live = None

    def _print(self, text: str) -> None:
        if self._live:
            self._live.above(text)
        else:
            self.write(text + "\n")

    def _talk(self, text: str) -> None:
        if not self._quiet:
            self._print(text)

    def style(self, text: str, **style: bool | str) -> str:
        """Return `text` styled as `click.style` does, or bare where colour is off."""
        return click.style(text, **style) if self.color else text  # type: ignore[arg-type]

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print the step's title, run the block, print how long it took when that is worth telling."""
        started = time.monotonic()
        try:
            self._log.write("step", title)
            self._talk(self.style(title, bold=True))
            with self._shown(title):
                yield
        except KeyboardInterrupt as interrupt:
            interrupt.args = interrupt.args or (title,)  # where Ctrl-C came, for the last word
            raise
        seconds = time.monotonic() - started
        self._log.write("done", f"{title}: {seconds:.3f} s")
        if seconds >= 1:
            self._talk(self.style(f"  {seconds:.1f} s", dim=True))

    def note(self, text: str) -> None:
        """Print an indented line."""
        self._log.write("note", text)
        self._talk("\n".join("  " + line for line in text.splitlines()))

    def progress(self, label: str, done: float, total: float | None, unit: str, detail: str = "") -> None:
        """Show how far something is; where nothing moves, print its detail when that is new."""
        if detail and self._told.get(label) != detail:
            self._told[label] = detail
            self._log.write("note", f"{label}: {detail}")
            if self._live is None:
                self._talk(f"  {label}: {detail}")
        if self._live:
            self._live.update(label, done, total, unit, detail)

    def done(self, label: str, text: str) -> None:
        """Print a line that stays in the place of the progress."""
        self._told.pop(label, None)
        if self._live:
            self._live.end(label)
        self.note(f"{label}: {text}")

    def warn(self, text: str) -> None:
        """Print a line that starts with `warning:`, also where all else is quiet."""
        self._log.write("warn", text)
        self._print(f"{self.style('warning:', fg='yellow', bold=True)} {text}")

    def debug(self, text: str) -> None:
        """Print a dim line, with `--debug` only."""
        self._log.write("debug", text)
        if self._debug:
            self._print(self.style(f"  · {text}", dim=True))

    def confirm(self, question: str, plan: Sequence[str] = ()) -> None:
        """Show the plan and ask; raise ConsentError unless the answer is yes. An empty answer is a no."""
        if self._yes:
            for line in plan:
                self.note(line)
        self._log.write("ask", "\n".join([*([] if self._yes else plan), question]))
        if self._yes:
            return
        # A stream that was closed before todoctl began is None.
        if self._in is None or not (self._in.isatty() and self._err.isatty()):
            raise ConsentError(
                "consent.no-terminal",
                f"this needs a yes: {question}",
                because="there is no terminal to ask on, so nothing was done",
                hint="run the command in a terminal, or add `--yes`",
                details=tuple(plan),
            )
        with self._live.aside() if self._live else nullcontext():
            self.write("".join(f"  {line}\n" for line in plan) + f"{question} [y/N] ")
            answer = self._in.readline()
        if answer.strip().lower() not in {"y", "yes"}:
            raise ConsentError(
                "consent.declined",
                "stopped at this question",
                because="the answer was not yes, so nothing more was done",
                hint="run the command again to be asked again",
            )

    def error(self, error: TodoctlError) -> None:
        """Print what happened, why, the details, where the log is, and what to do next.

        Its id is for the log, and with `--debug`: most people need what the error says, and nothing to look up.
        """
        self.debug(f"`todoctl doctor --explain {error.id}` says more")
        for kind, text in (("error", error.what), ("why", error.because or ""), ("hint", error.hint or "")):
            self._log.write(kind, text)
        self._log.write("more", "\n".join(error.details))
        self._print(f"{self.style('error:', fg='red', bold=True)} {error.what}")
        if error.because:
            self._print(_hanging("  because: ", error.because))
        for line in error.details:
            self._print(f"  {self.style('|', dim=True)} {line}")
        if self._log.path:
            self._print(f"  log: {self._log.path}")
        if error.hint:
            self._print("\n" + _hanging(self.style("hint:", fg="cyan", bold=True) + " ", error.hint, indent=6))


def _hanging(label: str, text: str, indent: int | None = None) -> str:
    first, *rest = text.splitlines()
    width = len(label) if indent is None else indent
    return "\n".join([label + first, *(" " * width + line for line in rest)])
