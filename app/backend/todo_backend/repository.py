"""What every repository is: the SQL of one user's rows, and the one place where that user comes in."""

from typing import Any, Final

from sqlalchemy import Column, ColumnElement, DateTime, FromClause, Table, Text, bindparam, select

from todo_backend.database import AnyRow, Database, Transaction
from todo_backend.problems import unauthorized
from todo_backend.statement import Statement, metadata

account = Table(
    "user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("createdAt", DateTime(timezone=True), key="created_at", nullable=False),
)
"""Better Auth's table, as far as it is looked at here."""

USER: Final = bindparam("user", type_=Text)
"""The parameter that each statement of a repository's has: whose rows it is about."""


def own(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row of this table is the user's."""
    return table.c.user_id == USER


_ACCOUNT: Final = Statement(select(account.c.id).where(account.c.id == USER))


class Repository:
    """One user's rows. There is none without a user, and each statement is narrowed by `own` and given that user."""

    def __init__(self, database: Database | Transaction, user_id: str) -> None:
        if not user_id:
            raise ValueError("a repository is made for a user")
        self._database = database
        self._user_id = user_id

    async def account_exists(self) -> bool:
        """Tell whether the user's account is (still) there."""
        return await self._one(_ACCOUNT) is not None

    async def _all(self, statement: Statement, **parameters: Any) -> list[AnyRow]:
        return await statement.run(self._database, user=self._user_id, **parameters)

    async def _one(self, statement: Statement, **parameters: Any) -> AnyRow | None:
        rows = await self._all(statement, **parameters)
        return rows[0] if rows else None


async def check_account(repository: Repository) -> None:
    """Raise a 401 problem where the account is no more.

    To be called where nothing was found: a token outlives its account by minutes, but nothing of the account does. So
    what was found tells that the account is there, and only an empty answer needs to ask.
    """
    if not await repository.account_exists():
        raise unauthorized("The account is no more")
