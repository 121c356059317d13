"""Bring the database's schema to this image's head: `python -m todo_backend.migrate`.

Safe to run at any time, also several at once: one of them works, under an advisory lock, the others wait and find
nothing left to do. A schema that a newer image made is left alone. Exits 0 when the schema is at head or beyond, and 1,
having said why, when it is not.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from todo_backend import logs, schema
from todo_backend.database import connect_args
from todo_backend.schema import SchemaState
from todo_backend.settings import MigrateSettings, SettingsError, load

LOCK: Final = 0x746F646F
"""The advisory lock's key: "todo" in ASCII. It is per database."""
RETRY_SECONDS: Final = 0.5
DDL_LOCK_SECONDS: Final = 10
"""A migration that waits longer for a table blocks everyone behind it: better to fail, and be started again."""

# A server that says this will say it again. Everything else (nothing listens, no such host yet, starting up, too many
# connections) passes.
_REFUSALS: Final = ("password authentication failed", "no pg_hba.conf entry", "does not exist", "not permitted")

_log = logging.getLogger("todo_backend.migrate")


class MigrationError(Exception):
    """The schema could not be brought to head; the message says why."""


def migrate(settings: MigrateSettings) -> SchemaState:
    """Bring the schema to head and return how it stands then.

    Raises MigrationError when Postgres does not listen in time, refuses, or a migration fails; nothing of a failed
    migration stays.
    """
    engine = create_engine(
        "postgresql+psycopg://",
        connect_args=connect_args(settings.database_url, statement_seconds=0),
        poolclass=NullPool,
        use_native_hstore=False,
        hide_parameters=True,
    )
    with _wait_for_postgres(engine, settings.migrate_wait_seconds) as connection:
        try:
            _lock(connection, settings.migrate_wait_seconds)
            return _upgrade(connection)
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise MigrationError(f"{type(cause).__name__}: {cause}".strip()) from error


def _wait_for_postgres(
    engine: Engine, seconds: float, clock: Callable[[], float] = time.monotonic
) -> Connection:
    """Connect; while that fails for a reason that passes, say it once and try again."""
    end = clock() + seconds
    said = ""
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())
        if any(refusal in reason for refusal in _REFUSALS):
            raise MigrationError(f"Postgres refuses: {reason}")
        if clock() >= end:
            raise MigrationError(f"no connection to Postgres within {seconds:g} s: {reason}")
        if reason != said:
            _log.info("waiting for Postgres: %s", reason)
            said = reason
        time.sleep(RETRY_SECONDS)


def _lock(connection: Connection, seconds: float) -> None:
    """Take the advisory lock for as long as the connection lives."""
    connection.execute(text("SELECT set_config('lock_timeout', :value, false)"), {"value": f"{seconds:g}s"})
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
    connection.execute(text("SELECT set_config('lock_timeout', :value, false)"), {"value": f"{DDL_LOCK_SECONDS}s"})
    connection.commit()


def _upgrade(connection: Connection) -> SchemaState:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    match state := schema.compare(revision):
        case SchemaState.AT_HEAD:
            _log.info("schema is at %s: nothing to do", revision)
        case SchemaState.BEYOND:
            _log.info("schema is at %s, newer than this image's %s: left alone", revision, schema.HEAD)
        case SchemaState.BEHIND:
            started = time.monotonic()
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(schema.VERSIONS.parent))
            command.upgrade(config, "head")
            _log.info(
                "schema brought from %s to %s in %.1f s",
                revision or "nothing",
                schema.HEAD,
                time.monotonic() - started,
            )
            return SchemaState.AT_HEAD
    return state


def main() -> int:
    """Run from the environment; returns the exit code."""
    try:
        settings = load(MigrateSettings)
        logs.configure(settings.log_level)
        migrate(settings)
    except SettingsError as error:
        logs.configure("info")
        _log.critical("refusing to start: %s", error)
        return 1
    except MigrationError as error:
        _log.critical("not migrated: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
