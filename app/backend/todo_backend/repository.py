"""What every repository is: the SQL of one user's rows, and the one place where that user comes in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, DateTime, Executable, Row, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from todo_backend.database import metadata
from todo_backend.problems import unauthorized

account = Table(
    "user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("createdAt", DateTime(timezone=True), key="created_at", nullable=False),
)
"""Better Auth's table, as far as it is looked at here."""

AnyRow = Row[*tuple[Any, ...]]


class Repository:
    """One user's rows, over one connection. There is none without a user, and each statement is narrowed by `own`."""

    def __init__(self, connection: AsyncConnection, user_id: str) -> None:
        if not user_id:
            raise ValueError("a repository is made for a user")
        self._connection = connection
        self._user_id = user_id

    def own(self, table: Table) -> ColumnElement[bool]:
        """Return the condition that a row of this table is the user's."""
        return table.c.user_id == self._user_id

    async def account_exists(self) -> bool:
        """Tell whether the user's account is (still) there."""
        return await self._one(select(account.c.id).where(account.c.id == self._user_id)) is not None

    async def _all(self, statement: Executable) -> Sequence[AnyRow]:
        return (await self._connection.execute(statement)).all()

    async def _one(self, statement: Executable) -> AnyRow | None:
        return (await self._connection.execute(statement)).one_or_none()


async def check_account(repository: Repository) -> None:
    """Raise a 401 problem where the account is no more.

    To be called where nothing was found: a token outlives its account by minutes, but nothing of the account does. So
    what was found tells that the account is there, and only an empty answer needs to ask.
    """
    if not await repository.account_exists():
        raise unauthorized("The account is no more")
