import ast
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import Server, free_port, url
from sqlalchemy import Table, create_engine, inspect

from todo_backend import application, schema
from todo_backend.migrate import MigrationError, migrate
from todo_backend.schema import SchemaState
from todo_backend.settings import MigrateSettings
from todo_backend.statement import metadata

FOLDER = Path(__file__).parent.parent


def _start(database: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "todo_backend.migrate"],
        cwd=FOLDER,
        env={**os.environ, "DATABASE_URL": database, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    out, err = process.communicate(timeout=180)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def _run(database: str, **environment: str) -> tuple[int, list[str]]:
    code, lines, err = _end(_start(database, **environment))
    assert err == ""
    return code, _but_waiting(lines)


def _but_waiting(lines: list[dict[str, Any]]) -> list[str]:
    """Return the messages, but for those that a busy Postgres is waited for."""
    return [line["message"] for line in lines if not line["message"].startswith("waiting for Postgres: ")]


def test_an_empty_database_is_brought_to_head_and_a_second_run_finds_nothing_to_do(empty_database: str) -> None:
    assert _run(empty_database) == (0, [f"schema brought from nothing to {schema.HEAD}"])
    assert _run(empty_database) == (0, [f"schema is at {schema.HEAD}: nothing to do"])


def test_of_several_runs_at_once_one_works_and_all_succeed(empty_database: str) -> None:
    ended = [_end(process) for process in [_start(empty_database) for _ in range(4)]]
    assert [code for code, _, _ in ended] == [0] * 4
    messages = sorted(message for _, lines, _ in ended for message in _but_waiting(lines))
    head = schema.HEAD
    assert messages == [f"schema brought from nothing to {head}"] + [f"schema is at {head}: nothing to do"] * 3


def test_a_newer_schema_is_left_alone(empty_database: str) -> None:
    migrate(MigrateSettings(database_url=empty_database))
    with psycopg.connect(empty_database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert _run(empty_database) == (0, [f"schema is at 9999, newer than this image's {schema.HEAD}: left alone"])
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_migration_that_fails_leaves_nothing_behind(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE task (id integer)")  # the last table of 0001 is in the way
    code, messages = _run(empty_database)
    assert code == 1
    assert messages == ['not migrated: DuplicateTable: relation "task" already exists']
    with psycopg.connect(empty_database) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert rows == [("task",)]


def test_it_waits_for_a_postgres_that_does_not_listen_yet(own_server: Server, stoppable_database: str) -> None:
    own_server.stop()
    try:
        process = _start(stoppable_database)
        assert process.stdout
        first = json.loads(process.stdout.readline())
    finally:
        own_server.start()
    code, lines, _ = _end(process)
    assert first["message"].startswith("waiting for Postgres: ")
    assert (code, lines[-1]["message"]) == (0, f"schema brought from nothing to {schema.HEAD}")


def test_it_gives_up_on_a_postgres_that_never_listens_and_says_why() -> None:
    code, messages = _run(url(free_port(), "absent"), MIGRATE_WAIT_SECONDS="1")
    assert code == 1
    assert messages[-1].startswith("not migrated: no connection to Postgres within 1 s: connection failed")


def test_a_refused_password_is_not_waited_for(admin_url: str) -> None:
    with pytest.raises(MigrationError, match=r"Postgres refuses: .*password authentication failed"):
        migrate(MigrateSettings(database_url=_with_password(admin_url, "wrong")))


def _with_password(base: str, password: str) -> str:
    scheme, _, rest = base.partition("://")
    credentials, _, host = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}:{password}@{host}"


def test_a_run_waits_for_another_that_holds_the_lock(empty_database: str) -> None:
    from todo_backend.migrate import LOCK

    states: list[SchemaState] = []
    with psycopg.connect(empty_database, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        settings = MigrateSettings(database_url=empty_database)
        waiting = threading.Thread(target=lambda: states.append(migrate(settings)))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(60)
    assert states == [SchemaState.BEHIND]


def test_revisions_count_up_and_are_named_by_their_files() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(schema.VERSIONS.parent))
    history = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(history)) == schema.REVISIONS
    assert [int(revision) for revision in schema.REVISIONS] == list(range(1, len(schema.REVISIONS) + 1))


BETTER_AUTH_TABLES = {
    "user": "id name email emailVerified image? createdAt updatedAt",
    "session": "id expiresAt token createdAt updatedAt ipAddress? userAgent? userId",
    "account": "id accountId providerId userId accessToken? refreshToken? idToken? accessTokenExpiresAt?"
    " refreshTokenExpiresAt? scope? password? createdAt updatedAt",
    "verification": "id identifier value expiresAt createdAt updatedAt",
    "rateLimit": "id key count lastRequest",
}
assert application  # which imports every module that has tables
OWN_TABLES = [table for table in metadata.sorted_tables if table.name not in BETTER_AUTH_TABLES]


@pytest.mark.parametrize("table", OWN_TABLES, ids=lambda table: table.name)
def test_a_table_that_queries_use_has_the_columns_that_migrations_made(database: str, table: Table) -> None:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        made = {column["name"]: column for column in inspect(connection).get_columns(table.name)}
    engine.dispose()
    assert {name: (column["type"].compile(engine.dialect), column["nullable"]) for name, column in made.items()} == {
        column.name: (column.type.compile(engine.dialect), column.nullable) for column in table.columns
    }


@pytest.mark.parametrize(("table", "columns"), BETTER_AUTH_TABLES.items())
def test_better_auths_tables_have_its_columns(database: str, table: str, columns: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name = %s"
            " ORDER BY ordinal_position",
            [table],
        ).fetchall()
    assert " ".join(name + ("?" if nullable == "YES" else "") for name, nullable in rows) == columns


def test_a_page_of_tasks_is_one_range_of_an_index(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(
            row[0]
            for row in connection.execute(
                "EXPLAIN SELECT id FROM task WHERE user_id = 'x' AND created_at <= now()"
                " AND (created_at < now() OR id > gen_random_uuid()) ORDER BY created_at DESC, id LIMIT 51"
            )
        )
    assert "task_page_idx" in plan
    assert "Sort" not in plan
    assert "created_at <= now()" in plan.partition("Index Cond")[2].partition("Filter")[0]


CONTRACTING = {"drop_table", "drop_column", "drop_constraint", "rename_table", "alter_column", "execute"}


@pytest.mark.parametrize(
    "file", sorted((FOLDER / "todo_backend/migrations/versions").glob("*.py")), ids=lambda file: file.stem
)
def test_a_migration_only_expands_or_says_since_when_nothing_uses_what_it_contracts(file: Path) -> None:
    # A rollout runs the old version beside the new schema: what takes something away has to carry
    # `# unused since VERSION` on its line.
    lines = file.read_text("utf-8").splitlines()
    calls = [
        (node.func.attr, lines[node.lineno - 1])
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "op"
    ]
    assert calls
    assert [call for call, line in calls if call in CONTRACTING and "# unused since " not in line] == []
