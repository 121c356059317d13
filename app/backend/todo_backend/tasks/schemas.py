"""Tasks as the API takes and gives them.

A due date is the user's own: a date, perhaps with a time of day, in no zone. What is due today, and what is overdue,
therefore depends on where the user is, and whoever asks for those says what day and time it is there.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic import StringConstraints as Text
from typing_extensions import TypedDict  # Pydantic takes typing's own from Python 3.12 on only

from todo_backend.tasks import cursor as cursors

MAX_TAGS: Final = 10

# Postgres keeps no NUL character in text. A title has something beside white space, here as code points one by one,
# because each language means something else by \s; it is the white space that is stripped, so that this says it all.
_SPACE: Final = r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_TITLE: Final = rf"^[^\x00]*[^\x00{_SPACE}][^\x00]*$"
Title = Annotated[str, Text(strip_whitespace=True, min_length=1, max_length=200, pattern=_TITLE)]
Description = Annotated[str, Text(max_length=1000, pattern=r"^[^\x00]*$")]
# No control, space, `#` or comma.
_TAG: Final = r"^[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff#,]{1,30}$"
Tag = Annotated[
    str,
    Text(pattern=_TAG),
    AfterValidator(str.lower),
    Field(description="Without `#`; kept in lower case"),
]
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _iso(value: Any) -> Any:
    """Refuse what Pydantic also takes for a date, such as a number of seconds."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        return value
    raise ValueError("must be a date as in 2026-02-28")


LocalDate = Annotated[date, BeforeValidator(_iso)]
LocalTime = Annotated[str, Text(pattern=_TIME), Field(description="Hours and minutes, 24 hours", examples=["18:00"])]


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_distinct)]


class Priority(StrEnum):
    """How urgent a task is."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Due(BaseModel):
    """When a task is due, where its user is; without a time, by the end of that day."""

    model_config = ConfigDict(extra="forbid")

    date: LocalDate
    time: LocalTime | None


class NewTask(BaseModel):
    """A task to create."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Description = ""
    priority: Priority = Priority.NONE
    tags: Tags = []
    due: Due | None = None


class TaskChanges(TypedDict, total=False):
    """What to change of a task; what is absent stays. A `due` of null takes the due date away."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]  # Pydantic's way to configure a TypedDict

    title: Title
    description: Description
    done: StrictBool
    priority: Priority
    tags: Tags
    due: Due | None


class Task(BaseModel):
    """A task; its own times are in UTC, `due` is where the user is."""

    id: UUID
    title: str
    description: str
    done: bool
    priority: Priority
    tags: list[str]
    due: Due | None
    sample: Annotated[bool, Field(description="Whether it is one of the samples of a first visit")]
    version: Annotated[str, Field(description="Changes with the task; in quotes, it is its ETag")]
    created_at: AwareDatetime
    updated_at: AwareDatetime


class TaskPage(BaseModel):
    """Some of a user's tasks; `next_cursor` asks for those after them and is null on the last page."""

    items: list[Task]
    next_cursor: str | None


class View(StrEnum):
    """Which tasks: `open` and `done`, or of the open ones those due at some time."""

    ALL = "all"
    OPEN = "open"
    DONE = "done"
    TODAY = "today"
    UPCOMING = "upcoming"
    OVERDUE = "overdue"


class Sort(StrEnum):
    """What a list is sorted by; `-` turns it round. Ties are newest first, and tasks without due date always last."""

    NEWEST = "-created"
    OLDEST = "created"
    DUE = "due"
    DUE_LAST = "-due"
    TITLE = "title"
    TITLE_LAST = "-title"
    PRIORITY = "priority"
    PRIORITY_HIGHEST = "-priority"
    CHANGED = "-updated"


class Clock(BaseModel):
    """What day and time it is where the user is."""

    today: LocalDate
    time: LocalTime = "00:00"


class TaskQuery(BaseModel):
    """Which of the user's tasks, in which order, and how many at once."""

    view: Annotated[View, Field(description="`today`, `upcoming` and `overdue` need the parameter `today`")] = View.ALL
    today: Annotated[LocalDate | None, Field(description="The date where the user is")] = None
    time: Annotated[LocalTime, Field(description="The time of day there, which `overdue` looks at")] = "00:00"
    tag: Tag | None = None
    priority: Priority | None = None
    q: Annotated[
        str | None,
        Text(min_length=1, max_length=100, pattern=r"^[^\x00]*$"),
        Field(description="Words that title or description have, all of them, in any case"),
    ] = None
    sort: Sort = Sort.NEWEST
    limit: Annotated[int, Field(ge=1, le=50)] = 50
    cursor: Annotated[
        str | None,
        Text(pattern=cursors.PATTERN),
        Field(description="`next_cursor` of the page before, with the same parameters"),
    ] = None


class Counts(BaseModel):
    """How many tasks each view has."""

    model_config = ConfigDict(from_attributes=True)

    all: int
    open: int
    done: int
    today: int
    upcoming: int
    overdue: int


class TagCount(BaseModel):
    """A tag, and how many tasks have it."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    open: int
    all: int


class TagList(BaseModel):
    """The user's tags, by name."""

    items: list[TagCount]


class SampleRequest(BaseModel):
    """Where the samples' due dates start."""

    model_config = ConfigDict(extra="forbid")

    today: LocalDate


class SamplesMade(BaseModel):
    """How many samples were made: none where they were made before, or the user has tasks."""

    created: int


class SamplesRemoved(BaseModel):
    """The samples that were removed; each may be restored as any deleted task."""

    ids: list[UUID]
