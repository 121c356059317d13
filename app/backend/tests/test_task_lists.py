"""Which tasks a list has, and in which order."""

from typing import Any

import psycopg
import pytest
from calls import create, titles
from starlette.testclient import TestClient
from tokens import bearer

from todo_backend.tasks.schemas import TaskPage

NOW = {"today": "2026-11-24", "time": "12:00"}

BOARD: list[tuple[str, dict[str, Any]]] = [
    ("undated", {}),
    ("yesterday", {"due": {"date": "2026-11-23", "time": None}}),
    ("yesterday late", {"due": {"date": "2026-11-23", "time": "23:59"}}),
    ("today", {"due": {"date": "2026-11-24", "time": None}}),
    ("today before", {"due": {"date": "2026-11-24", "time": "11:59"}}),
    ("today sharp", {"due": {"date": "2026-11-24", "time": "12:00"}}),
    ("tomorrow", {"due": {"date": "2026-11-25", "time": "00:00"}}),
    ("next year", {"due": {"date": "2027-11-25", "time": None}}),
]

VIEWS = {
    "all": {*(title for title, _ in BOARD), *(f"done {title}" for title, _ in BOARD)},
    "open": {title for title, _ in BOARD},
    "done": {f"done {title}" for title, _ in BOARD},
    "today": {"today", "today before", "today sharp"},
    "upcoming": {"tomorrow", "next year"},
    "overdue": {"yesterday", "yesterday late", "today before"},
}


@pytest.fixture
def board(api: TestClient, user: str) -> str:
    """A user who has the tasks of BOARD, each twice, one of them done."""
    for title, more in BOARD:
        create(api, user, title, **more)
        done = create(api, user, f"done {title}", **more)
        api.post(f"/api/tasks/{done['id']}/toggle", headers=bearer(user))
    return user


def test_a_list_is_written_as_its_schema_writes_it(api: TestClient, board: str) -> None:
    answer = api.get("/api/tasks", params={"limit": "15"}, headers=bearer(board))
    assert answer.headers["Content-Type"] == "application/json"
    page = TaskPage.model_validate_json(answer.content)
    assert (len(page.items), page.next_cursor is None) == (15, False)
    assert answer.content == page.model_dump_json().encode()


def test_each_view_has_its_tasks_and_is_counted_right(api: TestClient, board: str) -> None:
    for view, expected in VIEWS.items():
        found = titles(api, board, view=view, **NOW)
        assert (len(found), set(found)) == (len(expected), expected), view
    counts = api.get("/api/counts", params=NOW, headers=bearer(board)).json()
    assert counts == {view: len(expected) for view, expected in VIEWS.items()}


def test_at_midnight_nothing_of_the_day_is_overdue(api: TestClient, board: str) -> None:
    assert set(titles(api, board, view="overdue", today="2026-11-24")) == {"yesterday", "yesterday late"}


@pytest.mark.parametrize("view", ["today", "upcoming", "overdue"])
def test_a_view_that_depends_on_the_day_needs_to_be_told_the_day(api: TestClient, user: str, view: str) -> None:
    answer = api.get("/api/tasks", params={"view": view}, headers=bearer(user))
    assert answer.status_code == 422
    assert [(error["in"], error["parameter"]) for error in answer.json()["errors"]] == [("query", "today")]


SORTED = {
    "-created": "d c b a",
    "created": "a b c d",
    "due": "c b d a",  # a has no due date
    "-due": "d b c a",
    "title": "a b c d",
    "-title": "d c b a",
    "priority": "c d b a",  # c before d would be by creation; see below
    "-priority": "a b d c",
}


def test_each_sort_has_its_order_also_over_pages(api: TestClient, user: str) -> None:
    create(api, user, "a", priority="high")
    create(api, user, "b", priority="medium", due={"date": "2026-11-24", "time": "18:00"})
    create(api, user, "c", due={"date": "2026-11-24", "time": "07:00"})
    create(api, user, "d", priority="low", due={"date": "2026-11-24", "time": None})
    for sort, expected in SORTED.items():
        assert titles(api, user, sort=sort) == expected.split(), sort
        assert _over_pages(api, user, sort=sort) == expected.split(), sort


