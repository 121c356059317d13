"""`/api/tasks`; the table of calls is in docs/design.md."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request

from todo_backend.auth import CurrentUser
from todo_backend.database import Database
from todo_backend.problems import described
from todo_backend.tasks import cursor as cursors
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.schemas import NewTask, Task, TaskChanges, TaskPage
from todo_backend.tasks.service import TaskService

router = APIRouter(prefix="/api/tasks", tags=["tasks"], responses=described(401, 413, 422, 500, 503))


async def _service(request: Request, user: CurrentUser) -> AsyncIterator[TaskService]:
    database: Database = request.app.state.database
    async with database.connection() as connection:
        yield TaskService(TaskRepository(connection, user))


# The scope gives the connection back before the answer is sent, however slowly the client reads.
Service = Annotated[TaskService, Depends(_service, scope="function")]
Limit = Annotated[int, Query(ge=1, le=50)]
Cursor = Annotated[str | None, Query(pattern=cursors.PATTERN, description="`next_cursor` of the page before")]


@router.get("")
async def list_tasks(service: Service, limit: Limit = 50, cursor: Cursor = None) -> TaskPage:
    """List the user's tasks, newest first."""
    return await service.page(limit, cursor)


@router.post("", status_code=201)
async def create_task(service: Service, new: NewTask) -> Task:
    """Add a task."""
    return await service.create(new)


@router.get("/{task_id}", responses=described(404))
async def read_task(service: Service, task_id: UUID) -> Task:
    """Read a task."""
    return await service.read(task_id)


@router.patch("/{task_id}", responses=described(404))
async def update_task(service: Service, task_id: UUID, changes: Annotated[TaskChanges, Body()]) -> Task:
    """Change a task; what is left out stays."""
    return await service.update(task_id, changes)


@router.post("/{task_id}/toggle", responses=described(404))
async def toggle_task(service: Service, task_id: UUID) -> Task:
    """Tick a task, or untick it."""
    return await service.toggle(task_id)


@router.delete("/{task_id}", status_code=204, responses=described(404))
async def delete_task(service: Service, task_id: UUID) -> None:
    """Remove a task."""
    await service.delete(task_id)
