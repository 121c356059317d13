"""The file of a report: a .zip or a .tar.gz, whole or not there, for its owner's eyes."""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from todoctl.errors import UsageError

FOLDER = "todoctl-report"
ENDINGS = (".zip", ".tar.gz", ".tgz")


def check(path: Path) -> None:
    """Raise UsageError unless the name has one of ENDINGS, and its folder is there."""
    if not path.name.endswith(ENDINGS):
        raise UsageError(
            "report.ending",
            f"`{path}` is no name for a report",
            because=f"its format follows from its ending: {', '.join(ENDINGS)}",
            hint="for example `--report report.zip`",
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            "report.folder", f"`{path}` cannot be written", because="there is no such folder", hint="make it first"
        )


def write(path: Path, files: Mapping[str, str]) -> None:
    """Write the files, in a folder of their own, to a file that takes the place of `path` when it is whole.

    Only its owner can read it. Raises UsageError where it cannot be written.
    """
    check(path)
    partial = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
        partial = Path(name)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
            if path.name.endswith(".zip"):
                _zip(file, files)
            else:
                _tar(file, files)
        partial.replace(path)
    except OSError as error:
        because = error.strerror or str(error)
        hint = "name another file with `--report`"
        raise UsageError("report.write", f"`{path}` cannot be written", because=because, hint=hint) from error
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                partial.unlink()


def _zip(file: io.BufferedIOBase, files: Mapping[str, str]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{FOLDER}/{name}", text.encode("utf-8", "replace"))


def _tar(file: io.BufferedIOBase, files: Mapping[str, str]) -> None:
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in files.items():
            content = text.encode("utf-8", "replace")
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size, member.mtime = len(content), int(time.time())
            archive.addfile(member, io.BytesIO(content))
