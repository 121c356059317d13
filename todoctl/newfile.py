"""A new file, whole or not there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from todoctl.errors import PreflightError, UsageError


@contextmanager
def creating(path: Path, kind: str, mode: int) -> Iterator[BinaryIO]:
    """Give a new file to write and read, and name it `path` when the block has ended well; it is gone when it has not.

    Until then it has a name of this run's own beside `path`, so what `path` names is always whole, whoever else
    writes it. `kind` begins the errors' ids. Raises UsageError where the folder takes no file, and PreflightError where
    the disk does not.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        # Binary is a matter of Windows alone.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(partial, flags, mode), "w+b")
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
