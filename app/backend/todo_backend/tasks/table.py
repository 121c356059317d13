"""The tables of tasks, as queries see them; a test compares them with what the migrations made."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    FetchedValue,
    FromClause,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from todo_backend.statement import metadata


def _columns() -> Iterator[Column[Any]]:
    yield Column("id", Uuid, primary_key=True, server_default=FetchedValue())
    yield Column("user_id", Text, nullable=False)
    yield Column("title", Text, nullable=False)
    yield Column("description", Text, nullable=False)
    yield Column("done", Boolean, nullable=False)
    yield Column("created_at", DateTime(timezone=True), nullable=False)
    yield Column("updated_at", DateTime(timezone=True), nullable=False)
    yield Column("priority", SmallInteger, nullable=False)
    yield Column("tags", ARRAY(Text), nullable=False)
    yield Column("due_date", Date)
    yield Column("due_time", Time)
    yield Column("sample", Boolean, nullable=False)


task = Table("task", metadata, *_columns())

deleted_task = Table(
    "deleted_task", metadata, *_columns(), Column("deleted_at", DateTime(timezone=True), nullable=False)
)
"""Tasks as they were when they were deleted, for a day; an older version of the app deletes without it."""


def shown(table: FromClause) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of a table of tasks that a task consists of, in the order that rows have them in."""
    return tuple(table.c[column.name] for column in task.c if column.name != "user_id")


creation = Table(
    "creation",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("task_id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""Which task a client's Idempotency-Key made, for a day."""

sample_offer = Table(
    "sample_offer",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
"""To whom the samples were offered, which happens once."""
