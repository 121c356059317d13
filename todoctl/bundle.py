"""The one file that an install without a network takes: a tar archive whose first member says what the others are.

docs/offline.md describes its bytes. Each member stands where the index says, under the very header that the index
gives it, so any bit that turned shows; `tar -xf` reads it too. Nothing here holds more than a chunk in memory. Knows
nothing of Docker or a cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from todoctl import newfile
from todoctl.errors import ArchiveError, UsageError

FORMAT = "todoctl.dev/bundle/v1"
INDEX, ZIPAPP, SUMS = "index.json", "todoctl.pyz", "SHA256SUMS"

_INDEX_BYTES = 64 * 1024
"""The index is written last and stands first, so its place is kept; spaces fill it."""
_BLOCK = tarfile.BLOCKSIZE
_TOO_LARGE = 256**11
"""The first size that a header has no room for."""
_END = bytes(2 * _BLOCK)
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Entry:
    """A member: the zipapp, or an image as an archive. `config` is the image's config digest."""

    name: str
    size: int
    sha256: str
    references: tuple[str, ...] = ()
    config: str = ""


@dataclass(frozen=True)
class Index:
    """What a bundle says of itself: which todoctl made it, for which platform (`linux/amd64`), and its members."""

    todoctl: str
    platform: str
    entries: tuple[Entry, ...]

    @property
    def images(self) -> tuple[Entry, ...]:
        """The members that are images."""
        return tuple(entry for entry in self.entries if entry.references)


class Writer:
    """Writes a bundle, a member at a time, into a file that can be sought in."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._entries: list[Entry] = []
        file.write(bytes(_BLOCK + _INDEX_BYTES))

    @contextmanager
    def member(self, name: str) -> Iterator[Member]:
        """Give a member to write; its size is known when the block ends. One that fails leaves no trace."""
        start = self._file.tell()
        self._file.write(bytes(_BLOCK))
        member = Member(self._file)
        try:
            yield member
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            raise
        self._file.write(bytes(-member.size % _BLOCK))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_header(name, member.size))
        self._file.seek(end)
        self._entries.append(Entry(name, member.size, member.sha256, member.references, member.config))

    def close(self, *, todoctl: str, platform: str) -> Index:
        """Write the sums and the index, and return it."""
        index = Index(todoctl, platform, tuple(self._entries))
        content = _encode(index)
        sums = _sums(content, index.entries)
        self._file.write(_header(SUMS, len(sums)) + sums + bytes(-len(sums) % _BLOCK) + _END)
        self._file.seek(0)
        self._file.write(_header(INDEX, _INDEX_BYTES) + content)
        return index

    def written(self) -> Bundle:
        """Return what was written, once it is closed: it can be verified before it has its name."""
        self._file.flush()
        self._file.seek(0)
        return Bundle(self._path, self._file)


class Member:
    """A member that is being written. For an image, `references` and `config` say which."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        self.references: tuple[str, ...] = ()
        self.config = ""

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written, in hex."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)


