"""Stdout: what a command was asked for goes there, and nothing else."""

from __future__ import annotations

import errno
import sys

from todoctl.errors import TodoctlError


def write(text: str) -> None:
    """Print a text at once. A character that the stream cannot show is a question mark.

    Whoever has stopped reading, as in `todoctl manifests | head`, has what it wanted. Raises TodoctlError where it
    cannot be written for another reason, such as a disk that is full.
    """
    if sys.stdout is None:  # it was closed before todoctl began
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.rstrip("\n").encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = None  # the interpreter would try once more in its end, and fail of it
        # https://github.com/python/cpython/issues/79935
        if isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL):
            return
        raise TodoctlError(
            "output.unwritable",
            "what was asked for cannot be written to stdout",
            because=error.strerror or str(error),
            hint="redirect stdout to a disk with free space, and run the command again",
        ) from error


def settle() -> None:
    """Write what is left where a write was interrupted; give stdout up where that fails, as above."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            sys.stdout = None
