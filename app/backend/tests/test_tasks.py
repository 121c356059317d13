from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from starlette.testclient import TestClient
from tokens import bearer

Json = dict[str, Any]


def _create(api: TestClient, user: str, title: str, **more: Any) -> Json:
    answer = api.post("/api/tasks", json={"title": title, **more}, headers=bearer(user))
    assert answer.status_code == 201, answer.text
    task: Json = answer.json()
    return task


def _titles(api: TestClient, user: str) -> list[str]:
    return [item["title"] for item in api.get("/api/tasks", headers=bearer(user)).json()["items"]]


def test_a_new_task_has_an_id_times_in_utc_and_is_not_done(api: TestClient, user: str) -> None:
    task = _create(api, user, "  Buy milk ", description="two litres")
    assert set(task) == {"id", "title", "description", "done", "created_at", "updated_at"}
    assert UUID(task["id"]).version == 4
    assert (task["title"], task["description"], task["done"]) == ("Buy milk", "two litres", False)
    assert task["created_at"] == task["updated_at"]
    assert datetime.fromisoformat(task["created_at"]).utcoffset() == timedelta(0)


def test_a_task_reads_back_as_it_was_created(api: TestClient, user: str) -> None:
    task = _create(api, user, "Zażółć gęślą jaźń 🦆", description="line one\nline two")
    answer = api.get(f"/api/tasks/{task['id']}", headers=bearer(user))
    assert answer.status_code == 200
    assert answer.json() == task


def test_a_change_touches_only_what_it_names(api: TestClient, user: str) -> None:
    task = _create(api, user, "Buy milk", description="two litres")
    changed = api.patch(f"/api/tasks/{task['id']}", json={"title": "Buy oat milk"}, headers=bearer(user)).json()
    assert changed.pop("updated_at") > task.pop("updated_at")
    assert changed == {**task, "title": "Buy oat milk"}


def test_an_empty_change_leaves_the_task_as_it_is(api: TestClient, user: str) -> None:
    task = _create(api, user, "Buy milk")
    answer = api.patch(f"/api/tasks/{task['id']}", json={}, headers=bearer(user))
    assert (answer.status_code, answer.json()) == (200, task)


def test_toggling_twice_leaves_a_task_as_it_was(api: TestClient, user: str) -> None:
    task = _create(api, user, "Buy milk")
    states = [
        api.post(f"/api/tasks/{task['id']}/toggle", headers=bearer(user)).json()["done"],
        api.post(f"/api/tasks/{task['id']}/toggle", headers=bearer(user)).json()["done"],
    ]
    assert states == [True, False]


def test_a_deleted_task_is_gone(api: TestClient, user: str) -> None:
    task = _create(api, user, "Buy milk")
    answer = api.delete(f"/api/tasks/{task['id']}", headers=bearer(user))
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.delete(f"/api/tasks/{task['id']}", headers=bearer(user)).status_code == 404
    assert _titles(api, user) == []


CALLS_ON_ONE_TASK: list[tuple[str, str, Json | None]] = [
    ("GET", "", None),
    ("PATCH", "", {"title": "mine now"}),
    ("PATCH", "", {}),
    ("POST", "/toggle", None),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS_ON_ONE_TASK)
def test_another_users_task_is_as_absent_as_one_that_never_was(
    api: TestClient, new_user: Callable[[], str], method: str, path: str, body: Json | None
) -> None:
    owner, stranger = new_user(), new_user()
    task = _create(api, owner, "private")
    foreign = api.request(method, f"/api/tasks/{task['id']}{path}", json=body, headers=bearer(stranger))
    absent = api.request(method, f"/api/tasks/{uuid4()}{path}", json=body, headers=bearer(stranger))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()
    assert api.get(f"/api/tasks/{task['id']}", headers=bearer(owner)).json() == task


def test_a_list_holds_the_users_own_tasks_alone_newest_first(api: TestClient, new_user: Callable[[], str]) -> None:
    mine, other = new_user(), new_user()
    _create(api, mine, "first")
    _create(api, other, "not mine")
    _create(api, mine, "second")
    assert _titles(api, mine) == ["second", "first"]


