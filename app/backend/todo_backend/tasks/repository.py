"""The SQL of tasks."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Interval,
    SmallInteger,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from todo_backend.database import AnyRow
from todo_backend.repository import USER, Repository, own
from todo_backend.statement import Statement
from todo_backend.tasks.cursor import Position
from todo_backend.tasks.query import PRIORITIES, Shape, conditions, in_view, ordering, parameters, sort_key
from todo_backend.tasks.remembered import REMEMBERED
from todo_backend.tasks.samples import Sample
from todo_backend.tasks.schemas import Due, NewTask, TaskChanges, TaskQuery, View
from todo_backend.tasks.table import creation, deleted_task, sample_offer, shown, task

MAX_TAGS_LISTED: Final = 1000
_ALL: Final = [column.name for column in task.c]
_COLUMNS: Final = shown(task)
_GIVEN: Final = ("title", "description", "priority", "tags", "due_date", "due_time")
_ID: Final = bindparam("task_id", type_=Uuid)
_SEEN: Final = bindparam("seen", type_=ARRAY(DateTime(timezone=True)))
_KEY: Final = bindparam("key", type_=Text)


class TaskRepository(Repository):
    """One user's tasks. Each method is one statement; those about one task give None where the user has none such.

    `seen` are the times of update that a changed task may have: None for any.
    """

    async def page(self, query: TaskQuery, limit: int, after: Position | None) -> Sequence[AnyRow]:
        """Return at most `limit` of the tasks that the query asks for, from behind a position, each with `sort_key`."""
        return await self._all(_page(Shape.of(query, after)), limit=limit, **parameters(query, after))

    async def create(self, new: NewTask) -> AnyRow:
        """Add a task; raises psycopg.errors.ForeignKeyViolation when the user is no more."""
        [row] = await self._all(_CREATE, **_values(new))
        return row

    async def create_once(self, new: NewTask, key: str, request_hash: str) -> AnyRow | None:
        """Add a task, unless this key made one already; then return None."""
        return await self._one(_CREATE_ONCE, key=key, request_hash=request_hash, **_values(new))

    async def creation(self, key: str) -> AnyRow | None:
        """Return what this key made: `request_hash`, and the task, whose columns are None where it is no more."""
        return await self._one(_CREATION, key=key)

    async def find(self, task_id: UUID) -> AnyRow | None:
        """Return a task."""
        return await self._one(_FIND, task_id=task_id)

    async def update(self, task_id: UUID, changes: TaskChanges, seen: frozenset[datetime] | None) -> AnyRow | None:
        """Change a task, and return it as it is then."""
        changed = _values(changes)
        return await self._one(_update(frozenset(changed)), task_id=task_id, seen=_list(seen), **changed)

    async def toggle(self, task_id: UUID, seen: frozenset[datetime] | None) -> AnyRow | None:
        """Turn a task that is done into one that is not, or the reverse; two at once cancel out."""
        return await self._one(_TOGGLE, task_id=task_id, seen=_list(seen))

    async def delete(self, task_id: UUID, seen: frozenset[datetime] | None) -> bool:
        """Remove a task; tell whether there was one."""
        return bool(await self._all(_DELETE, task_id=task_id, seen=_list(seen)))

    async def restore(self, task_id: UUID) -> AnyRow | None:
        """Bring back a task that was removed within the last day, as it was."""
        return await self._one(_RESTORE, task_id=task_id)

    async def counts(self, today: date, now: time) -> AnyRow:
        """Count the tasks of each view, where it is this day and time."""
        [row] = await self._all(_COUNTS, today=today, now=now)
        return row

    async def tags(self) -> Sequence[AnyRow]:
        """Return the user's tags by name, each with how many tasks have it, `open` and `all`."""
        return await self._all(_TAGS)

    async def add_samples(self, samples: Sequence[Sample]) -> int:
        """Add these tasks, and tell how many: none where this was called before or the user has tasks.

        Raises psycopg.errors.ForeignKeyViolation when the user is no more.
        """
        return len(await self._all(_add(samples)))

    async def delete_samples(self) -> Sequence[UUID]:
        """Remove what is left of the samples, and return their ids."""
        return [row.id for row in await self._all(_DELETE_SAMPLES)]


def _values(given: NewTask | TaskChanges) -> dict[str, Any]:
    """Return what is given as the table keeps it."""
    kept: dict[str, Any] = dict(given)
    if "priority" in kept:
        kept["priority"] = PRIORITIES.index(kept["priority"])
    if "due" in kept:
        due: Due | None = kept.pop("due")
        kept["due_date"] = due.date if due else None
        kept["due_time"] = time.fromisoformat(due.time) if due and due.time else None
    return kept


def _list(seen: frozenset[datetime] | None) -> list[datetime] | None:
    return None if seen is None else list(seen)


def _given(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=task.c[name].type)


