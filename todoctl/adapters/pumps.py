"""Threads that move the streams of programs, one each, so that none of them blocks another."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import IO

_CHUNK = 256 * 1024


class Pump(threading.Thread):
    """A running thread that does one piece of work; `error` keeps what went wrong, for the thread that waits."""

    def __init__(self, work: Callable[..., None], *arguments: object) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._arguments = arguments
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do the work."""
        try:
            self._work(*self._arguments)
        except BaseException as error:  # noqa: BLE001 - for the thread that waits
            self.error = error


# Each work closes its streams itself: closing one that another thread still reads would wait for that thread.


def read(source: IO[bytes], sink: Callable[[bytes], None]) -> None:
    """Hand on all there is to read."""
    with source:
        while chunk := source.read1(_CHUNK):  # type: ignore[attr-defined] # a BufferedReader, typed as IO
            sink(chunk)


def read_lines(source: IO[bytes], on_line: Callable[[str], None]) -> None:
    """Hand on each line as it comes, as text without its end."""
    with source:
        for line in iter(source.readline, b""):
            on_line(line.decode("utf-8", "replace").rstrip("\r\n"))


def write(sink: IO[bytes], content: bytes) -> None:
    """Write it all, unless the reader ends before: its exit code tells, not this."""
    with contextlib.suppress(OSError), sink:
        sink.write(content)


def write_all(sink: IO[bytes], chunks: Iterable[bytes]) -> None:
    """Write chunk after chunk, unless the reader ends before; what the chunks raise is passed on."""
    try:
        for chunk in chunks:
            try:
                sink.write(chunk)
            except OSError:
                return
    finally:
        with contextlib.suppress(OSError):
            sink.close()


def copy(source: IO[bytes], sink: IO[bytes], tap: Callable[[bytes], None] | None) -> None:
    """Copy until one of the two ends, in constant memory; `tap` sees each chunk first.

    The end of `source` tells its writer that nobody listens any more, rather than let it fill a pipe for ever.
    """
    with source, contextlib.suppress(OSError), sink:
        while chunk := source.read1(_CHUNK):  # type: ignore[attr-defined]
            if tap is not None:
                tap(chunk)
            sink.write(chunk)
