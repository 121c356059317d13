"""The one load run of the cluster, in the database: a row that whoever begins a run takes, and that time frees."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Column, DateTime, SmallInteger, Table, Text, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from todo_backend.database import metadata
from todo_backend.repository import AnyRow

load_run = Table(
    "load_run",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("pod", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("answered", JSONB, nullable=False),
)
_ONLY: Final = 1
_running = (load_run.c.ends_at > func.now()).label("running")


class LoadRuns:
    """The run belongs to the cluster and not to a user: everyone sees it, and only who began it can end it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def last(self) -> AnyRow | None:
        """Return the run that is going or was the last, with `running`."""
        return (await self._connection.execute(select(load_run, _running))).one_or_none()

    async def begin(self, user_id: str, pod: str, length: timedelta) -> AnyRow | None:
        """Begin a run and return it; None while one is going.

        Raises sqlalchemy.exc.IntegrityError when the user is no more.
        """
        given = {"user_id": user_id, "pod": pod, "started_at": func.now(), "ends_at": func.now() + length}
        row = insert(load_run).values(id=_ONLY, answered={}, **given)
        taken = row.on_conflict_do_update(
            index_elements=["id"], set_={**given, "answered": {}}, where=load_run.c.ends_at <= func.now()
        )
        run: AnyRow | None = (await self._connection.execute(taken.returning(load_run, _running))).one_or_none()
        return run

    async def report(self, run: AnyRow, answered: dict[str, int]) -> bool:
        """Write down how many requests each pod has answered; tell whether the run still goes on."""
        same = load_run.c.started_at == run.started_at
        told = update(load_run).where(same).values(answered=answered).returning(_running)
        return bool((await self._connection.execute(told)).scalar_one_or_none())

    async def free(self, run: AnyRow) -> None:
        """End this run, if it still goes on."""
        same = load_run.c.started_at == run.started_at, load_run.c.ends_at > func.now()
        await self._connection.execute(update(load_run).where(*same).values(ends_at=func.now()))

    async def end(self, user_id: str) -> bool:
        """End the run that this user began; tell whether there was one going."""
        mine = load_run.c.user_id == user_id, load_run.c.ends_at > func.now()
        return (await self._connection.execute(update(load_run).where(*mine).values(ends_at=func.now()))).rowcount == 1
