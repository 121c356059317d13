"""Read what `docker build --progress plain` prints: which steps there are, and which one failed on what."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

_LINE = re.compile(r"#(?P<step>\d+) (?P<text>.*)")
_OUTPUT = re.compile(r"\d+\.\d+ (?P<said>.*)")
_NAME = re.compile(r"\[(?:(?P<stage>[^\] ]+) )?(?P<number>\d+)/(?P<count>\d+)\] .+")
_MOUNT = re.compile(r" --mount=\S+")
_CONDITION = re.compile(r"(?<= RUN )if .*? fi *(?:;|&&) *")
_PULL = re.compile(
    r"(?P<layer>sha256:[0-9a-f]+) (?P<done>[\d.]+)(?P<done_unit>[kMG]?B) / (?P<total>[\d.]+)(?P<unit>[kMG]?B)\b.*"
)
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_KEPT = 100
_SHOWN = 15


def _told(name: str) -> str:
    """Return a step's name in one line, without mounts and conditions before it: they say little of what it does."""
    return _CONDITION.sub("", " ".join(_MOUNT.sub("", name).split()))


@dataclass
class _Step:
    name: str
    ended: bool = False
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
        self._stages: dict[str, int] = {}
        self._layers: dict[str, tuple[float, float]] = {}

    def feed(self, line: str) -> str | None:
        """Take one line, and return the name of the Dockerfile step that it starts, if it does."""
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            return None
        number, text = found["step"], found["text"]
        step = self._steps.get(number)
        if step is None:
            self._steps[number] = _Step(text)
            return self._starts(text)
        if text.startswith("ERROR: "):
            self._failed, self._error = step, text.removeprefix("ERROR: ")
        elif text == "CACHED" or text.startswith("DONE "):
            step.ended = True
        elif pull := _PULL.fullmatch(text):
            done = float(pull["done"]) * _UNITS[pull["done_unit"]]
            self._layers[pull["layer"]] = (done, float(pull["total"]) * _UNITS[pull["unit"]])
        elif (output := _OUTPUT.fullmatch(text)) and output["said"].strip():
            step.tail.append(output["said"].rstrip())
        return None

    def _starts(self, text: str) -> str | None:
        named = _NAME.fullmatch(text)
        if named is None:
            return None
        self._stages[named["stage"] or ""] = int(named["count"])
        return _told(text)

    @property
    def steps_done(self) -> int:
        """How many of the Dockerfile's steps have ended, or were there already."""
        return sum(step.ended and _NAME.fullmatch(step.name) is not None for step in self._steps.values())

    @property
    def steps(self) -> int:
        """How many steps the stages have that are known so far: BuildKit begins with the ones it can."""
        return sum(self._stages.values())

    @property
    def pulled(self) -> tuple[float, float] | None:
        """The bytes of the base image that are here, and all of them; None where nothing is being pulled."""
        done, total = (sum(figures) for figures in zip(*self._layers.values(), strict=True)) if self._layers else (0, 0)
        return (done, total) if done < total else None

    @property
    def failed_step(self) -> str | None:
        """The name of the step that failed, if one did: a build may fail before its first step."""
        return _told(self._failed.name) if self._failed else None

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
