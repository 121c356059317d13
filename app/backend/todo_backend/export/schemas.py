"""The export's document."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from todo_backend.assistant.schemas import Conversation
from todo_backend.tasks.schemas import Task


class Account(BaseModel):
    """Who the user is; neither password nor sessions are part of an export."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    email: str
    created_at: AwareDatetime


class Export(BaseModel):
    """All of a user's data. `format` changes when the meaning of a member does."""

    format: Literal["todo-export/1"]
    exported_at: AwareDatetime
    account: Account
    tasks: list[Task]
    conversations: list[Conversation]
