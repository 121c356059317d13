"""How a step talks while it works: the interface that the command line implements."""

from __future__ import annotations

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

    def warn(self, text: str) -> None:
        """Print one line that deserves attention but stops nothing."""

    def debug(self, text: str) -> None:
        """Print one line with `--debug` only."""

    def confirm(self, question: str) -> None:
        """Ask a yes-or-no question; `--yes` answers it.

        Raises ConsentError on a no, and where there is no terminal to ask on.
        """
