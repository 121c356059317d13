"""A new file, whole or not there."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from todoctl.adapters import system
from todoctl.errors import PreflightError, UsageError
from todoctl.reporter import Reporter

# Binary is a matter of Windows alone.
_OPEN = os.O_RDWR | getattr(os, "O_BINARY", 0)


def ask(path: Path, reporter: Reporter) -> None:
    """Ask before another file takes the place of the one that is there. Raises ConsentError."""
    if os.path.lexists(path):  # where it cannot be looked at, `creating` says so
        reporter.confirm(f"Overwrite `{path}`?")


@contextmanager
def creating(path: Path, kind: str, mode: int) -> Iterator[BinaryIO]:
    """Give a new file to write and read, and name it `path` when the block has ended well; it is gone when it has not.

    Until then it has a name of this run's own beside `path`, so what `path` names is always whole, whoever else
    writes it. What a killed run left there of the same `path` goes. `kind` begins the errors' ids. Raises UsageError
    where the folder takes no file, and PreflightError where the disk does not.
    """
    _remove_leftovers(path)
    try:
        partial, file = _begin(path, mode)
    except OSError as error:
        raise UsageError(
            f"{kind}.unwritable",
            f"`{path}` cannot be written",
            because=error.strerror or str(error),
            hint="name a file in a folder that is there and may be written to",
        ) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if system.WINDOWS:
                file.close()  # there, what is open gets no other name
            partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            raise PreflightError(
                f"{kind}.disk",
                f"`{path}` could not be written to its end",
                because=error.strerror or str(error),
                hint="free space, or name a file on another disk",
            ) from error
        raise


def _begin(path: Path, mode: int) -> tuple[Path, BinaryIO]:
    """Open a new file beside `path`, locked for as long as this run lives: so others know it from a leftover."""
    while True:
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
        file = os.fdopen(os.open(partial, _OPEN | os.O_CREAT | os.O_EXCL, mode), "w+b")
        # Before it was locked another run may have taken it for a leftover.
        if _free(file) and os.fstat(file.fileno()).st_nlink:
            file.seek(0)
            return partial, file
        file.close()


def _free(file: BinaryIO) -> bool:
    try:
        return system.lock(file.fileno())
    except OSError:
        return True  # a file system without locks: there nobody takes it for a leftover


def _remove_leftovers(path: Path) -> None:
    leftover = re.compile(rf"{re.escape(path.name)}\.[0-9a-f]{{8}}\.partial")
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if leftover.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_if_left(Path(entry.path))


def _remove_if_left(partial: Path) -> None:
    with suppress(OSError), os.fdopen(os.open(partial, _OPEN), "rb") as file:
        if not system.lock(file.fileno()):
            return
        if system.WINDOWS:
            file.close()
        partial.unlink()
