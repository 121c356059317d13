"""The SQL of what an export has beside the modules' own data."""

from typing import Final

from sqlalchemy import select

from todo_backend.database import AnyRow
from todo_backend.repository import USER, Repository, account
from todo_backend.statement import Statement


class AccountRepository(Repository):
    """One user's account."""

    async def find(self) -> AnyRow | None:
        """Return the account; None when it is no more."""
        return await self._one(_FIND)


_FIND: Final = Statement(
    select(account.c.id, account.c.name, account.c.email, account.c.created_at.label("created_at")).where(
        account.c.id == USER
    )
)