def _over_pages(api: TestClient, user: str, **parameters: str) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        query = {**parameters, **cursor, "limit": "1"}
        page = api.get("/api/tasks", params=query, headers=bearer(user)).json()
        found += [item["title"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("sort", ["-created", "created", "due", "-due", "title", "-priority", "-updated"])
def test_pages_hold_where_every_key_is_the_same(api: TestClient, user: str, database: str, sort: str) -> None:
    with psycopg.connect(database) as connection:  # one transaction has one now()
        connection.execute("INSERT INTO task (user_id, title) SELECT %s, 'same' FROM generate_series(1, 7)", (user,))
    assert _over_pages(api, user, sort=sort) == ["same"] * 7


def test_what_was_changed_last_comes_first_when_asked_for(api: TestClient, user: str) -> None:
    first = create(api, user, "first")
    create(api, user, "second")
    api.post(f"/api/tasks/{first['id']}/toggle", headers=bearer(user))
    assert titles(api, user, sort="-updated") == _over_pages(api, user, sort="-updated") == ["first", "second"]


def test_titles_are_sorted_as_people_sort_them(api: TestClient, user: str) -> None:
    for title in ("Zebra", "żaba", "apple", "Ąbc", "Banana", "ananas"):
        create(api, user, title)
    expected = ["Ąbc", "ananas", "apple", "Banana", "żaba", "Zebra"]
    assert titles(api, user, sort="title") == _over_pages(api, user, sort="title") == expected


def test_a_search_finds_all_its_words_in_title_or_description_in_any_case(api: TestClient, user: str) -> None:
    create(api, user, "Buy MILK", description="at the corner shop")
    create(api, user, "Sell milk")
    assert titles(api, user, q="milk") == ["Sell milk", "Buy MILK"]
    assert titles(api, user, q=" Shop  milk ") == ["Buy MILK"]
    assert titles(api, user, q="milk shopping") == []


def test_a_searchs_wildcards_are_letters_like_any_other(api: TestClient, user: str) -> None:
    create(api, user, "100% sure")
    create(api, user, "100 unsure")
    create(api, user, r"C:\temp_1")
    assert titles(api, user, q="100%") == ["100% sure"]
    assert titles(api, user, q="p_1") == titles(api, user, q="\\") == [r"C:\temp_1"]


def test_filters_narrow_each_other(api: TestClient, user: str) -> None:
    create(api, user, "one", tags=["home"], priority="high")
    create(api, user, "two", tags=["home", "garden"])
    create(api, user, "three", priority="high")
    assert titles(api, user, tag="HOME") == ["two", "one"]
    assert titles(api, user, tag="hom") == []
    assert titles(api, user, priority="high") == ["three", "one"]
    assert titles(api, user, tag="home", priority="high", view="open", q="o") == ["one"]


def test_tags_are_listed_by_name_with_their_counts_and_are_the_users_own(api: TestClient, user: str) -> None:
    create(api, user, "one", tags=["home", "work"])
    done = create(api, user, "two", tags=["home", "ananas"])
    api.post(f"/api/tasks/{done['id']}/toggle", headers=bearer(user))
    assert api.get("/api/tags", headers=bearer(user)).json() == {
        "items": [
            {"name": "ananas", "open": 0, "all": 1},
            {"name": "home", "open": 1, "all": 2},
            {"name": "work", "open": 1, "all": 1},
        ]
    }


REFUSED_QUERIES = [
    ("limit", "0"),
    ("limit", "51"),
    ("view", "mine"),
    ("sort", "-title; DROP TABLE task"),
    ("priority", "urgent"),
    ("today", "1764000000"),
    ("today", "2026-02-30"),
    ("time", "25:00"),
    ("tag", "two words"),
    ("q", ""),
    ("q", "x" * 101),
    ("q", "nul \0"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED_QUERIES)
def test_a_parameter_that_does_not_fit_is_refused_by_name(api: TestClient, user: str, name: str, value: str) -> None:
    answer = api.get("/api/tasks", params={name: value}, headers=bearer(user))
    assert answer.status_code == 422
    assert [(error["in"], error["parameter"]) for error in answer.json()["errors"]] == [("query", name)]
