"""The file of a report: a .zip or a .tar.gz, whole or not there, for its owner's eyes."""

from __future__ import annotations

import tarfile
import time
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from todoctl import newfile
from todoctl.errors import UsageError

FOLDER = "todoctl-report"
ENDINGS = (".zip", ".tar.gz", ".tgz")


def check(path: Path) -> None:
    """Raise UsageError unless the name has one of ENDINGS, and its folder is there."""
    if not path.name.endswith(ENDINGS):
        raise UsageError(
            "report.ending",
            f"`{path}` is not a name for a report",
            because=f"its format follows from its ending: {', '.join(ENDINGS)}",
            hint="for example `--report report.zip`",
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            "report.folder", f"`{path}` cannot be written", because="there is no such folder", hint="make it first"
        )


def write(path: Path, files: Mapping[str, str]) -> None:
    """Write the files, in a folder of their own, to a file that takes the place of `path` when it is whole.

    Only its owner can read it. Raises UsageError where it cannot be written, and PreflightError where the disk is full.
    """
    check(path)
    with newfile.creating(path, "report", 0o600) as file:
        if path.name.endswith(".zip"):
            _zip(file, files)
        else:
            _tar(file, files)


def _zip(file: BinaryIO, files: Mapping[str, str]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{FOLDER}/{name}", text.encode("utf-8", "replace"))


def _tar(file: BinaryIO, files: Mapping[str, str]) -> None:
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in files.items():
            content = text.encode("utf-8", "replace")
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size, member.mtime = len(content), int(time.time())
            archive.addfile(member, BytesIO(content))
