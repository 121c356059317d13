"""The table of tasks, as queries see it; a test compares it with what the migrations made."""

from sqlalchemy import Boolean, Column, DateTime, FetchedValue, Table, Text, Uuid

from todo_backend.database import metadata

task = Table(
    "task",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("user_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
