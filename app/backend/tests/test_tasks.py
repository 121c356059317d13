from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from calls import Json, create, titles
from starlette.testclient import TestClient
from tokens import bearer


def test_a_new_task_has_an_id_times_in_utc_and_is_not_done(api: TestClient, user: str) -> None:
    task = create(api, user, "  Buy milk ", description="two litres")
    assert task["created_at"] == task["updated_at"]
    assert datetime.fromisoformat(task["created_at"]).utcoffset() == timedelta(0)
    assert UUID(task["id"]).version == 4
    assert {
        name: value for name, value in task.items() if name not in ("id", "version", "created_at", "updated_at")
    } == {
        "title": "Buy milk",
        "description": "two litres",
        "done": False,
        "priority": "none",
        "tags": [],
        "due": None,
        "sample": False,
    }


def test_a_task_reads_back_as_it_was_created(api: TestClient, user: str) -> None:
    due = {"date": "2026-11-24", "time": "18:00"}
    task = create(
        api,
        user,
        "Zażółć gęślą jaźń 🦆",
        description="line one\nline two",
        priority="high",
        tags=["home", "zakupy"],
        due=due,
    )
    assert (task["priority"], task["tags"], task["due"]) == ("high", ["home", "zakupy"], due)
    answer = api.get(f"/api/tasks/{task['id']}", headers=bearer(user))
    assert answer.status_code == 200
    assert answer.json() == task


def test_a_change_touches_only_what_it_names(api: TestClient, user: str) -> None:
    task = create(api, user, "Buy milk", description="two litres")
    changed = api.patch(f"/api/tasks/{task['id']}", json={"title": "Buy oat milk"}, headers=bearer(user)).json()
    assert changed.pop("updated_at") > task.pop("updated_at")
    assert changed.pop("version") != task.pop("version")
    assert changed == {**task, "title": "Buy oat milk"}


