"""What an assistant can do: five tools, each for one user's tasks, each with a name and arguments for a model.

None deletes. `delete_task` asks: the user gets a token that works once, and a click sends it back.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, ValidationError

from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import Action, AssistantEvent, Changed, DeletionAsked, Found
from todo_backend.database import Database
from todo_backend.problems import Problem
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.schemas import (
    Due,
    LocalDate,
    LocalTime,
    NewTask,
    Priority,
    Sort,
    Tag,
    Task,
    TaskChanges,
    TaskQuery,
    View,
)
from todo_backend.tasks.service import TaskService

DELETION_LIVES: Final = timedelta(minutes=10)
MAX_FOUND: Final = 20


class Tools:
    """The five tools for one user, who is somewhere where it is this day and time.

    Each raises a Problem for a task that is not there.
    """

    def __init__(self, database: Database, user_id: str, today: LocalDate, time: LocalTime) -> None:
        self._making: set[asyncio.Task[Changed]] = set()
        self._tasks = TaskService(TaskRepository(database, user_id))
        self._assistant = AssistantRepository(database, user_id)
        self.today = today
        self.time = time

    async def add(self, new: NewTask) -> Changed:
        """Add a task."""
        return await self._to_its_end(self._add(new))

    async def find(self, view: View, tag: str | None = None, words: str = "", today: LocalDate | None = None) -> Found:
        """Look tasks up, those that are due first on top; a `today` makes the view that of another day."""
        query = TaskQuery(
            view=view,
            today=today or self.today,
            time=self.time,
            tag=tag,
            q=words[:100] or None,
            sort=Sort.DUE,
            limit=MAX_FOUND,
        )
        return Found(tasks=(await self._tasks.page(query)).items)

    async def complete(self, task_id: UUID, *, done: bool) -> Changed:
        """Tick a task, or untick it."""
        action = Action.COMPLETED if done else Action.REOPENED
        return await self._to_its_end(self._update(task_id, {"done": done}, action))

    async def update(self, task_id: UUID, changes: TaskChanges, due_time: LocalTime | None = None) -> Changed:
        """Change a task; what `before` says is what the change was made to.

        A `due_time` is one for the day on which the task is due by now; a 422 problem where it is due on none.
        """
        return await self._to_its_end(self._update(task_id, changes, Action.UPDATED, due_time))

    async def ask_to_delete(self, task_id: UUID) -> DeletionAsked:
        """Ask the user whether to delete a task."""
        token = secrets.token_urlsafe(32)
        task = await self._tasks.read(task_id)
        expires = await self._assistant.ask_deletion(token_hash(token), task.id, task.updated_at, DELETION_LIVES)
        return DeletionAsked(token=token, task=task, expires_at=expires)

    async def unheard(self) -> list[Changed]:
        """Return the changes whose caller was stopped before they were made, as soon as they are."""
        made = await asyncio.gather(*self._making, return_exceptions=True)
        return [change for change in made if isinstance(change, Changed)]

    async def _to_its_end(self, change: Coroutine[Any, Any, Changed]) -> Changed:
        """Make a change to its end, be the caller stopped or not: half-way it may be made and known to nobody."""
        task = asyncio.create_task(change)
        self._making.add(task)
        try:
            changed = await asyncio.shield(task)
        except Exception:
            self._making.remove(task)
            raise
        self._making.remove(task)
        return changed

    async def _add(self, new: NewTask) -> Changed:
        return Changed(action=Action.ADDED, task=await self._tasks.create(new, None), before=None)

    async def _update(
        self, task_id: UUID, changes: TaskChanges, action: Action, due_time: LocalTime | None = None
    ) -> Changed:
        before = await self._tasks.read(task_id)
        if due_time is not None:
            if before.due is None:
                raise Problem(422, f"{_TIME_ALONE}, which this task has not: give both, or ask for the day")
            changes = {**changes, "due": Due(date=before.due.date, time=due_time)}
        task = await self._tasks.update(task_id, changes, f'"{before.version}"')
        return Changed(action=action, task=task, before=before)


def token_hash(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


_changes: Final = TypeAdapter(TaskChanges)
_TIME_ALONE: Final = "A due_time needs a due_date"


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _DueArguments(_Arguments):
    due_date: Annotated[LocalDate | None, Field(description="YYYY-MM-DD")] = None
    due_time: Annotated[LocalTime | None, Field(description="HH:MM on the due_date, given or there already")] = None

    def due(self) -> Due | None:
        return Due(date=self.due_date, time=self.due_time) if self.due_date else None


class AddTask(_DueArguments):
    """Add a task."""

    title: str
    description: str = ""
    priority: Priority = Priority.NONE
    tags: list[Tag] = []


class ListTasks(_Arguments):
    """Look up at most 20 of the user's tasks, those due first on top."""

    view: View = View.OPEN
    tag: Tag | None = None
    words: Annotated[str, Field(description="Words that title or description must have")] = ""


