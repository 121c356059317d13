"""The assistant's conversations, what it may spend, the deletions that wait for a click; and the cluster's load run."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Add tables that the version before does not know."""
    _create_conversation()
    _create_message()
    _create_token_usage()
    _create_deletion_request()
    _create_load_run()


def _id() -> sa.Column[object]:
    return sa.Column("id", UUID, primary_key=True, server_default=sa.text("gen_random_uuid()"))


def _owner(*, primary_key: bool = False) -> sa.Column[str]:
    owner = sa.ForeignKey("user.id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Text, owner, primary_key=primary_key, nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP"))


def _create_conversation() -> None:
    op.create_table(
        "conversation",
        _id(),
        _owner(),
        sa.Column("title", sa.Text, nullable=False),
        _now("created_at"),
        _now("updated_at"),
    )
    op.create_index("conversation_list_idx", "conversation", ["user_id", sa.text("updated_at DESC")])


def _create_message() -> None:
    conversation = sa.ForeignKey("conversation.id", ondelete="CASCADE")
    op.create_table(
        "message",
        _id(),
        _owner(),
        sa.Column("conversation_id", UUID, conversation, nullable=False),
        sa.Column("place", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("changes", JSONB, nullable=False, server_default="[]"),
        sa.Column("stopped", sa.Boolean, nullable=False, server_default=sa.false()),
        _now("created_at"),
        sa.CheckConstraint("role IN ('user', 'assistant')", name="message_role"),
    )
    op.create_index("message_order_idx", "message", ["conversation_id", "place"])
    op.create_index("message_user_idx", "message", ["user_id"])


def _create_token_usage() -> None:
    op.create_table(
        "token_usage",
        _owner(primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("tokens", sa.BigInteger, nullable=False),
    )


def _create_deletion_request() -> None:
    op.create_table(
        "deletion_request",
        sa.Column("token_hash", sa.Text, primary_key=True),
        _owner(),
        sa.Column("task_id", UUID, nullable=False),
        sa.Column("task_updated_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    )
    op.create_index("deletion_request_user_idx", "deletion_request", ["user_id"])


def _create_load_run() -> None:
    # One row at most: one run in the whole cluster. Its end frees it, whatever became of the pod that made it.
    op.create_table(
        "load_run",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        _owner(),
        sa.Column("pod", sa.Text, nullable=False),
        _now("started_at"),
        sa.Column("ends_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered", JSONB, nullable=False, server_default="{}"),
        sa.CheckConstraint("id = 1", name="load_run_single"),
    )
