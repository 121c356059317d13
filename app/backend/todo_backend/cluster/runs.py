"""The one load run of the cluster, in the database: a row that whoever begins a run takes, and that time frees."""

from datetime import timedelta
from typing import Final

from psycopg.types.json import Jsonb
from sqlalchemy import Column, DateTime, Interval, SmallInteger, Table, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from todo_backend.cluster.load import REPORT_SECONDS, REQUEST_SECONDS
from todo_backend.database import AnyRow, Database
from todo_backend.statement import Statement, metadata

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

LAST_ANSWERS: Final = timedelta(seconds=REQUEST_SECONDS + 2 * REPORT_SECONDS)
"""How long a run whose pod died may have requests in flight after its end; every other one says when it has none."""


class LoadRuns:
    """The run belongs to the cluster and not to a user: everyone sees it, and only who began it can end it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self) -> AnyRow | None:
        """Return the run that is going or was the last, with `running`."""
        rows = await _LAST.run(self._database)
        return rows[0] if rows else None

    async def begin(self, user_id: str, pod: str, length: timedelta) -> AnyRow | None:
        """Begin a run and return it; None while one is going, or still waits for its last answers.

        Raises psycopg.errors.ForeignKeyViolation when the user is no more.
        """
        rows = await _BEGIN.run(self._database, user=user_id, pod=pod, length=length, answered=Jsonb({}))
        return rows[0] if rows else None

    async def report(self, run: AnyRow, answered: dict[str, int]) -> bool:
        """Write down how many requests each pod has answered; tell whether the run still goes on."""
        rows = await _REPORT.run(self._database, started_at=run.started_at, answered=Jsonb(answered))
        return bool(rows) and rows[0].running

    async def free(self, run: AnyRow) -> None:
        """Make room for the next run: this one has no request in flight any more."""
        await _FREE.run(self._database, started_at=run.started_at)

    async def end(self, user_id: str) -> bool:
        """End the run that this user began; tell whether there was one going."""
        return bool(await _END.run(self._database, user=user_id))


_USER: Final = bindparam("user", type_=Text)
_ANSWERED: Final = bindparam("answered", type_=JSONB)
_running: Final = (load_run.c.ends_at > func.now()).label("running")
_same: Final = load_run.c.started_at == bindparam("started_at", type_=DateTime(timezone=True))


def _begin() -> Statement:
    given = {
        "user_id": _USER,
        "pod": bindparam("pod", type_=Text),
        "started_at": func.now(),
        "ends_at": func.now() + bindparam("length", type_=Interval),
        "answered": _ANSWERED,
    }
    only_one = insert(load_run).values(id=1, **given)
    is_over = load_run.c.ends_at <= func.now() - LAST_ANSWERS
    taken = only_one.on_conflict_do_update(index_elements=["id"], set_=given, where=is_over)
    return Statement(taken.returning(load_run, _running))


_LAST: Final = Statement(select(load_run, _running))
_BEGIN: Final = _begin()
_REPORT: Final = Statement(update(load_run).where(_same).values(answered=_ANSWERED).returning(_running))
_FREE: Final = Statement(
    update(load_run).where(_same).values(ends_at=func.least(load_run.c.ends_at, func.now() - LAST_ANSWERS))
)
_END: Final = Statement(
    update(load_run)
    .where(load_run.c.user_id == _USER, _running.element)
    .values(ends_at=func.now())
    .returning(load_run.c.id)
)
