"""What every repository is: the SQL of one user's rows, and the one place where that user comes in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, Table
from sqlalchemy.ext.asyncio import AsyncConnection

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

    async def _all(self, statement: Executable) -> Sequence[AnyRow]:
        return (await self._connection.execute(statement)).all()

    async def _one(self, statement: Executable) -> AnyRow | None:
        return (await self._connection.execute(statement)).one_or_none()