CHANGES: list[Json] = [
    {"priority": "low"},
    {"tags": ["work", "a-b_c"]},
    {"tags": []},
    {"due": {"date": "2026-12-01", "time": None}},
    {"due": {"date": "0001-01-01", "time": "00:00"}},
    {"due": {"date": "9999-12-31", "time": "23:59"}},
    {"due": None},
    {"done": True, "title": "x" * 200, "description": ""},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_each_member_can_be_changed(api: TestClient, user: str, changes: Json) -> None:
    due = {"date": "2026-11-24", "time": "18:00"}
    task = create(api, user, "Buy milk", priority="high", tags=["home"], due=due)
    changed = api.patch(f"/api/tasks/{task['id']}", json=changes, headers=bearer(user)).json()
    assert changed == {**task, **changes, "updated_at": changed["updated_at"], "version": changed["version"]}


def test_tags_are_kept_in_lower_case_each_once(api: TestClient, user: str) -> None:
    assert create(api, user, "x", tags=["Home", "ŻABA", "home"])["tags"] == ["home", "żaba"]


def test_an_empty_change_leaves_the_task_as_it_is(api: TestClient, user: str) -> None:
    task = create(api, user, "Buy milk")
    answer = api.patch(f"/api/tasks/{task['id']}", json={}, headers=bearer(user))
    assert (answer.status_code, answer.json()) == (200, task)


def test_toggling_twice_leaves_a_task_as_it_was(api: TestClient, user: str) -> None:
    task = create(api, user, "Buy milk")
    states = [
        api.post(f"/api/tasks/{task['id']}/toggle", headers=bearer(user)).json()["done"],
        api.post(f"/api/tasks/{task['id']}/toggle", headers=bearer(user)).json()["done"],
    ]
    assert states == [True, False]


def test_a_deleted_task_is_gone(api: TestClient, user: str) -> None:
    task = create(api, user, "Buy milk")
    answer = api.delete(f"/api/tasks/{task['id']}", headers=bearer(user))
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.delete(f"/api/tasks/{task['id']}", headers=bearer(user)).status_code == 404
    assert titles(api, user) == []


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
    task = create(api, owner, "private")
    foreign = api.request(method, f"/api/tasks/{task['id']}{path}", json=body, headers=bearer(stranger))
    absent = api.request(method, f"/api/tasks/{uuid4()}{path}", json=body, headers=bearer(stranger))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()
    assert api.get(f"/api/tasks/{task['id']}", headers=bearer(owner)).json() == task


def test_a_list_holds_the_users_own_tasks_alone_newest_first(api: TestClient, new_user: Callable[[], str]) -> None:
    mine, other = new_user(), new_user()
    create(api, mine, "first")
    create(api, other, "not mine")
    create(api, mine, "second")
    assert titles(api, mine) == ["second", "first"]


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
        create(api, user, str(number))
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
    tasks = [create(api, user, str(number)) for number in range(4)]
    first = api.get("/api/tasks", params={"limit": 2}, headers=bearer(user)).json()
    create(api, user, "new")
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
    "a" * 33,  # half a byte too much
    "A" * 32 + "gA",  # a key that is no UTF-8
    "A" * 32 + "AA",  # a key with a NUL
    "A" * 2001,
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
    ('{"title": "\\u3000\\u0085\\u2003"}', "/title"),
    ('{"title": "x", "priority": "urgent"}', "/priority"),
    ('{"title": "x", "tags": ["two words"]}', "/tags/0"),
    ('{"title": "x", "tags": ["ok", ""]}', "/tags/1"),
    (f'{{"title": "x", "tags": ["{"x" * 31}"]}}', "/tags/0"),
    (f'{{"title": "x", "tags": {[*map(str, range(11))]}}}'.replace("'", '"'), "/tags"),
    ('{"title": "x", "tags": "home"}', "/tags"),
    ('{"title": "x", "due": "2026-11-24"}', "/due"),
    ('{"title": "x", "due": {"date": "2026-11-24"}}', "/due/time"),
    ('{"title": "x", "due": {"date": "2026-02-30", "time": null}}', "/due/date"),
    ('{"title": "x", "due": {"date": 1764000000, "time": null}}', "/due/date"),
    ('{"title": "x", "due": {"date": "1764000000", "time": null}}', "/due/date"),
    ('{"title": "x", "due": {"date": "2026-11-24", "time": "24:00"}}', "/due/time"),
    ('{"title": "x", "due": {"date": "2026-11-24", "time": "18:00:00"}}', "/due/time"),
    ('{"title": "x", "sample": true}', "/sample"),
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
    assert titles(api, user) == []


def test_a_body_that_is_no_text_is_refused_like_one_that_is_no_json(api: TestClient, user: str) -> None:
    answer = api.post("/api/tasks", content=b"\xff\xfe{", headers=bearer(user) | {"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"in": "body", "pointer": "", "detail": "The body is no JSON"}]


REFUSED_CHANGES: list[Json] = [
    {"title": None},
    {"title": ""},
    {"done": "yes"},
    {"done": None},
    {"id": str(uuid4())},
    {"priority": None},
    {"tags": None},
    {"due": {"time": "18:00"}},
    {"version": "1"},
    {"sample": False},
]


@pytest.mark.parametrize("changes", REFUSED_CHANGES)
def test_a_change_that_does_not_fit_is_refused(api: TestClient, user: str, changes: Json) -> None:
    task = create(api, user, "Buy milk")
    assert api.patch(f"/api/tasks/{task['id']}", json=changes, headers=bearer(user)).status_code == 422
    assert api.get(f"/api/tasks/{task['id']}", headers=bearer(user)).json() == task


def test_lengths_count_characters_not_bytes(api: TestClient, user: str) -> None:
    task = create(api, user, "🦆" * 200, description="🦆" * 1000)
    assert (len(task["title"]), len(task["description"])) == (200, 1000)


SOME_ID = "00000000-0000-4000-8000-000000000001"
NOW = {"today": "2026-11-24", "time": "12:00"}
AFTER_DELETION: list[tuple[str, str, Json | None]] = [
    ("GET", "/api/tasks", None),
    ("POST", "/api/tasks", {"title": "too late"}),
    ("GET", f"/api/tasks/{SOME_ID}", None),
    ("PATCH", f"/api/tasks/{SOME_ID}", {"title": "too late"}),
    ("POST", f"/api/tasks/{SOME_ID}/toggle", None),
    ("DELETE", f"/api/tasks/{SOME_ID}", None),
    ("POST", f"/api/tasks/{SOME_ID}/restore", None),
    ("GET", "/api/counts?today=2026-11-24", None),
    ("GET", "/api/tags", None),
    ("POST", "/api/samples", {"today": "2026-11-24"}),
    ("DELETE", "/api/samples", None),
    ("GET", "/api/export", None),
    ("GET", "/api/assistant", None),
    ("POST", "/api/assistant/messages", {"text": "too late", **NOW}),
    ("POST", "/api/assistant/messages", {"text": "too late", "conversation_id": SOME_ID, **NOW}),
    ("POST", "/api/assistant/confirm", {"token": "A" * 43}),
    ("GET", "/api/conversations", None),
    ("GET", f"/api/conversations/{SOME_ID}", None),
    ("DELETE", f"/api/conversations/{SOME_ID}", None),
]


def test_a_deleted_account_with_a_token_that_is_still_valid_gets_401(api: TestClient, user: str, database: str) -> None:
    create(api, user, "Buy milk")
    with psycopg.connect(database) as connection:
        connection.execute('DELETE FROM "user" WHERE id = %s', (user,))
        left = connection.execute("SELECT count(*) FROM task WHERE user_id = %s", (user,)).fetchone()
    assert left == (0,)
    for method, path, body in AFTER_DELETION:
        answer = api.request(method, path, json=body, headers=bearer(user))
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
