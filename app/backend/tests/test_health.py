import asyncio
from collections.abc import Callable
from typing import LiteralString

import psycopg
import pytest
from postgres import free_port, url
from starlette.testclient import TestClient
from tokens import SECRET, bearer

from todo_backend import schema
from todo_backend.application import create_app
from todo_backend.database import Database
from todo_backend.health import Readiness
from todo_backend.migrate import migrate
from todo_backend.settings import MigrateSettings, Settings


@pytest.fixture(autouse=True)
def _slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a probe take as long as it takes on a machine that has a lot else to do."""
    monkeypatch.setattr("todo_backend.health.PROBE_SECONDS", 60)
    monkeypatch.setattr("todo_backend.database.PROBE_STATEMENT_SECONDS", 60)


def _app(database: str) -> TestClient:
    return TestClient(create_app(Settings(database_url=database, better_auth_secret=SECRET)))


def test_health_needs_no_database() -> None:
    with _app(url(free_port(), "absent")) as api:
        assert (api.get("/health").status_code, api.get("/health").json()) == (200, {"status": "alive"})


def test_ready_says_so_when_schema_and_database_are_there(api: TestClient) -> None:
    assert (api.get("/ready").status_code, api.get("/ready").json()) == (200, {"status": "ready"})


def _ready_with(database: str, sql: LiteralString) -> tuple[int, str | None]:
    with psycopg.connect(database) as connection:
        connection.execute(sql)
    with _app(database) as api:
        answer = api.get("/ready")
    return answer.status_code, answer.json().get("detail")


def test_an_unreachable_database_is_not_ready() -> None:
    with _app(url(free_port(), "absent")) as api:
        answer = api.get("/ready")
    assert (answer.status_code, answer.json()["detail"]) == (503, "Not ready: the database is not reachable")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_database_without_a_schema_is_not_ready(empty_database: str) -> None:
    verdict = _ready_with(empty_database, "SELECT 1")
    assert verdict == (503, f"Not ready: the schema is at no revision, and {schema.HEAD} is needed")


def test_a_schema_behind_this_image_is_not_ready(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(MigrateSettings(database_url=empty_database))
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9998"))
    monkeypatch.setattr(schema, "HEAD", "9998")
    status, detail = _ready_with(empty_database, "SELECT 1")
    assert (status, detail) == (503, f"Not ready: the schema is at {schema.REVISIONS[-2]}, and 9998 is needed")


def test_a_schema_beyond_this_image_is_ready(empty_database: str) -> None:
    migrate(MigrateSettings(database_url=empty_database))
    status, _ = _ready_with(empty_database, "UPDATE alembic_version SET version_num = '9999'")
    assert status == 200


def test_a_busy_pool_is_still_ready(database: str) -> None:
    async def readiness_with_every_connection_taken() -> str | None:
        pool = Database(Settings(database_url=database, better_auth_secret=SECRET).database_url, pool_size=2)
        busy = asyncio.create_task(pool.run("SELECT pg_sleep(20)", {}))
        try:
            await asyncio.sleep(0)
            assert pool.in_use == 1
            return await Readiness(pool).obstacle()
        finally:
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
            await pool.close()

    assert asyncio.run(readiness_with_every_connection_taken()) is None


def test_a_hundred_probes_at_once_ask_the_database_once(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todo_backend.health.REMEMBERED_SECONDS", 60)

    async def statements() -> int:
        pool = Database(Settings(database_url=database, better_auth_secret=SECRET).database_url, pool_size=2)
        readiness = Readiness(pool)
        asked = 0
        ask = readiness._ask  # noqa: SLF001 - counts, and changes nothing

        async def counted() -> str | None:
            nonlocal asked
            asked += 1
            return await ask()

        readiness._ask = counted  # type: ignore[method-assign]  # noqa: SLF001
        try:
            assert set(await asyncio.gather(*(readiness.obstacle() for _ in range(100)))) == {None}
        finally:
            await pool.close()
        return asked

    assert asyncio.run(statements()) == 1


def test_a_process_never_holds_more_connections_than_its_pool_size(
    database: str, new_user: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todo_backend.database.POOL_WAIT_SECONDS", 60)
    settings = Settings(
        database_url=f"{database}?application_name=bounded", better_auth_secret=SECRET, database_pool_size=3
    )
    user = new_user()

    async def storm() -> tuple[set[int], int]:
        from httpx2 import ASGITransport, AsyncClient

        app = create_app(settings)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://todo-app.local") as client:
            calls = [client.get("/api/tasks", headers=bearer(user)) for _ in range(50)]
            statuses = {answer.status_code for answer in await asyncio.gather(*calls, client.get("/ready"))}
            with psycopg.connect(database) as watcher:
                row = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bounded'")
                [count] = row.fetchone() or (0,)
        await app.state.database.close()
        return statuses, count

    assert asyncio.run(storm()) == ({200}, 3)


def test_a_connection_that_the_server_closed_is_replaced_unnoticed(api: TestClient, user: str, database: str) -> None:
    assert api.get("/api/tasks", headers=bearer(user)).status_code == 200
    with psycopg.connect(database, autocommit=True) as admin:
        killed = admin.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'todo-backend'"
        ).fetchone()
    assert killed
    assert killed[0] >= 1
    assert api.get("/api/tasks", headers=bearer(user)).status_code == 200
