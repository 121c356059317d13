"""${message}."""

from typing import Final

from alembic import op

revision: Final = "${up_revision}"
down_revision: Final = ${'"' + down_revision + '"' if down_revision else None}


def upgrade() -> None:
    """${message}."""
    op.execute("")
