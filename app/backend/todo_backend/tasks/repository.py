"""The SQL of tasks."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Interval,
    SmallInteger,
    Text,
    column,
    delete,
    exists,
    func,
    literal,
    not_,
    select,
    true,
    type_coerce,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import NullType

from todo_backend.repository import AnyRow, Repository
from todo_backend.tasks.cursor import Position
from todo_backend.tasks.query import PRIORITIES, behind, conditions, in_view, ordering, sort_key
from todo_backend.tasks.samples import Sample
from todo_backend.tasks.schemas import Due, NewTask, TaskChanges, TaskQuery, View
from todo_backend.tasks.table import creation, deleted_task, sample_offer, task

MAX_TAGS_LISTED: Final = 1000
REMEMBERED: Final = timedelta(days=1)
"""How long a deleted task can be restored, and a creation be asked for again by its key."""

# psycopg makes the list of tags itself; as an ARRAY, SQLAlchemy would go through each once more.
_COLUMNS: Final = tuple(
    type_coerce(column, NullType()).label(column.name) if column is task.c.tags else column
    for column in task.c
    if column.name != "user_id"
)
_ALL: Final = [column.name for column in task.c]


class TaskRepository(Repository):
    """One user's tasks. Each method is one statement; those about one task give None where the user has none such.

    `seen` are the times of update that a changed task may have: None for any.
    """

    async def page(self, query: TaskQuery, limit: int, after: Position | None) -> Sequence[AnyRow]:
        """Return at most `limit` of the tasks that the query asks for, from behind a position, each with `sort_key`."""
        key = sort_key(query.sort).label("sort_key")
        statement = select(*_COLUMNS, key).where(self.own(task), *conditions(query))
        if after:
            statement = statement.where(behind(query.sort, after))
        return await self._all(statement.order_by(*ordering(query.sort)).limit(limit))

    async def create(self, new: NewTask) -> AnyRow:
        """Add a task; raises sqlalchemy.exc.IntegrityError when the user is no more."""
        statement = insert(task).values(user_id=self._user_id, **_values(new)).returning(*_COLUMNS)
        return (await self._connection.execute(statement)).one()

    async def create_once(self, new: NewTask, key: str, request_hash: str) -> AnyRow | None:
        """Add a task, unless this key made one already; then return None."""
        made = insert(creation).values(
            user_id=self._user_id, key=key, request_hash=request_hash, task_id=func.gen_random_uuid()
        )
        first = made.on_conflict_do_nothing().returning(creation.c.user_id, creation.c.task_id).cte("first")
        forgotten = self._old(creation, creation.c.created_at, creation.c.key != key)
        given = _values(new)
        source = select(first.c.task_id, first.c.user_id, *(literal(v, task.c[n].type) for n, v in given.items()))
        statement = insert(task).from_select(["id", "user_id", *given], source).returning(*_COLUMNS)
        return await self._one(statement.add_cte(forgotten))

    async def creation(self, key: str) -> AnyRow | None:
        """Return what this key made: `request_hash`, and the task, whose columns are None where it is no more."""
        both = creation.outerjoin(task, (task.c.id == creation.c.task_id) & self.own(task))
        query = select(*_COLUMNS, creation.c.request_hash).select_from(both)
        return await self._one(query.where(self.own(creation), creation.c.key == key))

    async def find(self, task_id: UUID) -> AnyRow | None:
        """Return a task."""
        return await self._one(select(*_COLUMNS).where(self.own(task), task.c.id == task_id))

    async def update(self, task_id: UUID, changes: TaskChanges, seen: frozenset[datetime] | None) -> AnyRow | None:
        """Change a task, and return it as it is then."""
        return await self._set(task_id, _values(changes), seen)

    async def toggle(self, task_id: UUID, seen: frozenset[datetime] | None) -> AnyRow | None:
        """Turn a task that is done into one that is not, or the reverse; two at once cancel out."""
        return await self._set(task_id, {"done": not_(task.c.done)}, seen)

    async def delete(self, task_id: UUID, seen: frozenset[datetime] | None) -> bool:
        """Remove a task; tell whether there was one."""
        return bool(await self._delete(task.c.id == task_id, *_unchanged(seen)))

    async def restore(self, task_id: UUID) -> AnyRow | None:
        """Bring back a task that was removed within the last day, as it was."""
        own = self.own(deleted_task), deleted_task.c.id == task_id
        kept = delete(deleted_task).where(*own).returning(*(deleted_task.c[name] for name in _ALL)).cte("kept")
        return await self._one(insert(task).from_select(_ALL, select(kept)).returning(*_COLUMNS))

    async def counts(self, today: date, now: time) -> AnyRow:
        """Count the tasks of each view, where it is this day and time."""
        counted = (func.count().filter(in_view(view, today, now)).label(view.value) for view in View)
        return (await self._connection.execute(select(*counted).where(self.own(task)))).one()

    async def tags(self) -> Sequence[AnyRow]:
        """Return the user's tags by name, each with how many tasks have it, `open` and `all`."""
        name = func.unnest(task.c.tags).label("name")
        each = select(name, task.c.done).where(self.own(task)).subquery()
        unfinished = func.count().filter(not_(each.c.done)).label("open")
        query = select(each.c.name, unfinished, func.count().label("all")).group_by(each.c.name)
        return await self._all(query.order_by(each.c.name.collate("und-x-icu")).limit(MAX_TAGS_LISTED))

    async def add_samples(self, samples: Sequence[Sample]) -> int:
        """Add these tasks, and tell how many: none where this was called before or the user has tasks.

        Raises sqlalchemy.exc.IntegrityError when the user is no more.
        """
        offered = insert(sample_offer).values(user_id=self._user_id).on_conflict_do_nothing()
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
        source = each.select_from(first.join(rows, true())).where(not_(exists().where(self.own(task))))
        names = ["user_id", "created_at", "title", "description", "priority", "tags", "due_date", "sample"]
        return len(await self._all(insert(task).from_select(names, source).returning(task.c.id)))

    async def delete_samples(self) -> Sequence[UUID]:
        """Remove what is left of the samples, and return their ids."""
        return await self._delete(task.c.sample)

    async def _set(self, task_id: UUID, changed: dict[str, Any], seen: frozenset[datetime] | None) -> AnyRow | None:
        # Never the same time twice: it is the task's version. An older version of the app sets it to now().
        next_time = func.greatest(func.now(), task.c.updated_at + timedelta(microseconds=1))
        mine = self.own(task), task.c.id == task_id, *_unchanged(seen)
        statement = update(task).where(*mine).values(**changed, updated_at=next_time)
        return await self._one(statement.returning(*_COLUMNS))

    async def _delete(self, *which: ColumnElement[bool]) -> Sequence[UUID]:
        gone = delete(task).where(self.own(task), *which).returning(*task.c).cte("gone")
        kept = insert(deleted_task).from_select(_ALL, select(gone)).returning(deleted_task.c.id)
        forgotten = self._old(deleted_task, deleted_task.c.deleted_at)
        return [row.id for row in await self._all(kept.add_cte(forgotten))]

    def _old(self, table: Any, since: ColumnElement[datetime], *which: ColumnElement[bool]) -> CTE:
        """Forget the rows of a table that are older than they need to be kept, as a part of another statement."""
        return delete(table).where(self.own(table), since < func.now() - REMEMBERED, *which).cte("forgotten")


def _unchanged(seen: frozenset[datetime] | None) -> tuple[ColumnElement[bool], ...]:
    return () if seen is None else (task.c.updated_at.in_(seen),)


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
