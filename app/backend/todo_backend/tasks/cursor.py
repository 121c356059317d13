"""Where a page of tasks ended, as an opaque string of URL-safe characters."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

PATTERN: Final = "^[A-Za-z0-9_-]{32}$"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAYOUT: Final = struct.Struct(">q16s")  # microseconds since the epoch, id: 24 bytes, 32 characters of base64


class Position(NamedTuple):
    """A task's place in the list. The time has microseconds, as Postgres keeps it."""

    created_at: datetime
    id: UUID


def encode(position: Position) -> str:
    """Return the cursor for what comes after this position."""
    microseconds = (position.created_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(_LAYOUT.pack(microseconds, position.id.bytes)).decode()


def decode(cursor: str) -> Position:
    """Return the position that a cursor of PATTERN stands for.

    Raises ValueError where it stands for none.
    """
    microseconds, id_bytes = _LAYOUT.unpack(base64.urlsafe_b64decode(cursor))
    try:
        return Position(_EPOCH + timedelta(microseconds=microseconds), UUID(bytes=id_bytes))
    except OverflowError as error:
        raise ValueError("no such time") from error
