"""Which question an answer is to: of two at once in one conversation, the second may be answered first."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Add a column that the version before does not know, and leaves null."""
    op.add_column("message", sa.Column("answers", UUID))