class Bundle:
    """A bundle that was opened. Nothing of it may be used before `verify` has returned."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        if self._upto(_BLOCK) != _header(INDEX, _INDEX_BYTES):
            raise ArchiveError(
                "bundle.foreign",
                f"`{path}` is not a bundle of todoctl",
                because="it does not begin as one",
                hint="name a file that `todoctl bundle save` made",
            )
        self._content = self._read(_INDEX_BYTES)
        self.index = self._decode(self._content)

    def verify(self, seen: Callable[[int], None] = lambda _: None) -> None:
        """Read it all; raise ArchiveError unless every byte is as it was written. `seen` gets each chunk's length."""
        self._file.seek(_BLOCK + _INDEX_BYTES)
        for entry in self.index.entries:
            if self._read(_BLOCK) != _header(entry.name, entry.size):
                raise self._damaged(f"`{entry.name}` is not where the index says")
            for chunk in self._chunks(entry):
                seen(len(chunk))
            self._zeros(-entry.size % _BLOCK, entry.name)
        sums = _sums(self._content, self.index.entries)
        if self._read(_BLOCK) != _header(SUMS, len(sums)) or self._read(len(sums)) != sums:
            raise self._damaged("the checksums are not those of the index")
        self._zeros(-len(sums) % _BLOCK, SUMS)
        if self._upto(len(_END) + 1) != _END:
            raise self._damaged("it does not end where it should")

    def chunks(self, wanted: Entry) -> Iterator[bytes]:
        """Yield a member. Raises ArchiveError before its last chunk where it is not what the index says any more."""
        offset = _BLOCK + _INDEX_BYTES
        for entry in self.index.entries:
            if entry == wanted:
                break
            offset += _BLOCK + entry.size + -entry.size % _BLOCK
        self._file.seek(offset + _BLOCK)
        yield from self._chunks(wanted)

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        hashed, left = hashlib.sha256(), entry.size
        while left:
            chunk = self._read(min(_CHUNK, left))
            hashed.update(chunk)
            left -= len(chunk)
            if not left and hashed.hexdigest() != entry.sha256:
                raise self._damaged(f"`{entry.name}` is not what its checksum says")
            yield chunk

    def _zeros(self, count: int, name: str) -> None:
        if any(self._read(count)):
            raise self._damaged(f"there is something after `{name}`")

    def _read(self, count: int) -> bytes:
        data = self._upto(count)
        if len(data) < count:
            raise self._damaged("it ends too early")
        return data

    def _upto(self, count: int) -> bytes:
        try:
            return self._file.read(count)
        except OSError as error:
            raise self._damaged(f"it cannot be read to its end: {error.strerror or error}") from error

    def _decode(self, content: bytes) -> Index:
        try:
            index = json.loads(content)
            if index["format"] != FORMAT:
                raise ArchiveError(
                    "bundle.format",
                    f"`{self._path}` is a bundle of another format",
                    because=f"it says `{index['format']}`, and this todoctl reads `{FORMAT}`",
                    hint=f"use the todoctl in it: `tar -xf {self._path} {ZIPAPP}`",
                )
            entries = tuple(map(_entry, index["entries"]))
            return Index(str(index["todoctl"]), str(index["platform"]), entries)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damaged("its index cannot be read") from error

    def _damaged(self, because: str) -> ArchiveError:
        return ArchiveError(
            "bundle.damaged",
            f"`{self._path}` is damaged",
            because=because,
            hint="fetch it again from where it came, or make it again with `todoctl bundle save`",
        )


@contextmanager
def creating(path: Path) -> Iterator[Writer]:
    """Give a writer whose file is named `path` when the block has ended well (see newfile)."""
    with newfile.creating(path, "bundle", 0o666) as file:
        yield Writer(path, file)


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Give a bundle to read. Raises UsageError where it cannot be opened, and ArchiveError where it is none."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(
            "bundle.unreadable",
            f"`{path}` cannot be read",
            because=error.strerror or str(error),
            hint="name a file that `todoctl bundle save` made",
        ) from error
    with file:
        yield Bundle(path, file)


def _entry(written: Mapping[str, Any]) -> Entry:
    entry = Entry(**{**written, "references": tuple(written["references"])})
    texts = (entry.name, entry.sha256, entry.config, *entry.references)
    if not all(isinstance(text, str) and text.isascii() for text in texts):
        raise ValueError(texts)
    if not isinstance(entry.size, int) or not 0 <= entry.size < _TOO_LARGE:
        raise ValueError(entry.size)
    return entry


def _header(name: str, size: int) -> bytes:
    """Return the one header that a member of this name and size has: no time, no owner of this machine is in it."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o755 if name == ZIPAPP else 0o644
    return member.tobuf(tarfile.GNU_FORMAT)


def _encode(index: Index) -> bytes:
    text = json.dumps({"format": FORMAT, **asdict(index)}, indent=1)
    content = text.encode("ascii")
    if len(content) >= _INDEX_BYTES:
        raise ValueError(f"an index of {len(index.entries)} members has no room")
    return content + b" " * (_INDEX_BYTES - len(content) - 1) + b"\n"


def _sums(index: bytes, entries: Sequence[Entry]) -> bytes:
    """Return what `sha256sum -c` reads."""
    sums = [(hashlib.sha256(index).hexdigest(), INDEX), *((entry.sha256, entry.name) for entry in entries)]
    return "".join(f"{digest}  {name}\n" for digest, name in sums).encode("ascii")
