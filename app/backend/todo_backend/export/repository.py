"""The SQL of what an export has beside the modules' own data."""

from sqlalchemy import Table, select
from sqlalchemy.sql import ColumnElement

from todo_backend.repository import AnyRow, Repository, account


class AccountRepository(Repository):
    """One user's account."""

    def own(self, table: Table) -> ColumnElement[bool]:
        """Return the condition that a row of the table of users is this one's."""
        return table.c.id == self._user_id

    async def find(self) -> AnyRow | None:
        """Return the account; None when it is no more."""
        return await self._one(select(account).where(self.own(account)))
