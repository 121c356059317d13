"""Where a page of tasks ended, as an opaque string of URL-safe characters."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

PATTERN: Final = "^[A-Za-z0-9_-]{32,2000}$"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# Microseconds since the epoch, id: 24 bytes, 32 characters of base64. Without a key this is what the first version gave
# and took, so that a reader's next page may come from either version's pod during a rollout.
_LAYOUT: Final = struct.Struct(">q16s")


class Position(NamedTuple):
    """A task's place in a sorted list: by the sort's own key, then by time of creation and id."""

    created_at: datetime
    id: UUID
    key: str = ""
    """Empty where the sort is by time of creation alone."""


def encode(position: Position) -> str:
    """Return the cursor for what comes after this position."""
    packed = _LAYOUT.pack(microseconds(position.created_at), position.id.bytes)
    return base64.urlsafe_b64encode(packed + position.key.encode()).rstrip(b"=").decode()


def decode(cursor: str) -> Position:
    """Return the position that a cursor of PATTERN stands for.

    Raises ValueError where it stands for none.
    """
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    count, id_bytes = _LAYOUT.unpack_from(packed)
    key = packed[_LAYOUT.size :].decode()
    if "\0" in key:
        raise ValueError("no text that Postgres keeps")
    return Position(instant(count), UUID(bytes=id_bytes), key)


def microseconds(time: datetime) -> int:
    """Return the microseconds from the epoch to a time; Postgres keeps no finer ones."""
    return (time - _EPOCH) // _MICROSECOND


def instant(count: int) -> datetime:
    """Return the time that is so many microseconds after the epoch.

    Raises ValueError where there is none.
    """
    try:
        return _EPOCH + count * _MICROSECOND
    except OverflowError as error:
        raise ValueError("no such time") from error
