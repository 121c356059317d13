"""Read what `docker build --progress plain` prints: which steps there are, and which one failed on what."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

_LINE = re.compile(r"#(?P<step>\d+) (?P<text>.*)")
_OUTPUT = re.compile(r"\d+\.\d+ (?P<said>.*)")
_NAME = re.compile(r"\[[^\]]+\] .+")
_KEPT = 100
_SHOWN = 15


@dataclass
class _Step:
    name: str
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))


class Progress:
    """The progress of one build, fed line by line.

    Each step has a number; its first line is its name (`#7 [build 3/5] RUN …`), its output comes with seconds
    (`#7 0.878 …`), its end is `DONE`, `CACHED` or `ERROR: …`. The lines of several steps are mixed.
    """

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._failed: _Step | None = None
        self._error: str | None = None

    def feed(self, line: str) -> str | None:
        """Take one line, and return the name of the Dockerfile step that it starts, if it does."""
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            return None
        number, text = found["step"], found["text"]
        step = self._steps.get(number)
        if step is None:
            self._steps[number] = _Step(text)
            return text if _NAME.fullmatch(text) and not text.startswith("[internal]") else None
        if text.startswith("ERROR: "):
            self._failed, self._error = step, text.removeprefix("ERROR: ")
        elif (output := _OUTPUT.fullmatch(text)) and output["said"].strip():
            step.tail.append(output["said"].rstrip())
        return None

    @property
    def failed_step(self) -> str | None:
        """The name of the step that failed, if one did: a build may fail before its first step."""
        return self._failed.name if self._failed else None

    @property
    def error(self) -> str | None:
        """What BuildKit said about the step that failed."""
        return self._error

    @property
    def output(self) -> str:
        """What the failed step printed, and BuildKit's own word on it: enough to find the cause in."""
        return "\n".join([*(self._failed.tail if self._failed else ()), self._error or ""])

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines that the failed step printed, for a person."""
        return tuple(self._failed.tail)[-_SHOWN:] if self._failed else ()
