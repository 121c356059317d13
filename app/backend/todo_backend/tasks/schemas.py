"""Tasks as the API takes and gives them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StrictBool, StringConstraints
from typing_extensions import TypedDict  # Pydantic takes typing's own from Python 3.12 on only

# Postgres keeps no NUL character in text.
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Description = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]


class NewTask(BaseModel):
    """A task to create."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Description = ""


class TaskChanges(TypedDict, total=False):
    """What to change of a task; what is absent stays."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]  # Pydantic's way to configure a TypedDict

    title: Title
    description: Description
    done: StrictBool


class Task(BaseModel):
    """A task; times are in UTC."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    description: str
    done: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime


class TaskPage(BaseModel):
    """Some of a user's tasks, newest first; `next_cursor` asks for those after them and is null on the last page."""

    items: list[Task]
    next_cursor: str | None
