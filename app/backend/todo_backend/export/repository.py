"""The SQL of what an export has beside the modules' own data."""

from sqlalchemy import Column, DateTime, Table, Text, select
from sqlalchemy.sql import ColumnElement

from todo_backend.database import metadata
from todo_backend.repository import AnyRow, Repository

account = Table(
    "user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("createdAt", DateTime(timezone=True), key="created_at", nullable=False),
)
"""Better Auth's table, as far as the export shows it."""


class AccountRepository(Repository):
    """One user's account."""

    def own(self, table: Table) -> ColumnElement[bool]:
        """Return the condition that a row of the table of users is this one's."""
        return table.c.id == self._user_id

    async def find(self) -> AnyRow | None:
        """Return the account; None when it is no more."""
        return await self._one(select(account).where(self.own(account)))