class CompleteTask(_Arguments):
    """Mark a task as done, or with done=false as not done."""

    id: UUID
    done: StrictBool = True


class UpdateTask(_DueArguments):
    """Change a task; what is left out stays. clear_due takes the due date away."""

    id: UUID
    title: str | None = None
    description: str | None = None
    priority: Priority | None = None
    tags: Annotated[list[Tag] | None, Field(description="All of its tags from now on")] = None
    clear_due: StrictBool = False


class DeleteTask(_Arguments):
    """Ask the user whether to delete a task. It is only deleted if the user then clicks on a button."""

    id: UUID


class ModelTools:
    """The tools as a model calls them: by name, with arguments as JSON that may be anything."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._table: dict[str, tuple[type[_Arguments], Callable[[Any], Awaitable[AssistantEvent]]]] = {
            "add_task": (AddTask, self._add),
            "list_tasks": (ListTasks, lambda given: tools.find(given.view, given.tag, given.words)),
            "complete_task": (CompleteTask, lambda given: tools.complete(given.id, done=given.done)),
            "update_task": (UpdateTask, self._update),
            "delete_task": (DeleteTask, lambda given: tools.ask_to_delete(given.id)),
        }

    def described(self) -> list[dict[str, Any]]:
        """Describe the tools as the chat completions API wants them."""
        return [
            {
                "type": "function",
                "function": {"name": name, "description": kind.__doc__, "parameters": kind.model_json_schema()},
            }
            for name, (kind, _) in self._table.items()
        ]

    async def call(self, name: str, arguments: str) -> tuple[AssistantEvent | None, str]:
        """Call a tool: the event that it makes, if it does, and what to tell the model."""
        if name not in self._table:
            return None, f"There is no tool {name!r}"
        kind, run = self._table[name]
        try:
            event = await run(kind.model_validate_json(arguments or "{}"))
        except ValidationError as error:
            wrong = (f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
            return None, f"Not done, the arguments do not fit: {'; '.join(wrong)}"
        except Problem as problem:
            return None, f"Not done: {problem.detail}"
        return event, _told(event)

    async def _add(self, given: AddTask) -> AssistantEvent:
        if given.due_time and not given.due_date:
            raise Problem(422, _TIME_ALONE)
        new = NewTask(
            title=given.title,
            description=given.description,
            priority=given.priority,
            tags=given.tags,
            due=given.due(),
        )
        return await self._tools.add(new)

    async def _update(self, given: UpdateTask) -> AssistantEvent:
        named = ("title", "description", "priority", "tags")
        changes: dict[str, Any] = {name: value for name in named if (value := getattr(given, name)) is not None}
        if given.clear_due and (given.due_date or given.due_time):
            raise Problem(422, "With clear_due there is no due_date or due_time")
        if given.clear_due or given.due_date:
            changes["due"] = given.due()
        time_alone = None if given.due_date else given.due_time
        if not changes and not time_alone:
            raise Problem(422, "There is nothing to change")
        return await self._tools.update(given.id, _changes.validate_python(changes), time_alone)


def _told(event: AssistantEvent) -> str:
    match event:
        case Changed():
            return f"Done, {event.action}: {_shown(event.task)}"
        case Found():
            return "[" + ",\n".join(_shown(task) for task in event.tasks) + "]"
        case DeletionAsked():
            return "Not deleted yet. The user was shown a button to confirm; do not ask again."
        case _:
            return event.model_dump_json()


def _shown(task: Task) -> str:
    return task.model_dump_json(include={"id", "title", "description", "done", "priority", "tags", "due"})
