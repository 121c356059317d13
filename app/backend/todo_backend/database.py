"""Connections to Postgres: how many, how long they may take, and that a dead one is noticed."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import MetaData, QueuePool, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from todo_backend.connection import connect_args

PROBE_STATEMENT_SECONDS: Final = 2
STATEMENT_SECONDS: Final = 10
POOL_WAIT_SECONDS: Final = 5

metadata = MetaData()
"""The tables that queries are written against. Migrations, not this, make them."""


class Database:
    """At most `pool_size` connections (two or more), opened when needed.

    One of them is kept apart for the readiness probe: under load the pool may be busy for seconds, and a pod that is
    merely busy must not be taken out of the Service. Every use is one statement, so the connections are in autocommit
    mode, which saves the round trips of BEGIN and COMMIT.
    """

    def __init__(self, url: SecretStr, pool_size: int) -> None:
        self.size = pool_size - 1
        self._requests = _engine(url, self.size, statement_seconds=STATEMENT_SECONDS)
        self._probe = _engine(url, 1, statement_seconds=PROBE_STATEMENT_SECONDS)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection for a request.

        Raises sqlalchemy.exc.TimeoutError when none is free for 5 s, OperationalError when Postgres does not answer.
        """
        async with self._requests.connect() as connection:
            yield connection

    @asynccontextmanager
    async def probe_connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend the connection that is kept for the readiness probe; raises as `connection` does."""
        async with self._probe.connect() as connection:
            yield connection

    @property
    def in_use(self) -> int:
        """How many connections requests hold at this moment."""
        pool = self._requests.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    async def close(self) -> None:
        """Close every connection."""
        await self._requests.dispose()
        await self._probe.dispose()


def _engine(url: SecretStr, size: int, *, statement_seconds: int) -> AsyncEngine:
    engine = create_async_engine(
        "postgresql+psycopg://",
        connect_args=connect_args(url, statement_seconds=statement_seconds),
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_use_lifo=True,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        use_native_hstore=False,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool replace a connection that the server closed while it lay idle, without a round trip.

    An idle connection has nothing to read; one that has was closed, or will be read no worse by a new one.
    """
    poll = select.poll()
    poll.register(dbapi_connection.driver_connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("closed by the server while idle")
