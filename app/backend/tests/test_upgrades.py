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


# What the apps of earlier schemas say to their database; a rollout runs one beside today's, on today's schema, and a
# rollback alone on it. `$1` is the user, `$2` a task.
COLUMNS = "id, title, description, done, created_at, updated_at"
STATEMENTS_OF_0001 = [
    f"INSERT INTO task (user_id, title, description) VALUES ($1, 'New', 'x') RETURNING {COLUMNS}",
    f"SELECT {COLUMNS} FROM task WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 51",
    f"SELECT {COLUMNS} FROM task WHERE user_id = $1 AND id = $2",
    f"UPDATE task SET title = 'y', updated_at = now() WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}",
    f"UPDATE task SET done = NOT done, updated_at = now() WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}",
    "DELETE FROM task WHERE user_id = $1 AND id = $2 RETURNING id",
]
RICHER = f"{COLUMNS}, priority, tags, due_date, due_time, sample"
EVERY = f"user_id, {RICHER}"
NEXT_TIME = "greatest(now(), updated_at + interval '1 microsecond')"
STATEMENTS_OF_0002 = [
    (
        "INSERT INTO task (user_id, title, description, priority, tags, due_date, due_time) "
        f"VALUES ($1, 'New', 'x', 3, '{{home}}', '2026-01-05', '18:00') RETURNING {RICHER}"
    ),
    (
        "WITH first AS (INSERT INTO creation (user_id, key, request_hash, task_id) "
        "VALUES ($1, 'key-2', 'hash', gen_random_uuid()) ON CONFLICT DO NOTHING RETURNING user_id, task_id), "
        "forgotten AS (DELETE FROM creation "
        "WHERE user_id = $1 AND created_at < now() - interval '1 day' AND key <> 'key-2') "
        "INSERT INTO task (id, user_id, title, description, priority, tags) "
        f"SELECT task_id, user_id, 'Once', '', 0, '{{}}' FROM first RETURNING {RICHER}"
    ),
    (
        f"SELECT request_hash, {', '.join(f'task.{name}' for name in RICHER.split(', '))} FROM creation LEFT JOIN task "
        "ON task.id = creation.task_id AND task.user_id = $1 WHERE creation.user_id = $1 AND key = 'key-2'"
    ),
    (
        f"SELECT {RICHER} FROM task WHERE user_id = $1 AND NOT done AND title ILIKE '%new%' AND '{{home}}' <@ tags "
        "ORDER BY due_date, due_time NULLS FIRST, created_at DESC, id LIMIT 51"
    ),
    f"SELECT {RICHER} FROM task WHERE user_id = $1 AND id = $2",
    "SELECT count(*), count(*) FILTER (WHERE NOT done AND due_date = '2026-01-05') FROM task WHERE user_id = $1",
    (
        "SELECT name, count(*) FILTER (WHERE NOT done) FROM (SELECT unnest(tags) AS name, done FROM task "
        'WHERE user_id = $1) AS each GROUP BY name ORDER BY name COLLATE "und-x-icu" LIMIT 1000'
    ),
    (
        f"UPDATE task SET title = 'y', priority = 1, tags = '{{}}', due_date = NULL, due_time = NULL, "
        f"updated_at = {NEXT_TIME} WHERE user_id = $1 AND id = $2 AND updated_at IN (updated_at) RETURNING {RICHER}"
    ),
    f"UPDATE task SET done = NOT done, updated_at = {NEXT_TIME} WHERE user_id = $1 AND id = $2 RETURNING {RICHER}",
    (
        f"WITH gone AS (DELETE FROM task WHERE user_id = $1 AND id = $2 RETURNING {EVERY}), forgotten AS "
        "(DELETE FROM deleted_task WHERE user_id = $1 AND deleted_at < now() - interval '1 day') "
        f"INSERT INTO deleted_task ({EVERY}) SELECT {EVERY} FROM gone RETURNING id"
    ),
    (
        f"WITH kept AS (DELETE FROM deleted_task WHERE user_id = $1 AND id = $2 RETURNING {EVERY}) "
        f"INSERT INTO task ({EVERY}) SELECT {EVERY} FROM kept RETURNING {RICHER}"
    ),
    "INSERT INTO sample_offer (user_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING user_id",
    'SELECT id, name, email, "createdAt" FROM "user" WHERE id = $1',
]
BEGIN_OF_0003 = "INSERT INTO conversation (user_id, title) VALUES ($1, 'Old') RETURNING id"
SAY_OF_0003 = (
    "WITH surplus AS (DELETE FROM message WHERE user_id = $1 AND conversation_id = $2 AND place <= (SELECT place "
    "FROM message WHERE user_id = $1 AND conversation_id = $2 ORDER BY place DESC LIMIT 1 OFFSET 999)), "
    "continued AS (UPDATE conversation SET updated_at = now() WHERE user_id = $1 AND id = $2 RETURNING user_id, id) "
    "INSERT INTO message (user_id, conversation_id, role, text, changes, stopped) "
    "SELECT user_id, id, $3, $4, '[]'::jsonb, false FROM continued"
)
UNANSWERED_OF_0003 = (
    "SELECT count(*) FROM message WHERE user_id = $1 AND role = 'user' AND created_at > now() - interval '1 minute' "
    "AND NOT EXISTS (SELECT FROM message AS later WHERE later.user_id = $1 AND later.role = 'assistant' "
    "AND later.conversation_id = message.conversation_id AND later.place > message.place)"
)
PLAIN = {"priority": "none", "tags": [], "due": None, "sample": False}
RICH = {"priority": "high", "tags": ["home"], "due": {"date": "2026-01-05", "time": "18:00"}, "sample": False}


