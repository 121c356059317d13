"""Probes: `/health` says that the process serves, `/ready` that it can do its work."""

import asyncio
import logging
import time
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from psycopg.errors import UndefinedTable

from todo_backend import schema
from todo_backend.database import Database, NoneFree
from todo_backend.problems import unavailable
from todo_backend.schema import SchemaState

PROBE_SECONDS: Final = 2.0
REMEMBERED_SECONDS: Final = 1.0

router = APIRouter(include_in_schema=False)
_log = logging.getLogger("todo_backend.ready")


class Readiness:
    """Whether the database is reachable with a schema at this image's head or beyond.

    Asked often, it asks the database once a second, over a connection of its own. A failure is never kept longer than
    that, so it recovers by itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._obstacle: str | None = "not asked yet"

    async def obstacle(self) -> str | None:
        """Return what stands in the way, or None when ready."""
        async with self._asking:
            if time.monotonic() - self._asked_at > REMEMBERED_SECONDS:
                before, self._obstacle = self._obstacle, await self._ask()
                self._asked_at = time.monotonic()
                if self._obstacle != before:
                    _log.log(
                        logging.WARNING if self._obstacle else logging.INFO,
                        "not ready: %s" if self._obstacle else "ready%s",
                        self._obstacle or "",
                    )
            return self._obstacle

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                rows = await self._database.probe("SELECT version_num FROM alembic_version")
            revision = rows[0].version_num if rows else None
        except UndefinedTable:
            revision = None
        except psycopg.ProgrammingError:
            return "the database refuses to tell its schema's revision"
        except (psycopg.Error, NoneFree, TimeoutError):
            return "the database is not reachable"
        if schema.compare(revision) is SchemaState.BEHIND:
            return f"the schema is at {revision or 'no revision'}, and {schema.HEAD} is needed"
        return None


@router.get("/health")
async def health() -> dict[str, str]:
    """Answer whenever the process serves; a database that is gone is no reason to restart it."""
    return {"status": "alive"}


@router.get("/ready")
async def ready(request: Request) -> dict[str, str]:
    """Answer 200 when requests can be served, else a 503 problem that says why not."""
    readiness: Readiness = request.app.state.readiness
    if obstacle := await readiness.obstacle():
        raise unavailable(f"Not ready: {obstacle}")
    return {"status": "ready"}
