from datetime import date

import psycopg
import pytest
from calls import create, titles
from starlette.testclient import TestClient
from tokens import bearer

from todo_backend.tasks.samples import samples_from

TODAY = date(2026, 11, 24)
SAMPLES = samples_from(TODAY)


def _add(api: TestClient, user: str) -> int:
    answer = api.post("/api/samples", json={"today": TODAY.isoformat()}, headers=bearer(user))
    assert answer.status_code == 200, answer.text
    created: int = answer.json()["created"]
    return created


def test_a_first_visit_gets_the_samples_in_their_order_due_from_its_day_on(api: TestClient, user: str) -> None:
    assert _add(api, user) == len(SAMPLES)
    items = api.get("/api/tasks", headers=bearer(user)).json()["items"]
    assert [item["title"] for item in items] == [sample.title for sample in SAMPLES]
    assert [item["due"]["date"] for item in items] == [sample.due_date.isoformat() for sample in SAMPLES]
    assert items[0]["due"]["date"] == TODAY.isoformat()
    assert {item["sample"] for item in items} == {True}
    assert items[1]["priority"] == "high"
    assert items[1]["tags"] == ["start"]


def test_samples_come_once_in_an_accounts_life(api: TestClient, user: str) -> None:
    _add(api, user)
    api.delete("/api/samples", headers=bearer(user))
    assert _add(api, user) == 0
    assert titles(api, user) == []


def test_whoever_has_tasks_gets_no_samples(api: TestClient, user: str) -> None:
    create(api, user, "mine")
    assert _add(api, user) == 0
    assert titles(api, user) == ["mine"]


def test_one_call_removes_the_samples_and_nothing_else_and_they_can_be_restored(api: TestClient, user: str) -> None:
    _add(api, user)
    create(api, user, "mine")
    removed = api.delete("/api/samples", headers=bearer(user)).json()["ids"]
    assert len(removed) == len(SAMPLES)
    assert titles(api, user) == ["mine"]
    assert api.post(f"/api/tasks/{removed[0]}/restore", headers=bearer(user)).json()["sample"] is True
    assert api.delete("/api/samples", headers=bearer(user)).json()["ids"] == [removed[0]]
    assert api.delete("/api/samples", headers=bearer(user)).json()["ids"] == []


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_calendars_ends_have_samples_too(api: TestClient, user: str, day: date) -> None:
    assert api.post("/api/samples", json={"today": f"{day}"}, headers=bearer(user)).status_code == 200
    assert len(titles(api, user)) == len(SAMPLES)


def test_a_deleted_account_gets_401_and_no_samples(api: TestClient, user: str, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute('DELETE FROM "user" WHERE id = %s', [user])
    answer = api.post("/api/samples", json={"today": "2026-11-24"}, headers=bearer(user))
    assert answer.status_code == 401
