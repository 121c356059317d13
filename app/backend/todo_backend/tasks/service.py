"""What the API does with tasks, apart from HTTP's and SQL's shapes."""

from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from sqlalchemy.exc import IntegrityError

from todo_backend.problems import Problem, unauthorized
from todo_backend.tasks import cursor as cursors
from todo_backend.tasks.cursor import Position
from todo_backend.tasks.repository import TaskRepository, TaskRow
from todo_backend.tasks.schemas import NewTask, Task, TaskChanges, TaskPage


class TaskService:
    """One user's tasks. What is not there and what is another's are the same 404 problem."""

    def __init__(self, repository: TaskRepository) -> None:
        self._repository = repository

    async def page(self, limit: int, cursor: str | None) -> TaskPage:
        """Return a page of at most `limit` tasks, newest first; a 422 problem where the cursor is none of ours."""
        rows = await self._repository.page(limit + 1, _position(cursor))
        items = [Task.model_validate(row) for row in rows[:limit]]
        more = len(rows) > limit
        return TaskPage(
            items=items, next_cursor=cursors.encode(Position(items[-1].created_at, items[-1].id)) if more else None
        )

    async def create(self, new: NewTask) -> Task:
        """Add a task; a 401 problem where the account was deleted after its token was minted."""
        try:
            return Task.model_validate(await self._repository.create(new.title, new.description))
        except IntegrityError as error:
            if not isinstance(error.orig, ForeignKeyViolation):
                raise
            raise unauthorized("The account is no more") from error

    async def read(self, task_id: UUID) -> Task:
        """Return a task."""
        return _found(await self._repository.find(task_id))

    async def update(self, task_id: UUID, changes: TaskChanges) -> Task:
        """Change what `changes` holds; without any change the task stays as it is, its time of update too."""
        if not changes:
            return await self.read(task_id)
        return _found(await self._repository.update(task_id, changes))

    async def toggle(self, task_id: UUID) -> Task:
        """Tick a task, or untick it."""
        return _found(await self._repository.toggle(task_id))

    async def delete(self, task_id: UUID) -> None:
        """Remove a task."""
        if not await self._repository.delete(task_id):
            raise _not_found()


def _position(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        return cursors.decode(cursor)
    except ValueError as error:
        problem = {"in": "query", "parameter": "cursor", "detail": "Not a cursor that this API gave"}
        raise Problem(422, "The input does not fit", errors=[problem]) from error


def _found(row: TaskRow | None) -> Task:
    if row is None:
        raise _not_found()
    return Task.model_validate(row)


def _not_found() -> Problem:
    return Problem(404, "There is no such task")