@cache
def _page(shape: Shape) -> Statement:
    query = select(*_COLUMNS, sort_key(shape.sort).label("sort_key")).where(own(task), *conditions(shape))
    return Statement(query.order_by(*ordering(shape.sort)).limit(bindparam("limit", type_=Integer)))


@cache
def _update(names: frozenset[str]) -> Statement:
    return _set({name: _given(name) for name in sorted(names)})


def _set(changed: dict[str, ColumnElement[Any]]) -> Statement:
    # Never the same time twice: it is the task's version. An older version of the app sets it to now().
    next_time = func.greatest(func.now(), task.c.updated_at + timedelta(microseconds=1))
    statement = update(task).where(own(task), task.c.id == _ID, _unchanged())
    return Statement(statement.values(**changed, updated_at=next_time).returning(*_COLUMNS))


def _unchanged() -> ColumnElement[bool]:
    return or_(_SEEN.is_(None), task.c.updated_at == any_(_SEEN))


def aside(*which: ColumnElement[bool]) -> Insert:
    """Return what moves the user's tasks of these conditions aside, as they are: that is what deleting them is."""
    gone = delete(task).where(own(task), *which).returning(*task.c).cte("gone")
    return insert(deleted_task).from_select(_ALL, select(gone))


def _delete(*which: ColumnElement[bool]) -> Statement:
    return Statement(aside(*which).returning(deleted_task.c.id))


def _create_once() -> Statement:
    request_hash = bindparam("request_hash", type_=Text)
    made = insert(creation).values(user_id=USER, key=_KEY, request_hash=request_hash, task_id=func.gen_random_uuid())
    first = made.on_conflict_do_nothing().returning(creation.c.user_id, creation.c.task_id).cte("first")
    source = select(first.c.task_id, first.c.user_id, *map(_given, _GIVEN))
    return Statement(insert(task).from_select(["id", "user_id", *_GIVEN], source).returning(*_COLUMNS))


def _creation() -> Statement:
    both = creation.outerjoin(task, (task.c.id == creation.c.task_id) & own(task))
    query = select(*_COLUMNS, creation.c.request_hash).select_from(both)
    return Statement(query.where(own(creation), creation.c.key == _KEY))


def _restore() -> Statement:
    mine = own(deleted_task), deleted_task.c.id == _ID, deleted_task.c.deleted_at > func.now() - REMEMBERED
    kept = delete(deleted_task).where(*mine).returning(*(deleted_task.c[name] for name in _ALL)).cte("kept")
    return Statement(insert(task).from_select(_ALL, select(kept)).returning(*_COLUMNS))


def _tags() -> Statement:
    name = func.unnest(task.c.tags).label("name")
    each = select(name, task.c.done).where(own(task)).subquery()
    unfinished = func.count().filter(not_(each.c.done)).label("open")
    query = select(each.c.name, unfinished, func.count().label("all")).group_by(each.c.name)
    return Statement(query.order_by(each.c.name.collate("und-x-icu")).limit(MAX_TAGS_LISTED))


def _add(samples: Sequence[Sample]) -> Statement:
    offered = insert(sample_offer).values(user_id=USER).on_conflict_do_nothing()
    first = offered.returning(sample_offer.c.user_id).cte("first")
    rows = values(
        column("place", SmallInteger),
        column("title", Text),
        column("description", Text),
        column("priority", SmallInteger),
        column("tags", Text),
        column("due_date", Date),
        name="samples",
    ).data([(place, *sample) for place, sample in enumerate(samples)])
    second = literal(timedelta(seconds=1), Interval)
    each = select(
        first.c.user_id,
        func.now() - rows.c.place * second,  # so that the first is on top
        rows.c.title,
        rows.c.description,
        rows.c.priority,
        func.string_to_array(rows.c.tags, " ", type_=ARRAY(Text)),
        rows.c.due_date,
        true(),
    )
    source = each.select_from(first.join(rows, true())).where(not_(exists().where(own(task))))
    names = ["user_id", "created_at", "title", "description", "priority", "tags", "due_date", "sample"]
    return Statement(insert(task).from_select(names, source).returning(task.c.id))


_CREATE: Final = Statement(
    insert(task).values(user_id=USER, **{name: _given(name) for name in _GIVEN}).returning(*_COLUMNS)
)
_CREATE_ONCE: Final = _create_once()
_CREATION: Final = _creation()
_FIND: Final = Statement(select(*_COLUMNS).where(own(task), task.c.id == _ID))
_TOGGLE: Final = _set({"done": not_(task.c.done)})
_DELETE: Final = _delete(task.c.id == _ID, _unchanged())
_DELETE_SAMPLES: Final = _delete(task.c.sample)
_RESTORE: Final = _restore()
_COUNTS: Final = Statement(
    select(*(func.count().filter(in_view(view)).label(view.value) for view in View)).where(own(task))
)
_TAGS: Final = _tags()
