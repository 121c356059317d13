"""The lines at the bottom of a terminal that show what goes on now; everything else is printed above them."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import click

from todoctl.adapters import system

_TICK_SECONDS = 0.1
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_ERASE_LINE, _ERASE_BELOW = "\x1b[K", "\x1b[J"


@dataclass(frozen=True)
class Symbols:
    """What the display is drawn with."""

    spinner: str
    done: str
    left: str
    cut: str


UNICODE = Symbols("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "━", "─", "…")
ASCII = Symbols("|/-\\", "#", "-", "~")


def symbols_for(encoding: str) -> Symbols:
    """Return what a terminal with this encoding can show."""
    try:
        "".join(vars(UNICODE).values()).encode(encoding)
    except UnicodeEncodeError:
        return ASCII
    return UNICODE


@dataclass(frozen=True)
class Task:
    """How far one thing is: an image's build, a transfer, a workload's rollout."""

    label: str
    done: float
    total: float | None
    unit: str
    detail: str

    def count(self) -> str:
        """Return `3/12 steps`, in MB where the unit is bytes; nothing where there is nothing to count."""
        if self.unit == "B":
            done, total, unit = f"{self.done / 1e6:.0f}", f"{(self.total or 0) / 1e6:.0f}", "MB"
        else:
            done, total, unit = f"{self.done:.0f}", f"{self.total or 0:.0f}", self.unit
        if self.total is None:
            return f"{done} {unit}" if self.done else ""
        return f"{done}/{total} {unit}"


def elapsed(seconds: float) -> str:
    """Return `41 s`, or `2 min 05 s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def lines(tasks: list[Task], columns: int, symbols: Symbols) -> list[str]:
    """Return a line for each task, none longer than `columns`: what does not fit is left out, the bar first."""
    labels = [task.label for task in tasks]
    count_width = max((len(task.count()) for task in tasks), default=0)
    longest = columns // 2 if any(task.detail for task in tasks) else max(columns - count_width - 4, columns // 2)
    if max(map(len, labels), default=0) > longest:  # a workload's kind is the first thing to do without
        labels = [label.rpartition("/")[2] for label in labels]
    label_width = min(max(map(len, labels), default=0), longest)
    bar_width = min(24, columns - label_width - count_width - 36)
    drawn = []
    for task, label in zip(tasks, labels, strict=True):
        parts = [f"  {_cut(label, label_width, symbols):{label_width}}"]
        if bar_width >= 8:  # noqa: PLR2004 - a shorter one says nothing
            parts.append(_bar(task, bar_width, symbols))
        if count_width:
            parts.append(f"{task.count():{count_width}}")
        parts.append(task.detail)
        drawn.append(_cut("  ".join(parts).rstrip(), columns, symbols))
    return drawn


def _bar(task: Task, width: int, symbols: Symbols) -> str:
    share = min(1.0, task.done / task.total) if task.total else 0.0
    full = int(share * width)
    return symbols.done * full + symbols.left * (width - full)


def _cut(text: str, width: int, symbols: Symbols) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + symbols.cut


class Screen(Protocol):
    """What the display draws on."""

    def write(self, text: str, /) -> object:
        """Send text to the terminal, at once."""

    def send(self, text: str, /) -> None:
        """Send text past whatever is being written: for where no lock may be waited for."""

    def columns(self) -> int:
        """Return how wide the terminal is now."""


class Live:
    """The display: the tasks of the current step, and under them how long the step has taken.

    Each picture is one write, over the one before it: nothing flickers, and no line is longer than the terminal is
    wide. The cursor is hidden while a step runs, and shown again however the step ends, and while the program is
    suspended. May be called from several threads.
    """

    def __init__(
        self,
        screen: Screen,
        encoding: str,
        *,
        color: bool,
        began: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._symbols = symbols_for(encoding)
        self._color = color
        self._clock = clock
        self._began = began  # the whole run, by the same clock
        self._steps: list[tuple[str, float]] = []
        self._tasks: dict[str, Task] = {}
        self._drawn: list[int] = []  # how long each line of the picture is that is on the screen
        self._frame = 0
        self._lock = threading.RLock()
        self._end_suspension: Callable[[], None] = lambda: None
        self._stopped = threading.Event()
        self._kept: list[str] | None = None  # while a question is open: what is told meanwhile

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show the display while the block runs; a step inside a step takes its place until it ends."""
        with self._lock:
            self._steps.append((title, self._clock()))
            if len(self._steps) == 1:
                self._start()
        try:
            yield
        finally:
            with self._lock:
                self._steps.pop()
                self._tasks.clear()
                if not self._steps:
                    self._stop()

    def update(self, label: str, done: float, total: float | None, unit: str, detail: str) -> None:
        """Show how far a task is, at the next tick: it may be told as often as one likes."""
        with self._lock:
            if self._steps:
                self._tasks[label] = Task(label, done, total, unit, detail)

    def end(self, label: str) -> None:
        """Show a task no longer."""
        with self._lock:
            self._tasks.pop(label, None)

    def above(self, text: str) -> None:
        """Print a text that stays, above the display; while a question is open, after it."""
        with self._lock:
            if self._kept is not None:
                self._kept.append(text)
                return
            self._screen.write(self._erased() + text + "\n" + self._picture())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Make room for a question while the block runs; no other thread waits for its answer."""
        with self._lock:
            running = bool(self._steps)
            if running:
                self._stop()
            self._kept = []
        try:
            yield
        finally:
            with self._lock:
                kept, self._kept = self._kept, None
                for text in kept or ():
                    self._screen.write(text + "\n")
                if running:
                    self._start()

    def draw(self) -> None:
        """Draw the next picture over the last one."""
        with self._lock:
            if self._steps and self._kept is None:
                self._frame += 1
                up = self._up()
                self._screen.write(up + self._picture() + _ERASE_BELOW)

    def _start(self) -> None:
        self._stopped = threading.Event()
        atexit.register(self._show_cursor)
        self._end_suspension = system.on_suspension(self._leave, self._return)
        self._screen.write(_HIDE + self._picture())
        threading.Thread(target=self._tick, args=(self._stopped,), daemon=True).start()

    def _stop(self) -> None:
        self._stopped.set()
        self._screen.write(self._erased() + _SHOW)
        self._end_suspension()
        atexit.unregister(self._show_cursor)

    def _show_cursor(self) -> None:
        self._screen.write(_SHOW)

    def _leave(self) -> None:
        self._screen.send(_SHOW)

    def _return(self) -> None:
        self._drawn = []  # the shell has written below it
        self._screen.send("\r" + _ERASE_BELOW + _HIDE)

    def _tick(self, stopped: threading.Event) -> None:
        while not stopped.wait(_TICK_SECONDS):
            with self._lock:
                if not stopped.is_set():
                    self.draw()

    def _picture(self) -> str:
        """Return the current picture, and remember how high it is."""
        if not self._steps:
            return ""
        # One column stays free: a cursor behind the last one would be in two lines at once.
        columns = max(self._screen.columns() - 1, 1)
        title, began = self._steps[-1]
        now = self._clock()
        spinner = self._symbols.spinner[self._frame % len(self._symbols.spinner)]
        whole = f", {elapsed(now - self._began)} in all" if began - self._began >= 1 else ""
        status = _cut(f"{spinner} {title}: {elapsed(now - began)}{whole}", columns, self._symbols)
        drawn = lines(list(self._tasks.values()), columns, self._symbols)
        self._drawn = [len(line) for line in [*drawn, status]]
        if self._color:
            status = click.style(status, dim=True)
        return (_ERASE_LINE + "\n").join([*drawn, status]) + _ERASE_LINE

    def _up(self) -> str:
        """Return what leads from the picture's end to its beginning. A terminal made narrower has wrapped it."""
        columns = max(self._screen.columns(), 1)
        height = sum(max(1, -(-length // columns)) for length in self._drawn)
        return "\r" + (f"\x1b[{height - 1}A" if height > 1 else "")

    def _erased(self) -> str:
        erased = self._up() + _ERASE_BELOW if self._drawn else ""
        self._drawn = []
        return erased
