"""The least that a FastAPI endpoint can do for the same answers: the same token check, the same SQL, plain psycopg.

No layers, no problem documents, no limits, no log lines, no figures, no spans. It runs in the backend's image, beside
the backend's own package, from which it takes the token check alone.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import Depends, FastAPI, Header
from psycopg.rows import dict_row
from pydantic import BaseModel
from todo_backend.auth import TokenVerifier

COLUMNS = "id, title, description, done, created_at, updated_at, priority, tags, due_date, due_time, sample"
LIST = f"SELECT {COLUMNS} FROM task WHERE user_id = %s ORDER BY created_at DESC, id LIMIT 51"
CREATE = f"INSERT INTO task (user_id, title, description) VALUES (%s, %s, '') RETURNING {COLUMNS}"
TOGGLE = (
    "UPDATE task SET done = NOT done, updated_at = greatest(now(), updated_at + interval '1 microsecond')"
    f" WHERE user_id = %s AND id = %s RETURNING {COLUMNS}"
)
CONNECTIONS = 4

verifier = TokenVerifier(os.environ["BETTER_AUTH_SECRET"])
connections: asyncio.Queue[psycopg.AsyncConnection[dict[str, Any]]] = asyncio.Queue()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Hold as many connections as the backend does for requests."""
    for _number in range(CONNECTIONS):
        url = os.environ["DATABASE_URL"]
        connections.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row))
    yield


app = FastAPI(lifespan=lifespan)


class Task(BaseModel):
    """A row, as it is."""

    id: UUID
    title: str
    description: str
    done: bool
    created_at: datetime
    updated_at: datetime
    priority: int
    tags: list[str]
    due_date: date | None
    due_time: time | None
    sample: bool


class NewTask(BaseModel):
    """What to create."""

    title: str


async def user(authorization: Annotated[str, Header()]) -> str:
    """Return who asks."""
    return verifier.subject(authorization.removeprefix("Bearer "))


User = Annotated[str, Depends(user)]


async def rows(statement: str, *parameters: object) -> list[dict[str, Any]]:
    """Run one statement."""
    connection = await connections.get()
    try:
        return await (await connection.execute(statement, parameters)).fetchall()
    finally:
        connections.put_nowait(connection)


@app.get("/health")
async def health() -> str:
    """Say that it serves."""
    return "alive"


@app.get("/api/tasks")
async def page(user: User) -> list[Task]:
    """Return the newest fifty."""
    return (await rows(LIST, user))[:50]  # type: ignore[return-value]  # FastAPI makes them tasks


@app.post("/api/tasks", status_code=201)
async def create(user: User, new: NewTask) -> Task:
    """Add a task."""
    return (await rows(CREATE, user, new.title))[0]  # type: ignore[return-value]


@app.post("/api/tasks/{task_id}/toggle")
async def toggle(user: User, task_id: UUID) -> Task:
    """Tick a task, or untick it."""
    return (await rows(TOGGLE, user, task_id))[0]  # type: ignore[return-value]
