"""The log of one run: everything that was told and everything that `--debug` would tell, each line with its time."""

from __future__ import annotations

import os
import shlex
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

from todoctl import __version__

KEPT = 10
"""How many logs of a verb stay: the newest. A `status` that fails every few seconds pushes out no install's."""
_REPORTED = 3
"""How many logs go into a report, each of another verb."""
_REMEMBERED = 1000
"""How many texts are remembered of a run without a log, which may take hours."""


def folder() -> Path:
    """Return where this user's logs are."""
    import platformdirs

    return platformdirs.user_log_path("todoctl", appauthor=False)


def newest() -> str:
    """Return the newest logs, each of another verb: what is reported may be older than the last look at it.

    Raises FileNotFoundError where there is none.
    """
    of_verbs = {_verb(path): path for path in sorted(folder().glob("*.log"))}
    if not of_verbs:
        raise FileNotFoundError(f"there is no log in {folder()} yet")
    logs = sorted(of_verbs.values())[-_REPORTED:]
    return "\n".join(f"{path}\n\n{path.read_text(encoding='utf-8', errors='replace')}" for path in reversed(logs))


def _verb(log: Path) -> str:
    """Return the verb of a log that is called as `begin` calls it."""
    return log.stem.partition("-")[2].rpartition("-")[0]


class LogFile:
    """A log that costs nothing where it cannot be written: it is a help, and no condition.

    Only the user can read it, and what looks like a secret is masked all the same. May be called from several threads.
    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = arguments
        self._started = datetime.now(timezone.utc)
        self.path: Path | None = None
        """Where it is; None before `begin`, and where there can be none."""
        self._file: TextIO | None = None
        self._before: deque[tuple[datetime, str, str]] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()

    def begin(self, verb: str) -> None:
        """Start the log of a run with what was told of it so far, and remove all but the verb's newest ones.

        A run that has a log keeps that one.
        """
        if self.path is not None:
            return
        name = f"{self._started:%Y%m%dT%H%M%SZ}-{verb.replace(' ', '-')}-{os.getpid()}.log"
        with suppress(OSError):
            logs = folder()
            logs.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(logs / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", buffering=1)
            self.path = logs / name
            of_verb = [path for path in logs.glob("*.log") if _verb(path) == _verb(self.path)]
            for old in sorted(of_verb)[:-KEPT]:
                with suppress(OSError):  # another run may be writing it, or removing it
                    old.unlink()
        command = shlex.join(["todoctl", *self._arguments])
        self._add(self._started, "begin", f"{self._started.astimezone():%Y-%m-%d %z}, version {__version__}: {command}")
        while self._before:
            self._add(*self._before.popleft())

    def end(self, exit_code: int) -> None:
        """Say how the run ended, and close the file."""
        self.write("end", f"exit code {exit_code}")
        if self._file is not None:
            with self._lock, suppress(OSError):
                self._file.close()

    def write(self, kind: str, text: str) -> None:
        """Add the lines of a text; before `begin` they are remembered."""
        now = datetime.now(timezone.utc)
        if self._file is None:
            self._before.append((now, kind, text))
        else:
            self._add(now, kind, text)

    def _add(self, at: datetime, kind: str, text: str) -> None:
        if self._file is None:
            return
        from todoctl.mask import mask

        time = f"{at.astimezone():%H:%M:%S.%f}"[:-3]
        lines = "".join(f"{time} {kind:<5} {line}\n" for line in mask(text).splitlines())
        with self._lock, suppress(OSError, ValueError):  # a disk that is full must not end what it is the log of
            self._file.write(lines)
