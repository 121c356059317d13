"""An instant by which something must be done, shared by every step that works towards it."""

from __future__ import annotations

import time
from collections.abc import Callable

SLICE_SECONDS = 0.5
"""How long a thread waits without a look at whether Ctrl-C came: Windows does not interrupt a wait."""


class Deadline:
    """An instant `seconds` from now on the monotonic clock. Tests inject `clock`."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - self._clock())

    def expired(self) -> bool:
        """Tell whether nothing is left."""
        return self.remaining() == 0.0

    def within(self, seconds: float) -> Deadline:
        """Return a deadline `seconds` from now, or this one where it comes first."""
        return Deadline(min(seconds, self.remaining()), self._clock)