def _pages(api: TestClient, user: str, limit: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        parameters = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = api.get("/api/tasks", params=parameters, headers=bearer(user)).json()
        pages.append([item["title"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return pages


def test_pages_follow_each_other_without_gap_or_overlap(api: TestClient, user: str) -> None:
    for number in range(7):
        _create(api, user, str(number))
    assert _pages(api, user, 3) == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert _pages(api, user, 7) == [["6", "5", "4", "3", "2", "1", "0"]]


def test_pages_hold_where_many_tasks_share_one_instant(api: TestClient, user: str, database: str) -> None:
    with psycopg.connect(database) as connection:  # one transaction has one now()
        connection.cursor().executemany(
            "INSERT INTO task (user_id, title) VALUES (%s, %s)", [(user, str(number)) for number in range(10)]
        )
    seen = [title for page in _pages(api, user, 3) for title in page]
    assert sorted(seen) == [str(number) for number in range(10)]


def test_a_page_stays_where_it_was_while_tasks_come_and_go(api: TestClient, user: str) -> None:
    tasks = [_create(api, user, str(number)) for number in range(4)]
    first = api.get("/api/tasks", params={"limit": 2}, headers=bearer(user)).json()
    _create(api, user, "new")
    api.delete(f"/api/tasks/{tasks[2]['id']}", headers=bearer(user))  # the task that the cursor stands for
    parameters = {"limit": 2, "cursor": first["next_cursor"]}
    second = api.get("/api/tasks", params=parameters, headers=bearer(user)).json()
    assert [item["title"] for item in second["items"]] == ["1", "0"]


def test_a_page_holds_fifty_tasks_at_most(api: TestClient, user: str, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO task (user_id, title) SELECT %s, n FROM generate_series(1, 51) AS n", (user,))
    page = api.get("/api/tasks", headers=bearer(user)).json()
    assert len(page["items"]) == 50
    assert page["next_cursor"]
    assert api.get("/api/tasks", params={"limit": 51}, headers=bearer(user)).status_code == 422


CURSORS = [
    "",
    "nonsense",
    "a" * 31,
    "a" * 33,
    "+" * 32,
    "ą" * 32,
    "f" + "_" * 31,  # a time beyond year 9999
    "g" + "A" * 31,  # a time before year 1
]


@pytest.mark.parametrize("cursor", CURSORS)
def test_a_cursor_that_was_never_given_is_refused(api: TestClient, user: str, cursor: str) -> None:
    answer = api.get("/api/tasks", params={"cursor": cursor}, headers=bearer(user))
    assert answer.status_code == 422
    assert [(error["in"], error["parameter"]) for error in answer.json()["errors"]] == [("query", "cursor")]


REFUSED_BODIES: list[tuple[str, str]] = [
    ("{}", "/title"),
    ('{"title": ""}', "/title"),
    ('{"title": "   "}', "/title"),
    ('{"title": null}', "/title"),
    ('{"title": 1}', "/title"),
    ('{"title": "nul \\u0000"}', "/title"),
    ('{"title": "lone surrogate \\ud800"}', "/title"),
    (f'{{"title": "{"x" * 201}"}}', "/title"),
    (f'{{"title": "x", "description": "{"x" * 1001}"}}', "/description"),
    ('{"title": "x", "description": "nul \\u0000"}', "/description"),
    ('{"title": "x", "user_id": "another"}', "/user_id"),
    ('{"title": "x", "a/b~c": 1}', "/a~1b~0c"),
    ('{"title": "x", "lone surrogate \\ud800": 1}', ""),
    ("[]", ""),
    ("null", ""),
    ("{", ""),
    ("", ""),
]


@pytest.mark.parametrize(("body", "pointer"), REFUSED_BODIES)
def test_input_that_does_not_fit_is_refused_with_the_place(api: TestClient, user: str, body: str, pointer: str) -> None:
    answer = api.post("/api/tasks", content=body, headers=bearer(user) | {"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert _titles(api, user) == []


REFUSED_CHANGES: list[Json] = [{"title": None}, {"title": ""}, {"done": "yes"}, {"done": None}, {"id": str(uuid4())}]


@pytest.mark.parametrize("changes", REFUSED_CHANGES)
def test_a_change_that_does_not_fit_is_refused(api: TestClient, user: str, changes: Json) -> None:
    task = _create(api, user, "Buy milk")
    assert api.patch(f"/api/tasks/{task['id']}", json=changes, headers=bearer(user)).status_code == 422
    assert api.get(f"/api/tasks/{task['id']}", headers=bearer(user)).json() == task


def test_lengths_count_characters_not_bytes(api: TestClient, user: str) -> None:
    task = _create(api, user, "🦆" * 200, description="🦆" * 1000)
    assert (len(task["title"]), len(task["description"])) == (200, 1000)


def test_a_deleted_account_with_a_token_that_is_still_valid_gets_401(api: TestClient, user: str, database: str) -> None:
    _create(api, user, "Buy milk")
    with psycopg.connect(database) as connection:
        connection.execute('DELETE FROM "user" WHERE id = %s', (user,))
        left = connection.execute("SELECT count(*) FROM task WHERE user_id = %s", (user,)).fetchone()
    answer = api.post("/api/tasks", json={"title": "too late"}, headers=bearer(user))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert left == (0,)
