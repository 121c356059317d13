"""How a step talks while it works: the interface that the command line implements."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class Reporter(Protocol):
    """Talk to the person in front of the terminal (stderr); never data (stdout).

    May be called from several threads.
    """

    def step(self, title: str) -> AbstractContextManager[None]:
        """Announce a step of the recipe; leaving the block prints how long it took, or that it failed.

        A KeyboardInterrupt leaves the block with the title as its argument.
        """

    def note(self, text: str) -> None:
        """Print one line under the current step."""

    def progress(self, label: str, done: float, total: float | None, unit: str, detail: str = "") -> None:
        """Tell how far something is that goes on under the current step: `done` of `total`, `B` being bytes.

        A live display shows the last word on each label; elsewhere a new `detail` is one line, and nothing else is
        printed. Told as often as one likes.
        """

    def done(self, label: str, text: str) -> None:
        """Print one line on how something ended, whose progress was told or not."""

    def warn(self, text: str) -> None:
        """Print one line that deserves attention but stops nothing."""

    def debug(self, text: str) -> None:
        """Print one line with `--debug` only."""

    def confirm(self, question: str, plan: Sequence[str] = ()) -> None:
        """Ask a yes-or-no question; `--yes` answers it. `plan` is what the yes is to: shown before, however quiet.

        Raises ConsentError on a no, and where there is no terminal to ask on.
        """
