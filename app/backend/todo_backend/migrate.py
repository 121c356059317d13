"""Bring the database's schema to this image's head: `python -m todo_backend.migrate`.

Safe to run at any time, also several at once: one of them works, under an advisory lock, the others wait and find
nothing left to do. A schema that a newer image made is left alone. Exits 0 when the schema is at head or beyond, and 1,
having said why, when it is not.

Every pod runs this before it starts, and nearly always there is nothing to do: so Alembic, which takes seconds to
import on a fraction of a core, is imported only where there is.
"""

import logging
import sys
import time
from typing import Any, Final

import psycopg

from todo_backend import logs, schema
from todo_backend.connection import connect_args
from todo_backend.schema import SchemaState
from todo_backend.settings import MigrateSettings, SettingsError, load

LOCK: Final = 0x746F646F
"""The advisory lock's key, "todo" in ASCII; advisory locks are per database."""
RETRY_SECONDS: Final = 0.25
TABLE_LOCK_SECONDS: Final = 10
"""A migration that waits longer for a table blocks everyone behind it: better to fail, and be started again."""

# A server that says this will say it again. Everything else (nothing listens, no such host yet, starting up, too many
# connections) passes.
_REFUSALS: Final = (
    *("password authentication failed", "no pg_hba.conf entry", "does not exist", "not permitted"),
    *("certificate verify failed", "does not match host name", "does not support SSL", "weak sslmode"),
)

Connection = psycopg.Connection[Any]
_log = logging.getLogger("todo_backend.migrate")


class MigrationError(Exception):
    """The schema could not be brought to head; the message says why."""


def migrate(settings: MigrateSettings) -> SchemaState:
    """Bring the schema to head and return how it stood before.

    Raises MigrationError when Postgres does not listen in time, refuses, or a migration fails; nothing of a failed
    migration stays.
    """
    with _wait_for_postgres(settings) as connection:
        try:
            _lock(connection, settings.migrate_wait_seconds)
            revision = schema.revision(connection)
            match state := schema.compare(revision):
                case SchemaState.AT_HEAD:
                    _log.info("schema is at %s: nothing to do", revision)
                case SchemaState.BEYOND:
                    _log.info("schema is at %s, newer than this image's %s: left alone", revision, schema.HEAD)
                case SchemaState.BEHIND:
                    _upgrade(connection)
                    _log.info("schema brought from %s to %s", revision or "nothing", schema.HEAD)
        except psycopg.Error as error:
            raise MigrationError(f"{type(error).__name__}: {error}") from error
        else:
            return state


def _wait_for_postgres(settings: MigrateSettings) -> Connection:
    """Connect; while that fails for a reason that passes, say it once and try again."""
    arguments = connect_args(settings.database_url, statement_seconds=0)
    end = time.monotonic() + settings.migrate_wait_seconds
    said = ""
    while True:
        try:
            return psycopg.connect(**arguments, autocommit=True)
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
        if any(refusal in reason for refusal in _REFUSALS):
            raise MigrationError(f"Postgres refuses: {reason}")
        if time.monotonic() >= end:
            raise MigrationError(f"no connection to Postgres within {settings.migrate_wait_seconds:g} s: {reason}")
        if reason != said:
            _log.info("waiting for Postgres: %s", reason)
            said = reason
        time.sleep(RETRY_SECONDS)


def _lock(connection: Connection, seconds: float) -> None:
    """Take the advisory lock, which is held as long as the connection is open."""
    connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}ms"])
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{TABLE_LOCK_SECONDS}s"])


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import StaticPool, create_engine
    from sqlalchemy.exc import DBAPIError

    connection.autocommit = False
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool, use_native_hstore=False
    )
    config = Config()
    config.set_main_option("script_location", str(schema.VERSIONS.parent))
    try:
        with engine.connect() as config.attributes["connection"]:
            command.upgrade(config, "head")
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from error
        raise


def main() -> int:
    """Run from the environment; returns the exit code."""
    logs.configure("info")
    try:
        settings = load(MigrateSettings)
        logs.configure(settings.log_level)
        migrate(settings)
    except (SettingsError, MigrationError) as error:
        _log.critical("not migrated: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
