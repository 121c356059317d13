from collections.abc import Callable

import psycopg
from calls import create
from starlette.testclient import TestClient
from tokens import bearer

from todo_backend.export.schemas import Export


def test_an_export_has_the_account_and_every_task_and_nothing_of_others(
    api: TestClient, new_user: Callable[[], str], database: str
) -> None:
    mine, other = new_user(), new_user()
    create(api, other, "not mine")
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO task (user_id, title) SELECT %s, n FROM generate_series(1, 1001) AS n", [mine])
    last = create(api, mine, "last", tags=["home"], due={"date": "2026-11-24", "time": "18:00"})
    answer = api.get("/api/export", headers=bearer(mine))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="todo-export.json"'
    document = answer.json()
    assert document["account"]["email"] == f"{mine}@example.com"
    assert len({task["id"] for task in document["tasks"]}) == len(document["tasks"]) == 1002
    assert document["tasks"][-1] == last
    assert Export.model_validate(document).format == "todo-export/1"


def test_an_export_of_nothing_is_a_document_too(api: TestClient, user: str) -> None:
    document = api.get("/api/export", headers=bearer(user)).json()
    assert document["tasks"] == []
    assert set(document) == {"format", "exported_at", "account", "tasks", "conversations"}


def test_a_deleted_account_has_no_export(api: TestClient, user: str, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute('DELETE FROM "user" WHERE id = %s', [user])
    assert api.get("/api/export", headers=bearer(user)).status_code == 401
