"""Better Auth's tables and the tasks.

Better Auth's part is what its 1.7 wants on Postgres for e-mail and password with rate limits kept in the database, by
its default names; the frontend's tests hold that its own migrator finds nothing left to do.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP, UUID

revision: Final = "0001"
down_revision: Final = None

_NOW: Final = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    """Create every table."""
    _create_user()
    _create_session()
    _create_account()
    _create_verification()
    _create_rate_limit()
    _create_task()


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _time(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable, server_default=_NOW if now else None)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.Text, primary_key=True)


def _user_id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False)


def _create_user() -> None:
    op.create_table(
        "user",
        _id(),
        _text("name"),
        _text("email"),
        sa.Column("emailVerified", sa.Boolean, nullable=False),
        _text("image", nullable=True),
        _time("createdAt", now=True),
        _time("updatedAt", now=True),
        sa.UniqueConstraint("email", name="user_email_key"),
    )


def _create_session() -> None:
    op.create_table(
        "session",
        _id(),
        _time("expiresAt"),
        _text("token"),
        _time("createdAt", now=True),
        _time("updatedAt"),
        _text("ipAddress", nullable=True),
        _text("userAgent", nullable=True),
        _user_id("userId"),
        sa.UniqueConstraint("token", name="session_token_key"),
    )
    op.create_index("session_userId_idx", "session", ["userId"])


def _create_account() -> None:
    op.create_table(
        "account",
        _id(),
        _text("accountId"),
        _text("providerId"),
        _user_id("userId"),
        _text("accessToken", nullable=True),
        _text("refreshToken", nullable=True),
        _text("idToken", nullable=True),
        _time("accessTokenExpiresAt", nullable=True),
        _time("refreshTokenExpiresAt", nullable=True),
        _text("scope", nullable=True),
        _text("password", nullable=True),
        _time("createdAt", now=True),
        _time("updatedAt"),
    )
    op.create_index("account_userId_idx", "account", ["userId"])


def _create_verification() -> None:
    op.create_table(
        "verification",
        _id(),
        _text("identifier"),
        _text("value"),
        _time("expiresAt"),
        _time("createdAt", now=True),
        _time("updatedAt", now=True),
    )
    op.create_index("verification_identifier_idx", "verification", ["identifier"])


def _create_rate_limit() -> None:
    op.create_table(
        "rateLimit",
        _id(),
        _text("key"),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("lastRequest", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("key", name="rateLimit_key_key"),
    )


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("id", UUID, primary_key=True, server_default=sa.text("gen_random_uuid()")),
        _user_id("user_id"),
        _text("title"),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
        _time("created_at", now=True),
        _time("updated_at", now=True),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="task_title_length"),
        sa.CheckConstraint("char_length(description) <= 1000", name="task_description_length"),
    )
    # A page of a user's tasks, newest first, is one range of this index.
    op.create_index("task_page_idx", "task", ["user_id", sa.text("created_at DESC"), "id"])
