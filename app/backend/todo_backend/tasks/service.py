"""What the API does with tasks, apart from HTTP's and SQL's shapes."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from pydantic import TypeAdapter
from pydantic_core import to_json

from todo_backend.database import AnyRow
from todo_backend.problems import Problem, unauthorized
from todo_backend.repository import check_account
from todo_backend.tasks import cursor as cursors
from todo_backend.tasks import schemas
from todo_backend.tasks.cursor import Position
from todo_backend.tasks.query import PRIORITIES
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.samples import samples_from
from todo_backend.tasks.schemas import NewTask, Task, TaskChanges, TaskPage, TaskQuery, View

_TASKS: Final = TypeAdapter(list[Task])


class TaskService:
    """One user's tasks. What is not there and what is another's are the same 404 problem; a deleted account is a 401.

    `if_match` is that header (RFC 9110, 13.1.1): a change to a task with no such version is a 412 problem.
    """

    def __init__(self, repository: TaskRepository) -> None:
        self._repository = repository

    async def page(self, query: TaskQuery) -> TaskPage:
        """Return a page of tasks; a 422 problem for a cursor that is none of ours or a view that lacks its date."""
        return TaskPage.model_validate(await self._page(query))

    async def page_json(self, query: TaskQuery) -> bytes:
        """Return a page as the JSON that it has as an answer.

        Written from the rows as they are: to make models of fifty and to check what the table holds to already would
        take as long as everything else that an answer with a page takes.
        """
        return to_json(await self._page(query))

    async def _page(self, query: TaskQuery) -> dict[str, Any]:
        if query.view in (View.TODAY, View.UPCOMING, View.OVERDUE) and query.today is None:
            raise _unfit("today", f"The view {query.view} needs it")
        rows = await self._repository.page(query, query.limit + 1, _position(query.cursor))
        if not rows:
            await check_account(self._repository)
        is_last = len(rows) <= query.limit
        next_cursor = None if is_last else cursors.encode(position_of(rows[query.limit - 1]))
        return {"items": _fields(rows[: query.limit]), "next_cursor": next_cursor}

    async def create(self, new: NewTask, key: str | None) -> Task:
        """Add a task; with a key that made one already, return that one as it is now.

        A 401 problem where the account was deleted after its token was minted, 409 where the key came with another
        task before or its task was deleted since.
        """
        with account_exists():
            if key is None:
                return task_of(await self._repository.create(new))
            request_hash = hash_of(new)
            made = await self._repository.create_once(new, key, request_hash)
        if made is None:
            made = await self._repository.creation(key)
            if made is None or made.id is None:
                raise Problem(409, "The task that this Idempotency-Key made was deleted")
            if made.request_hash != request_hash:
                raise Problem(409, "This Idempotency-Key came with another task before")
        return task_of(made)

    async def read(self, task_id: UUID) -> Task:
        """Return a task."""
        row = await self._repository.find(task_id)
        if row is None:
            await check_account(self._repository)
            raise no_such_task()
        return task_of(row)

    async def update(self, task_id: UUID, changes: TaskChanges, if_match: str | None) -> Task:
        """Change what `changes` holds; without any change the task stays as it is, its version too."""
        seen = _seen(if_match)
        if changes:
            return await self._changed(task_id, await self._repository.update(task_id, changes, seen))
        task = await self.read(task_id)
        if seen is not None and task.updated_at not in seen:
            raise changed_since()
        return task

    async def toggle(self, task_id: UUID, if_match: str | None) -> Task:
        """Tick a task, or untick it."""
        return await self._changed(task_id, await self._repository.toggle(task_id, _seen(if_match)))

    async def delete(self, task_id: UUID, if_match: str | None) -> None:
        """Remove a task; for a day it can be restored."""
        if not await self._repository.delete(task_id, _seen(if_match)):
            await self._changed(task_id, None)

    async def restore(self, task_id: UUID) -> Task:
        """Bring back a task that was removed."""
        row = await self._repository.restore(task_id)
        return await self.read(task_id) if row is None else task_of(row)

    async def counts(self, clock: schemas.Clock) -> schemas.Counts:
        """Count the tasks of each view."""
        row = await self._repository.counts(clock.today, time.fromisoformat(clock.time))
        counts = schemas.Counts.model_validate(row)
        if not counts.all:
            await check_account(self._repository)
        return counts

    async def tags(self) -> schemas.TagList:
        """Return the user's tags."""
        rows = await self._repository.tags()
        if not rows:
            await check_account(self._repository)
        return schemas.TagList(items=[schemas.TagCount.model_validate(row) for row in rows])

    async def add_samples(self, wanted: schemas.SampleRequest) -> schemas.SamplesMade:
        """Add the samples, once in an account's life and only where it has no task."""
        with account_exists():
            return schemas.SamplesMade(created=await self._repository.add_samples(samples_from(wanted.today)))

    async def delete_samples(self) -> schemas.SamplesRemoved:
        """Remove what is left of the samples."""
        ids = list(await self._repository.delete_samples())
        if not ids:
            await check_account(self._repository)
        return schemas.SamplesRemoved(ids=ids)

    async def _changed(self, task_id: UUID, row: AnyRow | None) -> Task:
        if row is None:
            await self.read(task_id)
            raise changed_since()
        return task_of(row)


