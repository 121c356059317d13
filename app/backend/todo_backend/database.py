"""Connections to Postgres: how many, how long they may take, and that a dead one is noticed."""

import asyncio
import select
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row
from pydantic import SecretStr

from todo_backend.connection import connect_args

PROBE_STATEMENT_SECONDS: Final = 2
STATEMENT_SECONDS: Final = 10
POOL_WAIT_SECONDS: Final = 5

AnyRow = Any
"""A named tuple of what a statement returns."""


class NoneFree(Exception):
    """No connection became free in time."""


class Database:
    """At most `pool_size` connections (two or more), opened when needed.

    One of them is kept apart for the readiness probe: under load the pool may be busy for seconds, and a pod that is
    merely busy must not be taken out of the Service. Every use is one statement, so nobody holds a connection while
    waiting for something else, and they are in autocommit mode, which saves the round trips of BEGIN and COMMIT. Only
    what has to look before it writes, with nobody beside it, is a transaction (`alone`).
    """

    def __init__(self, url: SecretStr, pool_size: int) -> None:
        self.size = pool_size - 1
        self._requests = _Pool(url, self.size, statement_seconds=STATEMENT_SECONDS)
        self._probe = _Pool(url, 1, statement_seconds=PROBE_STATEMENT_SECONDS)

    async def run(self, statement: str, parameters: Mapping[str, Any]) -> list[AnyRow]:
        """Run a statement of a request's, and return its rows: none where it returns none.

        Raises NoneFree when no connection is free for 5 s, and psycopg's errors: OperationalError when Postgres does
        not answer.
        """
        return await self._requests.run(statement, parameters)

    @asynccontextmanager
    async def alone(self, lock: str) -> AsyncIterator["Transaction"]:
        """Yield a transaction that runs while no other one of this lock does, in whichever pod; an exception undoes it.

        Each of its statements sees what was committed before it, so by those that had the lock before. Raises as `run`
        does, OperationalError too when the lock is not free in time.
        """
        async with self._requests.connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock])
            yield Transaction(connection)

    async def probe(self, statement: str) -> list[AnyRow]:
        """Run a statement over the connection that is kept for the readiness probe; raises as `run` does."""
        return await self._probe.run(statement, {})

    @property
    def in_use(self) -> int:
        """How many connections requests hold at this moment."""
        return self._requests.in_use

    async def close(self) -> None:
        """Close every connection."""
        await self._requests.close()
        await self._probe.close()


class Transaction:
    """Several statements on one connection, all of which are kept, or none."""

    def __init__(self, connection: AsyncConnection[AnyRow]) -> None:
        self._connection = connection

    async def run(self, statement: str, parameters: Mapping[str, Any]) -> list[AnyRow]:
        """Run a statement, and return its rows: none where it returns none; raises psycopg's errors."""
        return await _rows(self._connection, statement, parameters)


async def _rows(connection: AsyncConnection[AnyRow], statement: str, parameters: Mapping[str, Any]) -> list[AnyRow]:
    cursor = await connection.execute(statement, parameters)
    return [] if cursor.rownumber is None else await cursor.fetchall()


class _Pool:
    """Connections that are kept open; the one that was used last is the next to be used.

    Not psycopg_pool's: its connections are made in the background, so while the database is away each request would
    wait out its time instead of failing at once.
    """

    def __init__(self, url: SecretStr, size: int, *, statement_seconds: int) -> None:
        self._arguments = connect_args(url, statement_seconds=statement_seconds)
        self._places = asyncio.Semaphore(size)
        self._idle: list[AsyncConnection[AnyRow]] = []
        self.in_use = 0

    async def run(self, statement: str, parameters: Mapping[str, Any]) -> list[AnyRow]:
        async with self.connection() as connection:
            return await _rows(connection, statement, parameters)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[AnyRow]]:
        try:
            async with asyncio.timeout(POOL_WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError as error:
            raise NoneFree("every connection is in use") from error
        self.in_use += 1
        try:
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._give_back(connection)
        finally:
            self.in_use -= 1
            self._places.release()

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _take(self) -> AsyncConnection[AnyRow]:
        while self._idle:
            connection = self._idle.pop()
            if not _closed_by_server(connection):
                return connection
            await connection.close()
        return await AsyncConnection.connect(**self._arguments, autocommit=True, row_factory=namedtuple_row)

    async def _give_back(self, connection: AsyncConnection[AnyRow]) -> None:
        # Idle it is after any error of the statement's, and not where the connection broke.
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            await connection.close()


def _closed_by_server(connection: AsyncConnection[AnyRow]) -> bool:
    """Tell whether the server closed a connection while it lay idle, without a round trip.

    An idle connection has nothing to read; one that has was closed, or will be read no worse by a new one.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
