"""What the hosts file says about the app's host; and, when the user asks for it, write it there."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
import tempfile
from dataclasses import dataclass
from enum import Enum
from itertools import chain, count
from pathlib import Path

from todoctl.errors import AccessError

BACKUP = ".todoctl.bak"


class Entry(Enum):
    """How the hosts file maps a host."""

    PRESENT = "present"
    """To the address wanted."""
    ABSENT = "absent"
    OTHER_ADDRESS = "other-address"
    """To another address, such as that of a Minikube that was made anew."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class HostsEntry:
    """What was found, and the addresses that the host has in the file, in the file's order."""

    entry: Entry
    addresses: tuple[str, ...] = ()


def look_up(file: str, host: str, address: str) -> HostsEntry:
    """Look up in a hosts file whether `host` maps to `address`."""
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return HostsEntry(Entry.UNREADABLE)
    found = addresses(text, host)
    if not found:
        return HostsEntry(Entry.ABSENT)
    # Of several addresses of one family resolvers take the first.
    of_family = [one for one in found if (":" in one) == (":" in address)]
    return HostsEntry(Entry.PRESENT if of_family[:1] == [address] else Entry.OTHER_ADDRESS, found)


def resolve(host: str) -> str | None:
    """Return the first address that this machine's resolver has for a host, or None."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return None


def addresses(text: str, host: str) -> tuple[str, ...]:
    """Return the addresses that a hosts file's text gives a host (hosts(5): `address name alias… # comment`)."""
    found = []
    for line in text.removeprefix("\N{BYTE ORDER MARK}").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if host.lower() in (name.lower() for name in names):
            found.append(address)
    return tuple(found)


def with_entry(text: str, host: str, address: str) -> str:
    """Return a hosts file's text in which `host` has `address` alone, and all else is as it was.

    The host's name is taken out of other lines; a line of which it was the only name goes. Line breaks stay what they
    are in the file.
    """
    mark = "\N{BYTE ORDER MARK}" if text.startswith("\N{BYTE ORDER MARK}") else ""
    lines = text.removeprefix(mark).splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    kept = [left for line in lines if (left := _without(line, host)) is not None]
    if kept and not kept[-1].endswith(("\n", "\r")):
        kept[-1] += end
    return mark + "".join(kept) + f"{address} {host}{end}"


def _without(line: str, host: str) -> str | None:
    """Return a line without a host's name, None where nothing is left of it."""
    entry, hash_, comment = line.partition("#")
    names = entry.split()[1:]
    others = [name for name in names if name.lower() != host.lower()]
    if len(others) == len(names):
        return line
    if not others:
        return None
    name = rf"[ \t]+{re.escape(host)}(?=\s|\Z)"
    return re.sub(name, "", entry, flags=re.IGNORECASE) + hash_ + comment


def backup_suffix(file: str) -> str:
    """Return what the name of the file's next copy ends in: earlier ones stay, above all the first."""
    path = Path(file).resolve()
    numbered = chain([BACKUP], (f"{BACKUP}.{number}" for number in count(2)))
    return next(suffix for suffix in numbered if not os.path.lexists(f"{path}{suffix}"))


def write(file: str, host: str, address: str) -> Path:
    """Have the hosts file map `host` to `address`, and return where the file as it was before is kept.

    The file is replaced at once, with its rights, and its bytes that are no text stay. Where it cannot be replaced, as
    in a container that has it mounted, it is written in place. Raises AccessError.
    """
    path = Path(file).resolve()
    backup = path.with_name(path.name + backup_suffix(file))
    try:
        before = path.read_bytes() if path.exists() else b""
        after = with_entry(before.decode("utf-8", "surrogateescape"), host, address)
        if path.exists():
            shutil.copy2(path, backup)
        _replace(path, after.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise AccessError(
            "access.hosts-file",
            f"`{file}` cannot be written",
            because=error.strerror or str(error),
            hint="write the line as an administrator; `todoctl doctor` says which command does",
        ) from error
    return backup


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copystat(path, new)  # SELinux's label too
            os.utime(new)
        else:
            new.chmod(0o644)
        new.replace(path)
    except OSError as error:
        if error.errno not in {errno.EBUSY, errno.EXDEV}:
            raise
        path.write_bytes(content)
    finally:
        with contextlib.suppress(OSError):
            new.unlink()
