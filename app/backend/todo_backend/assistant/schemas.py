"""Conversations, and the events that an answer consists of."""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic import StringConstraints as Text
from typing_extensions import TypeAliasType

from todo_backend.tasks.schemas import LocalDate, LocalTime, Task

MAX_MESSAGE: Final = 2000


class Author(StrEnum):
    """Who answers: a language model, or where there is no key for one, rules for plain English."""

    MODEL = "model"
    RULES = "rules"


class Assistant(BaseModel):
    """Who answers, and how much a model may still spend on this user's words today (in UTC)."""

    by: Author
    daily_tokens: Annotated[int | None, Field(description="The limit; null where there is none, as rules cost nothing")]
    used_tokens: int


class NewMessage(BaseModel):
    """What the user says, and what day and time it is where the user is."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str, Text(min_length=1, max_length=MAX_MESSAGE, pattern=r"^[^\x00]*$"), Field(description="Plain words")
    ]
    conversation_id: Annotated[UUID | None, Field(description="Null begins a new conversation")] = None
    today: LocalDate
    time: LocalTime


class Action(StrEnum):
    """What was done to a task."""

    ADDED = "added"
    COMPLETED = "completed"
    REOPENED = "reopened"
    UPDATED = "updated"


class _Event(BaseModel):
    # Which event it is, is always there: so it is to be required where clients are made from this.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Started(_Event):
    """The first event."""

    type: Literal["started"] = "started"
    conversation_id: UUID
    by: Author


class Said(_Event):
    """Some more of what the assistant says."""

    type: Literal["text"] = "text"
    text: str


class Changed(_Event):
    """A change that was made. To undo: delete what was added, or put back what `before` has, if it still is `task`."""

    type: Literal["changed"] = "changed"
    action: Action
    task: Task
    before: Task | None


class Found(_Event):
    """Tasks that were looked up."""

    type: Literal["found"] = "found"
    tasks: list[Task]


class DeletionAsked(_Event):
    """A deletion that is made once the user confirms it: the token goes to `POST /api/assistant/confirm`."""

    type: Literal["confirm_delete"] = "confirm_delete"
    token: str
    task: Task
    expires_at: AwareDatetime


class Reason(StrEnum):
    """Why there is no (or no whole) answer."""

    KEY_REFUSED = "key_refused"
    QUOTA = "quota"
    DAILY_LIMIT = "daily_limit"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    FAILED = "failed"


class Failed(_Event):
    """There is no more to the answer; `detail` says why, to be shown as it is."""

    type: Literal["error"] = "error"
    reason: Reason
    detail: str


class Ended(_Event):
    """The last event, be it after an answer or an error."""

    type: Literal["done"] = "done"


AssistantEvent = TypeAliasType(
    "AssistantEvent",
    Annotated[Started | Said | Changed | Found | DeletionAsked | Failed | Ended, Field(discriminator="type")],
)
"""The `data` of an event. By its name it is in the API's document, so that a client's types have it too."""


class Confirmation(BaseModel):
    """A user's click on a deletion that the assistant asked for."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Text(pattern="^[A-Za-z0-9_-]{43}$"), Field(description="From `confirm_delete`; works once")]


class ConversationSummary(BaseModel):
    """A conversation; its title is how it began."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ConversationList(BaseModel):
    """The user's conversations, the one that was continued last first."""

    items: list[ConversationSummary]


class MadeChange(BaseModel):
    """A change that an answer made, as it was called then; it is undone as `Changed` is."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    action: Action
    task_id: UUID
    title: str
    task: Annotated[Task | None, Field(description="As the change made it; null where an older version kept it")] = None
    before: Task | None = None


class Message(BaseModel):
    """Something that was said."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    role: Literal["user", "assistant"]
    text: str
    changes: list[MadeChange]
    stopped: Annotated[bool, Field(description="Whether the answer was broken off")]
    answers: Annotated[
        UUID | None, Field(description="The message that this is the answer to; null where an older version kept it")
    ]
    created_at: AwareDatetime


class Conversation(ConversationSummary):
    """A conversation with what was said in it, the newest 200 messages, oldest first."""

    messages: list[Message]
