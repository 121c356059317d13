"""What is kept for a day, and forgotten then, whether its user comes back or not."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

import psycopg
from sqlalchemy import delete, func

from todo_backend.database import Database, NoneFree
from todo_backend.statement import Statement
from todo_backend.tasks.table import creation, deleted_task

REMEMBERED: Final = timedelta(days=1)
"""How long a deleted task can be restored, and a creation be asked for again by its key."""
FORGET_EVERY_SECONDS: Final = 3600

_OLD: Final = [
    Statement(delete(table).where(since < func.now() - REMEMBERED))
    for table, since in ((deleted_task, deleted_task.c.deleted_at), (creation, creation.c.created_at))
]
_log = logging.getLogger("todo_backend.tasks")


async def forget(database: Database) -> None:
    """Forget what is older, of every user's tasks: the only statements on them that are not one user's."""
    for statement in _OLD:
        await statement.run(database)


async def forget_every_hour(database: Database) -> None:
    """Do so from now on. A database that is away is asked again an hour later."""
    while True:
        try:
            await forget(database)
        except (psycopg.Error, NoneFree) as error:
            _log.warning("what is old was not forgotten: %s", type(error).__name__)
        await asyncio.sleep(FORGET_EVERY_SECONDS)
