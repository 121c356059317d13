"""`/api/tasks` and what is counted over tasks; the table of calls is in docs/contract.md."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response

from todo_backend.auth import CurrentUser
from todo_backend.problems import described
from todo_backend.tasks import schemas
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.schemas import NewTask, Task, TaskChanges, TaskPage, TaskQuery
from todo_backend.tasks.service import TaskService

router = APIRouter(prefix="/api", tags=["tasks"], responses=described(401, 413, 422, 500, 503))


async def _service(request: Request, user: CurrentUser) -> TaskService:
    return TaskService(TaskRepository(request.app.state.database, user))


Service = Annotated[TaskService, Depends(_service)]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The task's `version` in quotes: change it only if it still is that one"),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,64}$",
        description="A call that is repeated with its key makes nothing twice",
    ),
]

_ETAG: Final[dict[str, Any]] = {
    "headers": {
        "ETag": {"description": "The task's `version` in quotes", "required": True, "schema": {"type": "string"}}
    }
}


def _with_etag(response: Response, task: Task) -> Task:
    response.headers["ETag"] = f'"{task.version}"'
    return task


@router.get("/tasks", response_model=TaskPage)
async def list_tasks(service: Service, query: Annotated[TaskQuery, Query()]) -> Response:
    """List tasks, newest first unless asked otherwise."""
    return Response(await service.page_json(query), media_type="application/json")


@router.post("/tasks", status_code=201, responses={201: _ETAG, **described(409)})
async def create_task(
    service: Service, response: Response, new: NewTask, idempotency_key: IdempotencyKey = None
) -> Task:
    """Add a task."""
    return _with_etag(response, await service.create(new, idempotency_key))


@router.get("/tasks/{task_id}", responses={200: _ETAG, **described(404)})
async def read_task(service: Service, response: Response, task_id: UUID) -> Task:
    """Read a task."""
    return _with_etag(response, await service.read(task_id))


@router.patch("/tasks/{task_id}", responses={200: _ETAG, **described(404, 412)})
async def update_task(
    service: Service,
    response: Response,
    task_id: UUID,
    changes: Annotated[TaskChanges, Body()],
    if_match: IfMatch = None,
) -> Task:
    """Change a task; what is left out stays."""
    return _with_etag(response, await service.update(task_id, changes, if_match))


@router.post("/tasks/{task_id}/toggle", responses={200: _ETAG, **described(404, 412)})
async def toggle_task(service: Service, response: Response, task_id: UUID, if_match: IfMatch = None) -> Task:
    """Tick a task, or untick it."""
    return _with_etag(response, await service.toggle(task_id, if_match))


@router.delete("/tasks/{task_id}", status_code=204, responses=described(404, 412))
async def delete_task(service: Service, task_id: UUID, if_match: IfMatch = None) -> None:
    """Remove a task; for a day it can be restored."""
    await service.delete(task_id, if_match)


@router.post("/tasks/{task_id}/restore", responses={200: _ETAG, **described(404)})
async def restore_task(service: Service, response: Response, task_id: UUID) -> Task:
    """Bring back a removed task as it was; one that is there stays as it is."""
    return _with_etag(response, await service.restore(task_id))


@router.get("/counts")
async def count_tasks(service: Service, clock: Annotated[schemas.Clock, Query()]) -> schemas.Counts:
    """Count the tasks of each view."""
    return await service.counts(clock)


@router.get("/tags")
async def list_tags(service: Service) -> schemas.TagList:
    """List the tags that tasks have."""
    return await service.tags()


@router.post("/samples")
async def add_samples(service: Service, wanted: schemas.SampleRequest) -> schemas.SamplesMade:
    """Add a few sample tasks: once in an account's life, and only where it has no task."""
    return await service.add_samples(wanted)


@router.delete("/samples")
async def remove_samples(service: Service) -> schemas.SamplesRemoved:
    """Remove what is left of the samples."""
    return await service.delete_samples()
