"""Which tasks a list has and in which order, as SQL."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, not_, or_

from todo_backend.tasks.cursor import Position
from todo_backend.tasks.schemas import Sort, TaskQuery, View
from todo_backend.tasks.table import task

PRIORITIES: Final = ("none", "low", "medium", "high")
"""By the number that the table keeps."""


class Order(NamedTuple):
    """A sort: its own key, as text, then newest first. `created` is the one that turns these ties round."""

    key: ColumnElement[str]
    descending: bool


_NO_KEY: Final = literal("", Text)
# Day and time as text; `~` comes after every digit, so that a day's tasks without a time come last on it.
_DUE: Final = func.to_char(task.c.due_date, "YYYY-MM-DD") + func.coalesce(func.to_char(task.c.due_time, "HH24:MI"), "~")
_PRIORITY: Final = cast(task.c.priority, Text).collate("C")
# As a person would, in any language: a, A, ą, b.
_TITLE: Final = func.lower(task.c.title).collate("und-x-icu")
_UPDATED: Final = func.to_char(task.c.updated_at, "YYYY-MM-DD HH24:MI:SS.US").collate("C")

_ORDERS: Final = {
    Sort.NEWEST: Order(_NO_KEY, descending=True),
    Sort.OLDEST: Order(_NO_KEY, descending=False),
    Sort.DUE: Order(func.coalesce(_DUE, "~").collate("C"), descending=False),
    Sort.DUE_LAST: Order(func.coalesce(_DUE, "").collate("C"), descending=True),
    Sort.TITLE: Order(_TITLE, descending=False),
    Sort.TITLE_LAST: Order(_TITLE, descending=True),
    Sort.PRIORITY: Order(_PRIORITY, descending=False),
    Sort.PRIORITY_HIGHEST: Order(_PRIORITY, descending=True),
    Sort.CHANGED: Order(_UPDATED, descending=True),
}


def sort_key(sort: Sort) -> ColumnElement[str]:
    """Return the sort's key, which a position in the list needs."""
    return _ORDERS[sort].key


def ordering(sort: Sort) -> Iterator[ColumnElement[Any]]:
    """Yield what to order by."""
    key, descending = _ORDERS[sort]
    if key is not _NO_KEY:
        yield key.desc() if descending else key
    yield task.c.created_at if sort is Sort.OLDEST else task.c.created_at.desc()
    yield task.c.id


def behind(sort: Sort, after: Position) -> ColumnElement[bool]:
    """Return the condition that a task comes after a position."""
    created = task.c.created_at
    later, equal = created > after.created_at, created == after.created_at
    if sort is not Sort.OLDEST:
        later = created < after.created_at
    tie = or_(later, and_(equal, task.c.id > after.id))
    key, descending = _ORDERS[sort]
    if key is _NO_KEY:
        # The first condition is implied by the second; it is the one that the index can start from.
        return and_(created >= after.created_at if sort is Sort.OLDEST else created <= after.created_at, tie)
    beyond = key < after.key if descending else key > after.key
    return or_(beyond, and_(key == after.key, tie))


def conditions(query: TaskQuery) -> Iterator[ColumnElement[bool]]:
    """Yield what a task has to fulfil, apart from being the user's; the query has the date that its view needs."""
    if query.view is not View.ALL:
        yield in_view(query.view, query.today or date.min, time.fromisoformat(query.time))
    if query.tag is not None:
        yield task.c.tags.contains([query.tag])
    if query.priority is not None:
        yield task.c.priority == PRIORITIES.index(query.priority)
    for word in (query.q or "").split():
        yield (task.c.title + "\n" + task.c.description).icontains(word, autoescape=True)


def in_view(view: View, today: date, now: time) -> ColumnElement[bool]:
    """Return the condition that a task belongs to a view, where it is this day and time."""
    match view:
        case View.ALL:
            return task.c.id.is_not(None)
        case View.DONE:
            return task.c.done
        case View.OPEN:
            return not_(task.c.done)
        case View.TODAY:
            return and_(not_(task.c.done), task.c.due_date == today)
        case View.UPCOMING:
            return and_(not_(task.c.done), task.c.due_date > today)
        case View.OVERDUE:
            passed = and_(task.c.due_date == today, task.c.due_time < now)
            return and_(not_(task.c.done), or_(task.c.due_date < today, passed))
