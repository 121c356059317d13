"""Which tasks a list has and in which order, as SQL."""

import re
from collections.abc import Iterator
from datetime import date, time
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    SmallInteger,
    Text,
    Time,
    Uuid,
    all_,
    and_,
    bindparam,
    cast,
    func,
    literal,
    not_,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY

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


_TODAY: Final = bindparam("today", type_=Date)
_NOW: Final = bindparam("now", type_=Time)
_AFTER: Final = bindparam("after_time", type_=DateTime(timezone=True))
_AFTER_ID: Final = bindparam("after_id", type_=Uuid)
_AFTER_KEY: Final = bindparam("after_key", type_=Text)


class Shape(NamedTuple):
    """What the SQL of a list depends on: the sort, the view, and whether these are asked for."""

    sort: Sort
    view: View
    tag: bool
    priority: bool
    words: bool
    after: bool

    @classmethod
    def of(cls, query: TaskQuery, after: Position | None) -> Self:
        """Return the shape of a query for what comes after a position."""
        asked = query.tag is not None, query.priority is not None, query.q is not None
        return cls(query.sort, query.view, *asked, after=after is not None)


def parameters(query: TaskQuery, after: Position | None) -> dict[str, Any]:
    """Return what the SQL of the query's shape is to be run with."""
    given: dict[str, Any] = {"today": query.today or date.min, "now": time.fromisoformat(query.time)}
    if query.tag is not None:
        given["tags"] = [query.tag]
    if query.priority is not None:
        given["priority"] = PRIORITIES.index(query.priority)
    if query.q is not None:
        given["words"] = [_containing(word) for word in query.q.split()]
    if after is not None:
        given |= {"after_time": after.created_at, "after_id": after.id, "after_key": after.key}
    return given


def _containing(word: str) -> str:
    """Return the pattern of LIKE for what has this word somewhere."""
    return "%" + re.sub(r"[\\%_]", r"\\\g<0>", word) + "%"


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


def conditions(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """Yield what a task has to fulfil, apart from being the user's."""
    if shape.view is not View.ALL:
        yield in_view(shape.view)
    if shape.tag:
        yield task.c.tags.contains(bindparam("tags", type_=ARRAY(Text)))
    if shape.priority:
        yield task.c.priority == bindparam("priority", type_=SmallInteger)
    if shape.words:
        yield (task.c.title + "\n" + task.c.description).ilike(all_(bindparam("words", type_=ARRAY(Text))))
    if shape.after:
        yield _behind(shape.sort)


def in_view(view: View) -> ColumnElement[bool]:
    """Return the condition that a task belongs to a view; the parameters `today` and `now` say when that is."""
    match view:
        case View.ALL:
            return task.c.id.is_not(None)
        case View.DONE:
            return task.c.done
        case View.OPEN:
            return not_(task.c.done)
        case View.TODAY:
            return and_(not_(task.c.done), task.c.due_date == _TODAY)
        case View.UPCOMING:
            return and_(not_(task.c.done), task.c.due_date > _TODAY)
        case View.OVERDUE:
            passed = and_(task.c.due_date == _TODAY, task.c.due_time < _NOW)
            return and_(not_(task.c.done), or_(task.c.due_date < _TODAY, passed))


def _behind(sort: Sort) -> ColumnElement[bool]:
    """Return the condition that a task comes after a position."""
    created = task.c.created_at
    later = created > _AFTER if sort is Sort.OLDEST else created < _AFTER
    tie = or_(later, and_(created == _AFTER, task.c.id > _AFTER_ID))
    key, descending = _ORDERS[sort]
    if key is _NO_KEY:
        # The first condition is implied by the second; it is the one that the index can start from.
        return and_(created >= _AFTER if sort is Sort.OLDEST else created <= _AFTER, tie)
    beyond = key < _AFTER_KEY if descending else key > _AFTER_KEY
    return or_(beyond, and_(key == _AFTER_KEY, tie))
