"""What the hosts file says about the app's host. Only read: to add a line needs rights that todoctl has not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


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


def addresses(text: str, host: str) -> tuple[str, ...]:
    """Return the addresses that a hosts file's text gives a host (hosts(5): `address name alias… # comment`)."""
    found = []
    for line in text.removeprefix("\N{BYTE ORDER MARK}").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if host.lower() in (name.lower() for name in names):
            found.append(address)
    return tuple(found)
