"""Read what `docker push` and `docker pull` print without a terminal: which layers there are, and which are there.

Their lines tell no bytes: those are drawn for a terminal alone.
"""

from __future__ import annotations

import re

# A tag can look like a layer: todoctl's own are twelve hexadecimal digits too.
_LINE = re.compile(r"(?P<layer>[0-9a-f]{12}): (?!digest: |Pulling from )(?P<state>.+)")
_THERE = ("Pushed", "Layer already exists", "Mounted from ", "Pull complete", "Already exists")


class Layers:
    """The layers of one image on their way, fed line by line."""

    def __init__(self) -> None:
        self._there: dict[str, bool] = {}

    @property
    def counted(self) -> tuple[int, int]:
        """How many layers are there, and how many there are."""
        return sum(self._there.values()), len(self._there)

    def feed(self, line: str) -> bool:
        """Take one line; tell whether it was about a layer."""
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            return False
        self._there[found["layer"]] = found["state"].startswith(_THERE)
        return True
