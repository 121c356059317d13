"""Statements: written with SQLAlchemy's expressions over the modules' tables, and run by psycopg."""

from typing import Any, Final

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import ClauseElement

from todo_backend.database import AnyRow, Database, Transaction

metadata = MetaData()
"""The tables. Migrations, not this, make them."""


class Statement:
    """A statement whose SQL is made once, since that takes longer than to run it; each `bindparam` is given later."""

    _dialect: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call]

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=self._dialect)
        self._sql = compiled.string
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    async def run(self, database: Database | Transaction, **parameters: Any) -> list[AnyRow]:
        """Run it with a value for each of its parameters, and return its rows; raises as `Database.run` does."""
        return await database.run(self._sql, {**self._constants, **parameters})
