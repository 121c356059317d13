"""The SQL of tasks. A repository is made for one user and reaches no other user's rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from todo_backend.tasks.cursor import Position
from todo_backend.tasks.schemas import TaskChanges
from todo_backend.tasks.table import task

TaskRow = Row[*tuple[Any, ...]]
_COLUMNS = (task.c.id, task.c.title, task.c.description, task.c.done, task.c.created_at, task.c.updated_at)


class TaskRepository:
    """One user's tasks. Each method is one statement; those about one task give None where the user has none such."""

    def __init__(self, connection: AsyncConnection, user_id: str) -> None:
        self._connection = connection
        self._user_id = user_id
        self._own = task.c.user_id == user_id

    async def page(self, limit: int, after: Position | None) -> Sequence[TaskRow]:
        """Return at most `limit` tasks, newest first, from behind the position `after`."""
        query = select(*_COLUMNS).where(self._own).order_by(task.c.created_at.desc(), task.c.id).limit(limit)
        if after:
            query = query.where(
                # The first condition is implied by the second; it is the one that the index can start from.
                and_(
                    task.c.created_at <= after.created_at,
                    or_(task.c.created_at < after.created_at, task.c.id > after.id),
                )
            )
        return (await self._connection.execute(query)).all()

    async def create(self, title: str, description: str) -> TaskRow:
        """Add a task; raises sqlalchemy.exc.IntegrityError when the user is no more."""
        statement = insert(task).values(user_id=self._user_id, title=title, description=description)
        return (await self._connection.execute(statement.returning(*_COLUMNS))).one()

    async def find(self, task_id: UUID) -> TaskRow | None:
        """Return a task."""
        query = select(*_COLUMNS).where(self._own, task.c.id == task_id)
        return (await self._connection.execute(query)).one_or_none()

    async def update(self, task_id: UUID, changes: TaskChanges) -> TaskRow | None:
        """Change a task, and return it as it is then."""
        return await self._set(task_id, dict(changes))

    async def toggle(self, task_id: UUID) -> TaskRow | None:
        """Turn a task that is done into one that is not, or the reverse; two at once cancel out."""
        return await self._set(task_id, {"done": not_(task.c.done)})

    async def delete(self, task_id: UUID) -> bool:
        """Remove a task; tell whether there was one."""
        statement = delete(task).where(self._own, task.c.id == task_id)
        return (await self._connection.execute(statement)).rowcount == 1

    async def _set(self, task_id: UUID, values: dict[str, Any]) -> TaskRow | None:
        statement = update(task).where(self._own, task.c.id == task_id).values(**values, updated_at=func.now())
        return (await self._connection.execute(statement.returning(*_COLUMNS))).one_or_none()
