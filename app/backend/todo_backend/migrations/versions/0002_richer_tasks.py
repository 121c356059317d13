"""Priority, tags and due date of tasks; samples; what was deleted last; keys of creations that may be repeated."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, UUID

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Add columns with defaults, which the version before leaves alone, and tables that it does not know."""
    _extend_task()
    _create_deleted_task()
    _create_creation()
    _create_sample_offer()


def _extend_task() -> None:
    op.add_column("task", sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"))
    op.add_column("task", sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("task", sa.Column("due_date", sa.Date))
    op.add_column("task", sa.Column("due_time", sa.Time))
    op.add_column("task", sa.Column("sample", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_check_constraint("task_priority_range", "task", "priority BETWEEN 0 AND 3")
    op.create_check_constraint("task_tags_bound", "task", "cardinality(tags) <= 10")
    op.create_check_constraint("task_due_time_has_date", "task", "due_time IS NULL OR due_date IS NOT NULL")


def _owner(*, primary_key: bool = False) -> sa.Column[str]:
    owner = sa.ForeignKey("user.id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Text, owner, primary_key=primary_key, nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP"))


def _create_deleted_task() -> None:
    # The columns of `task`, so that a row can go there and back; a test holds that it stays so.
    op.create_table(
        "deleted_task",
        sa.Column("id", UUID, primary_key=True),
        _owner(),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("due_time", sa.Time),
        sa.Column("sample", sa.Boolean, nullable=False),
        _now("deleted_at"),
    )
    op.create_index("deleted_task_age_idx", "deleted_task", ["user_id", "deleted_at"])


def _create_creation() -> None:
    op.create_table(
        "creation",
        _owner(primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("task_id", UUID, nullable=False),
        _now("created_at"),
    )
    op.create_index("creation_age_idx", "creation", ["user_id", "created_at"])


def _create_sample_offer() -> None:
    op.create_table("sample_offer", _owner(primary_key=True), _now("made_at"))
