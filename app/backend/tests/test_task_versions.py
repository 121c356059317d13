"""Two tabs, lost answers and second thoughts: ETag and If-Match, Idempotency-Key, restoring."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from calls import Json, create, titles
from httpx2 import Response
from pydantic import SecretStr
from starlette.testclient import TestClient
from tokens import bearer

from todo_backend.database import Database
from todo_backend.tasks.remembered import forget
from todo_backend.tasks.schemas import NewTask
from todo_backend.tasks.service import hash_of

Call = Callable[[TestClient, str, Json, dict[str, str]], Response]


def _patch(api: TestClient, user: str, task: Json, more: dict[str, str]) -> Response:
    return api.patch(f"/api/tasks/{task['id']}", json={"title": "changed"}, headers=bearer(user) | more)


def _patch_nothing(api: TestClient, user: str, task: Json, more: dict[str, str]) -> Response:
    return api.patch(f"/api/tasks/{task['id']}", json={}, headers=bearer(user) | more)


def _toggle(api: TestClient, user: str, task: Json, more: dict[str, str]) -> Response:
    return api.post(f"/api/tasks/{task['id']}/toggle", headers=bearer(user) | more)


def _delete(api: TestClient, user: str, task: Json, more: dict[str, str]) -> Response:
    return api.delete(f"/api/tasks/{task['id']}", headers=bearer(user) | more)


CALLS = pytest.mark.parametrize("call", [_patch, _patch_nothing, _toggle, _delete])


def test_every_answer_with_one_task_carries_its_version_as_etag(api: TestClient, user: str) -> None:
    created = api.post("/api/tasks", json={"title": "x"}, headers=bearer(user))
    path = f"/api/tasks/{created.json()['id']}"
    answers = [
        created,
        api.get(path, headers=bearer(user)),
        api.patch(path, json={"title": "y"}, headers=bearer(user)),
        api.post(f"{path}/toggle", headers=bearer(user)),
    ]
    assert [answer.headers["ETag"] for answer in answers] == [f'"{answer.json()["version"]}"' for answer in answers]
    assert len({answer.json()["version"] for answer in answers}) == 3


@CALLS
@pytest.mark.parametrize("tag", ['"{}"', '"0", "{}"', "*"])
def test_a_change_to_the_version_that_was_seen_is_made(api: TestClient, user: str, call: Call, tag: str) -> None:
    task = create(api, user, "x")
    assert call(api, user, task, {"If-Match": tag.format(task["version"])}).status_code in (200, 204)


@CALLS
def test_a_change_to_a_version_that_is_no_more_is_a_412_and_changes_nothing(
    api: TestClient, user: str, call: Call
) -> None:
    seen = create(api, user, "x")
    now = _patch(api, user, seen, {}).json()
    answer = call(api, user, seen, {"If-Match": f'"{seen["version"]}"'})
    assert (answer.status_code, answer.json()["title"]) == (412, "Precondition Failed")
    assert api.get(f"/api/tasks/{seen['id']}", headers=bearer(user)).json() == now


@CALLS
@pytest.mark.parametrize("tag", ['W/"{}"', "{}", '"0{}"', '"nonsense"', '""', "", '"ffffffffffffffffff"', '"-1"'])
def test_what_is_no_strong_tag_of_ours_matches_nothing(api: TestClient, user: str, call: Call, tag: str) -> None:
    task = create(api, user, "x")
    assert call(api, user, task, {"If-Match": tag.format(task["version"])}).status_code == 412


@CALLS
def test_a_task_that_is_not_there_is_a_404_whatever_its_version(api: TestClient, user: str, call: Call) -> None:
    assert call(api, user, {"id": str(uuid4())}, {"If-Match": '"1"'}).status_code == 404


def test_of_many_changes_at_once_to_one_version_one_is_made(api: TestClient, user: str) -> None:
    task = create(api, user, "x")
    with ThreadPoolExecutor(8) as threads:
        seen = {"If-Match": f'"{task["version"]}"'}
        answers = list(threads.map(lambda _: _patch(api, user, task, seen).status_code, range(8)))
    assert sorted(answers) == [200] + [412] * 7


def test_a_change_by_the_version_before_this_one_is_noticed(api: TestClient, user: str, database: str) -> None:
    task = create(api, user, "x")
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE task SET title = 'y', updated_at = now() WHERE id = %s", [task["id"]])
    assert _patch(api, user, task, {"If-Match": f'"{task["version"]}"'}).status_code == 412


def _create_once(api: TestClient, user: str, key: str, **task: str) -> Response:
    return api.post("/api/tasks", json={"title": "Buy milk", **task}, headers=bearer(user) | {"Idempotency-Key": key})


def test_a_repeated_creation_makes_one_task_and_answers_the_same(api: TestClient, user: str) -> None:
    first, second = (_create_once(api, user, "key-1", priority="high") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert titles(api, user) == ["Buy milk"]


def test_many_creations_at_once_with_one_key_make_one_task(api: TestClient, user: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: _create_once(api, user, "key-1"), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert titles(api, user) == ["Buy milk"]


def test_a_key_is_one_users_own(api: TestClient, new_user: Callable[[], str]) -> None:
    one, other = new_user(), new_user()
    assert _create_once(api, one, "key-1").json()["id"] != _create_once(api, other, "key-1").json()["id"]


def test_a_key_that_comes_with_another_task_is_refused(api: TestClient, user: str) -> None:
    _create_once(api, user, "key-1")
    answer = _create_once(api, user, "key-1", title="Buy bread")
    assert (answer.status_code, answer.json()["detail"]) == (409, "This Idempotency-Key came with another task before")
    assert titles(api, user) == ["Buy milk"]


def test_a_creation_is_the_same_to_a_version_that_knows_more_of_tasks() -> None:
    class Later(NewTask):
        colour: str = "none"

    said = {"title": "Buy milk", "due": {"date": "2026-11-24", "time": None}}
    assert hash_of(Later.model_validate(said)) == hash_of(NewTask.model_validate(said))
    assert hash_of(Later(title="Buy milk", colour="red")) != hash_of(Later(title="Buy milk"))


def test_a_creation_that_is_repeated_after_its_task_was_deleted_does_not_bring_it_back(
    api: TestClient, user: str
) -> None:
    _delete(api, user, _create_once(api, user, "key-1").json(), {})
    assert _create_once(api, user, "key-1").status_code == 409
    assert titles(api, user) == []


@pytest.mark.parametrize("key", ["", "two words", "x" * 65])
def test_a_key_that_is_none_is_refused(api: TestClient, user: str, key: str) -> None:
    assert _create_once(api, user, key).status_code == 422


def test_keys_and_deleted_tasks_are_forgotten_after_a_day(api: TestClient, user: str, database: str) -> None:
    old = _create_once(api, user, "key-1").json()
    _delete(api, user, old, {})
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE creation SET created_at = now() - interval '25 hours' WHERE user_id = %s", [user])
        connection.execute(
            "UPDATE deleted_task SET deleted_at = now() - interval '25 hours' WHERE id = %s", [old["id"]]
        )
    _delete(api, user, _create_once(api, user, "key-2").json(), {})
    assert api.post(f"/api/tasks/{old['id']}/restore", headers=bearer(user)).status_code == 404
    asyncio.run(_forget(database))
    with psycopg.connect(database) as connection:
        keys = connection.execute("SELECT key FROM creation WHERE user_id = %s", [user]).fetchall()
        kept = connection.execute("SELECT count(*) FROM deleted_task WHERE user_id = %s", [user]).fetchone()
    assert (keys, kept) == ([("key-2",)], (1,))


async def _forget(database: str) -> None:
    own = Database(SecretStr(database), 2)
    await forget(own)
    await own.close()


def test_a_deleted_task_comes_back_as_it_was(api: TestClient, user: str) -> None:
    due = {"date": "2026-11-24", "time": "18:00"}
    task = create(api, user, "x", description="y", priority="low", tags=["a", "b"], due=due)
    _delete(api, user, task, {})
    restored = api.post(f"/api/tasks/{task['id']}/restore", headers=bearer(user))
    assert (restored.status_code, restored.json()) == (200, task)
    assert restored.headers["ETag"] == f'"{task["version"]}"'
    again = api.post(f"/api/tasks/{task['id']}/restore", headers=bearer(user))
    assert (again.status_code, again.json()) == (200, task)
    assert titles(api, user) == ["x"]


def test_nobody_else_can_restore_a_task(api: TestClient, new_user: Callable[[], str]) -> None:
    owner, stranger = new_user(), new_user()
    task = create(api, owner, "private")
    _delete(api, owner, task, {})
    assert api.post(f"/api/tasks/{task['id']}/restore", headers=bearer(stranger)).status_code == 404
    assert api.post(f"/api/tasks/{task['id']}/restore", headers=bearer(owner)).status_code == 200
