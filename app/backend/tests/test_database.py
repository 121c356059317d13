"""The connections to Postgres, and what becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from todo_backend import database as module
from todo_backend.database import Database, NoneFree

WHO = "SELECT pg_backend_pid() AS pid"


def _with_one_connection(database: str, use: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        own = Database(SecretStr(database), 2)
        try:
            return await use(own)
        finally:
            await own.close()
            assert own.in_use == 0

    return asyncio.run(run())


async def _busy(own: Database) -> asyncio.Task[Any]:
    task = asyncio.create_task(own.run("SELECT pg_sleep(9)", {}))
    await asyncio.sleep(0)
    assert own.in_use == 1
    return task


def _asleep(database: str) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(9)' AND state = 'active'"
    with psycopg.connect(database) as watcher:
        return watcher.execute(query).fetchone() is not None


def test_a_connection_is_used_again_also_after_a_statement_that_failed(database: str) -> None:
    async def use(own: Database) -> list[int]:
        before = await own.run(WHO, {})
        with pytest.raises(psycopg.errors.DivisionByZero):
            await own.run("SELECT 1 / 0", {})
        after = await own.run(WHO, {})
        return [before[0].pid, after[0].pid]

    before, after = _with_one_connection(database, use)
    assert before == after


def test_a_statement_whose_caller_is_gone_is_cancelled_and_its_connection_free_again(database: str) -> None:
    async def use(own: Database) -> list[int]:
        [before] = await own.run(WHO, {})
        task = await _busy(own)
        while not _asleep(database):  # noqa: ASYNC110 - it is another process that gets there
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not _asleep(database)
        [after] = await own.run(WHO, {})
        return [before.pid, after.pid]

    before, after = _with_one_connection(database, use)
    assert before == after


def test_who_waits_too_long_for_a_connection_is_told_so(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POOL_WAIT_SECONDS", 0.05)

    async def use(own: Database) -> None:
        task = await _busy(own)
        with pytest.raises(NoneFree):
            await own.run(WHO, {})
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    _with_one_connection(database, use)


def test_a_statement_that_takes_too_long_is_ended(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATEMENT_SECONDS", 1)

    async def use(own: Database) -> None:
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            await own.run("SELECT pg_sleep(60)", {})

    _with_one_connection(database, use)


def test_a_connection_that_broke_during_a_statement_is_not_used_again(database: str) -> None:
    async def use(own: Database) -> list[int]:
        [before] = await own.run(WHO, {})
        task = await _busy(own)
        with psycopg.connect(database) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [before.pid])
        with pytest.raises(psycopg.OperationalError):
            await task
        [after] = await own.run(WHO, {})
        return [before.pid, after.pid]

    before, after = _with_one_connection(database, use)
    assert before != after


def test_a_statement_that_returns_nothing_has_no_rows(database: str) -> None:
    assert _with_one_connection(database, lambda own: own.run("SET statement_timeout = '5s'", {})) == []