@pytest.mark.parametrize(
    ("dump", "statements", "new"),
    [(DUMPS[0], STATEMENTS_OF_0001, PLAIN), (DUMPS[1], STATEMENTS_OF_0002, RICH)],
    ids=["0001", "0002"],
)
def test_an_earlier_version_works_on_todays_schema_and_todays_on_what_it_writes(
    empty_database: str, dump: Path, statements: list[str], new: dict[str, Any]
) -> None:
    _load(empty_database, dump)
    migrate(MigrateSettings(database_url=empty_database))
    task = "00000000-0000-4000-8000-000000000001"
    with psycopg.connect(empty_database, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
        for statement in statements:
            parameters = ["u1", task] if "$2" in statement else ["u1"]
            assert connection.execute(statement, parameters).fetchall(), statement
    app = create_app(Settings(database_url=empty_database, better_auth_secret=SECRET))
    with TestClient(app, base_url="http://todo-app.local") as api:
        served = api.get("/api/tasks", headers=bearer("u1")).json()["items"]
    [found] = [one for one in served if one["title"] == "New"]
    assert found.items() >= new.items()


def test_the_assistant_of_0003_and_todays_go_on_with_one_conversation(empty_database: str) -> None:
    _load(empty_database, DUMPS[2])
    migrate(MigrateSettings(database_url=empty_database))
    with psycopg.connect(empty_database, autocommit=True, cursor_factory=psycopg.RawCursor) as old:

        def unanswered() -> list[Any]:
            return old.execute(UNANSWERED_OF_0003, ["u1"]).fetchall()

        [(conversation,)] = old.execute(BEGIN_OF_0003, ["u1"]).fetchall()
        old.execute(SAY_OF_0003, ["u1", conversation, "user", "add bread"])
        assert unanswered() == [(1,)]
        old.execute(SAY_OF_0003, ["u1", conversation, "assistant", "Added."])
        app = create_app(Settings(database_url=empty_database, better_auth_secret=SECRET))
        with TestClient(app, base_url="http://todo-app.local") as api:
            asked = {"text": "add milk", "conversation_id": str(conversation), "today": "2026-01-05", "time": "10:00"}
            assert api.post("/api/assistant/messages", headers=bearer("u1"), json=asked).status_code == 200
            kept = api.get(f"/api/conversations/{conversation}", headers=bearer("u1")).json()["messages"]
        assert [one["role"] for one in kept] == ["user", "assistant"] * 2
        assert [one["text"] for one in kept[:3]] == ["add bread", "Added.", "add milk"]
        assert unanswered() == [(0,)], "the older app finds today's answer, too"


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
