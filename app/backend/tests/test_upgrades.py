"""From every schema that there was, with data, to today's: tests/schemas has a dump of each."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from calls import titles
from psycopg import sql
from starlette.testclient import TestClient
from tokens import SECRET, bearer

from todo_backend import schema
from todo_backend.application import create_app
from todo_backend.migrate import migrate
from todo_backend.schema import SchemaState
from todo_backend.settings import MigrateSettings, Settings

DUMPS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))
Rows = dict[str, tuple[list[str], list[Any]]]


def _load(database: str, dump: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(dump.read_bytes())


def _read(database: str, columns_of: Rows | None = None) -> Rows:
    """Every row of every table: of those columns, or all."""
    found: Rows = {}
    with psycopg.connect(database) as connection:
        tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for table in sorted(columns_of or tables):
            name = sql.Identifier(table)
            columns = columns_of[table][0] if columns_of else []
            wanted = sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*")
            cursor = connection.execute(sql.SQL("SELECT {} FROM {}").format(wanted, name))
            assert cursor.description
            found[table] = ([column.name for column in cursor.description], sorted(cursor.fetchall(), key=repr))
    return found


# What the app of schema 0001 says to its database; a rollout runs it beside today's, on today's schema, and a rollback
# alone on it. `$1` is the user, `$2` a task.
COLUMNS = "id, title, description, done, created_at, updated_at"
STATEMENTS_OF_0001 = [
    f"INSERT INTO task (user_id, title, description) VALUES ($1, 'New', 'x') RETURNING {COLUMNS}",
    f"SELECT {COLUMNS} FROM task WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 51",
    f"SELECT {COLUMNS} FROM task WHERE user_id = $1 AND id = $2",
    f"UPDATE task SET title = 'y', updated_at = now() WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}",
    f"UPDATE task SET done = NOT done, updated_at = now() WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}",
    "DELETE FROM task WHERE user_id = $1 AND id = $2 RETURNING id",
]


def test_the_first_version_works_on_todays_schema_and_todays_on_what_it_writes(empty_database: str) -> None:
    _load(empty_database, DUMPS[0])
    migrate(MigrateSettings(database_url=empty_database))
    task = "00000000-0000-4000-8000-000000000001"
    with psycopg.connect(empty_database, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
        for statement in STATEMENTS_OF_0001:
            parameters = ["u1", task] if "$2" in statement else ["u1"]
            assert connection.execute(statement, parameters).fetchall(), statement
    app = create_app(Settings(database_url=empty_database, better_auth_secret=SECRET))
    with TestClient(app, base_url="http://todo-app.local") as api:
        [new, _] = api.get("/api/tasks", headers=bearer("u1")).json()["items"]
    assert (new["title"], new["priority"], new["tags"], new["due"], new["sample"]) == ("New", "none", [], None, False)


def test_there_is_a_dump_of_every_schema() -> None:
    assert [dump.stem for dump in DUMPS] == list(schema.REVISIONS)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_every_earlier_schema_comes_to_head_with_its_data_as_it_was(empty_database: str, dump: Path) -> None:
    _load(empty_database, dump)
    before = _read(empty_database)
    assert before["alembic_version"][1] == [(dump.stem,)]
    assert all(rows for table, (_, rows) in before.items() if table != "verification")
    state = migrate(MigrateSettings(database_url=empty_database))
    assert state is (SchemaState.AT_HEAD if dump.stem == schema.HEAD else SchemaState.BEHIND)
    after = _read(empty_database, before)
    assert after.pop("alembic_version")[1] == [(schema.HEAD,)]
    before.pop("alembic_version")
    assert after == before


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_the_tasks_of_every_earlier_schema_are_served(empty_database: str, dump: Path) -> None:
    _load(empty_database, dump)
    settings = MigrateSettings(database_url=empty_database)
    migrate(settings)
    app = create_app(Settings(database_url=empty_database, better_auth_secret=SECRET))
    with TestClient(app, base_url="http://todo-app.local") as api:
        assert titles(api, "u1") == ["Zażółć gęślą jaźń 🦆", "Buy milk"]
        assert titles(api, "u1", q="MILK", view="open", sort="due") == ["Buy milk"]
