"""The file that `backup` writes and `restore` reads; docs/backup.md describes its bytes. Knows no cluster.

A header says what the file is, then comes a dump in pg_dump's custom format, then a trailer with the length and the
SHA-256 of all before it: a file that was cut, or has one bit turned, is told from a whole one before anything is done.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO

from todoctl import newfile
from todoctl.errors import ArchiveError, UsageError

VERSION = 1
CHUNK = 32 * 1024

_MAGIC = b"todoctl backup\r\n"  # a transfer that rewrites the ends of lines shows in it
_END = b"the end\n"
_HEADER = struct.Struct(">16sII")  # magic, version, length of the description
_TRAILER = struct.Struct(">8sQ32s")  # end mark, length and SHA-256 of all before it
_LONGEST_DESCRIPTION = 64 * 1024


@dataclass(frozen=True)
class About:
    """What a backup says of itself: when, of what, by what. No secret is in it."""

    created_at: str
    """RFC 3339, UTC."""
    todoctl: str
    namespace: str
    image: str
    """The backend's image."""
    revision: str
    """The schema's."""
    postgres: str
    """The server's version."""


@dataclass(frozen=True)
class Backup:
    """A backup that was read from its first to its last byte and found whole."""

    about: About
    size: int
    sha256: str
    """Of the whole file, in hex."""
    start: int
    length: int
    """Of the dump in the file."""

    def dump(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the dump, a chunk at a time.

        Raises ArchiveError before its last chunk where the file is not any more what it was when it was checked.
        """
        file.seek(0)
        digest, left = hashlib.sha256(_read(file, self.start)), self.length
        for chunk in _digested(file, left, digest):
            left -= len(chunk)
            if not left:
                digest.update(_read(file, _TRAILER.size))
                if digest.hexdigest() != self.sha256:
                    raise _damaged(file, "it changed after it was verified")
            yield chunk


def creating(path: Path) -> AbstractContextManager[BinaryIO]:
    """Give a new file that nobody else may read, and name it `path` when the block has ended well (see newfile)."""
    return newfile.creating(path, "backup", 0o600)


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Give a file to read. Raises UsageError where it cannot be opened."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(
            "backup.unreadable",
            f"`{path}` cannot be read",
            because=error.strerror or str(error),
            hint="name a file that `todoctl backup` wrote",
        ) from error
    with file:
        yield file


def write(file: BinaryIO, about: About, dump: Iterable[bytes]) -> None:
    """Write a whole backup into an empty file."""
    description = json.dumps(asdict(about), ensure_ascii=False, indent=2).encode() + b"\n"
    digest, length = hashlib.sha256(), 0
    header = _HEADER.pack(_MAGIC, VERSION, len(description))
    for part in itertools.chain((header, description), dump):
        file.write(part)
        digest.update(part)
        length += len(part)
    file.write(_TRAILER.pack(_END, length, digest.digest()))


def check(file: BinaryIO) -> Backup:
    """Read all of a file and return what it holds.

    Raises ArchiveError for a file that is no backup, was written by a newer todoctl, or is not as it was written.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = _read(file, _HEADER.size)
    if head[: len(_MAGIC)] != _MAGIC:
        raise _foreign(file, head)
    if len(head) < _HEADER.size or size < _HEADER.size + _TRAILER.size:
        raise _damaged(file, f"it ends after {size} bytes, before its data")
    _, version, described = _HEADER.unpack(head)
    if version != VERSION:
        raise ArchiveError(
            "backup.version",
            f"`{file.name}` has a form that this todoctl does not know",
            because=f"it is of version {version}; this todoctl reads {VERSION}",
            hint="use the todoctl that wrote it, or a newer one",
        )
    if described > min(_LONGEST_DESCRIPTION, size - _HEADER.size - _TRAILER.size):
        raise _damaged(file, "its header does not fit its length")
    description = _read(file, described)
    digest = hashlib.sha256(head + description)
    for _ in _digested(file, size - _HEADER.size - described - _TRAILER.size, digest):
        pass
    trailer = _read(file, _TRAILER.size)
    end, length, expected = _TRAILER.unpack(trailer)
    if end != _END:
        raise _damaged(file, f"it ends after {size} bytes without its trailer, as a file does that was cut off")
    if length != size - _TRAILER.size:
        raise _damaged(file, f"it was written with {length} bytes before its trailer, and has {size - _TRAILER.size}")
    if digest.digest() != expected:
        raise _damaged(file, "its SHA-256 is not the one that it was written with")
    digest.update(trailer)
    start = _HEADER.size + described
    return Backup(_about(file, description), size, digest.hexdigest(), start, size - start - _TRAILER.size)


def _digested(file: BinaryIO, left: int, digest: hashlib._Hash) -> Iterator[bytes]:
    """Yield the next `left` bytes of a file, a chunk at a time, and have the digest know them."""
    while left:
        chunk = _read(file, min(CHUNK, left))
        if not chunk:
            raise _damaged(file, "it got shorter while it was read")
        digest.update(chunk)
        left -= len(chunk)
        yield chunk


def _read(file: BinaryIO, count: int) -> bytes:
    try:
        return file.read(count)
    except OSError as error:
        raise _damaged(file, f"it cannot be read to its end: {error.strerror or error}") from error


def _about(file: BinaryIO, description: bytes) -> About:
    try:
        found = json.loads(description)
        return About(**{field.name: str(found[field.name]) for field in fields(About)})
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(file, "its description cannot be understood") from error


def _foreign(file: BinaryIO, head: bytes) -> ArchiveError:
    return ArchiveError(
        "backup.foreign",
        f"`{file.name}` is not a backup of todoctl",
        because="it is empty" if not head else "it does not begin as one",
        hint="name a file that `todoctl backup` wrote",
    )


def _damaged(file: BinaryIO, because: str) -> ArchiveError:
    return ArchiveError(
        "backup.damaged",
        f"`{file.name}` is damaged, and nothing was done with it",
        because=because,
        hint="take another copy of the file, or another backup",
    )