def hash_of(new: NewTask) -> str:
    """Return what is kept of a request: of what it says itself, so that another version has no other defaults in it."""
    return hashlib.sha256(new.model_dump_json(exclude_unset=True).encode()).hexdigest()


def task_of(row: AnyRow) -> Task:
    """Return a row of the table as the API gives it."""
    return tasks_of([row])[0]


def tasks_of(rows: Sequence[AnyRow]) -> list[Task]:
    """Return rows that begin with the table's columns as the API gives them."""
    return _TASKS.validate_python(_fields(rows))


def _fields(rows: Sequence[AnyRow]) -> list[dict[str, Any]]:
    """Return the fields of the tasks that rows are; by position, as attributes of a row cost more than the rest."""
    return [
        {
            "id": task_id,
            "title": title,
            "description": description,
            "done": done,
            "priority": PRIORITIES[priority],
            "tags": tags,
            "due": None if day is None else {"date": day, "time": None if time is None else str(time)[:5]},
            "sample": sample,
            "version": _version(updated_at),
            "created_at": created_at,
            "updated_at": updated_at,
        }
        for (
            task_id,
            title,
            description,
            done,
            created_at,
            updated_at,
            priority,
            tags,
            day,
            time,
            sample,
            *_,
        ) in rows
    ]


def position_of(row: AnyRow) -> Position:
    """Return the place of a row in the list that it came with."""
    return Position(row.created_at, row.id, row.sort_key)


def _version(updated_at: datetime) -> str:
    return f"{cursors.microseconds(updated_at):x}"


def _seen(if_match: str | None) -> frozenset[datetime] | None:
    """Return the times of update that the header allows; None for any. A weak tag matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(_times(if_match))


def _times(if_match: str) -> Iterator[datetime]:
    for tag in if_match.split(","):
        try:
            time = cursors.instant(int(tag.strip().removeprefix('"').removesuffix('"'), 16))
        except ValueError:
            continue
        if f'"{_version(time)}"' == tag.strip():
            yield time


@contextmanager
def account_exists() -> Iterator[None]:
    """Turn a row that refers to no user into a 401 problem."""
    try:
        yield
    except ForeignKeyViolation as error:
        raise unauthorized("The account is no more") from error


def _position(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        return cursors.decode(cursor)
    except ValueError as error:
        raise _unfit("cursor", "Not a cursor that this API gave") from error


def _unfit(parameter: str, detail: str) -> Problem:
    return Problem(422, "The input does not fit", errors=[{"in": "query", "parameter": parameter, "detail": detail}])


def no_such_task() -> Problem:
    """Return the problem of a task that is gone, or never was this user's."""
    return Problem(404, "There is no such task")


def changed_since() -> Problem:
    """Return the problem of a task that is not any more as whoever changes it has seen it."""
    return Problem(412, "The task has changed since")
