"""The assistant's tables, as queries see them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, FetchedValue, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from todo_backend.statement import metadata

conversation = Table(
    "conversation",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("user_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("user_id", Text, nullable=False),
    Column("conversation_id", Uuid, nullable=False),
    Column("place", BigInteger, nullable=False, server_default=FetchedValue()),
    Column("role", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("changes", JSONB, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("answers", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

token_usage = Table(
    "token_usage",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("tokens", BigInteger, nullable=False),
)
"""What the user's words have cost, by day in UTC."""

deletion_request = Table(
    "deletion_request",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("task_id", Uuid, nullable=False),
    Column("task_updated_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
"""A deletion that waits for the user's click. The token itself is in no table."""
