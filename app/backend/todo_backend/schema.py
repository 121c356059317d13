"""Which revision of the database's schema this image knows, and how a database compares to it."""

from enum import Enum
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.errors import UndefinedTable

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"

# A migration's file is named <revision>_<slug>.py, and revisions count up from 0001 (a test holds both), so that their
# order can be read off the folder without loading Alembic.
REVISIONS: Final = tuple(sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py")))
HEAD: Final = REVISIONS[-1]


class SchemaState(Enum):
    """A database's schema, as seen by this image."""

    BEHIND = "behind"
    AT_HEAD = "at head"
    BEYOND = "beyond"
    """Made by a newer image. Migrations only expand, so this one can work with it."""


def compare(revision: str | None) -> SchemaState:
    """Say how a database at this revision compares; None is a database without any."""
    if revision == HEAD:
        return SchemaState.AT_HEAD
    if revision is None or revision in REVISIONS:
        return SchemaState.BEHIND
    return SchemaState.BEYOND


def revision(connection: psycopg.Connection[Any]) -> str | None:
    """Read a database's revision; None where no migration ever ran. The connection is in autocommit mode."""
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except UndefinedTable:
        return None
    return row[0] if row else None
