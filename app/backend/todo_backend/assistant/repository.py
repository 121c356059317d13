"""The SQL of the assistant."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Interval,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from todo_backend.assistant.table import conversation, deletion_request, message, token_usage
from todo_backend.database import AnyRow
from todo_backend.repository import USER, Repository, own
from todo_backend.statement import Statement
from todo_backend.tasks.repository import aside
from todo_backend.tasks.table import deleted_task, shown, task

MAX_CONVERSATIONS: Final = 50
"""Per user: beginning one more forgets the one that was continued longest ago."""
MAX_MESSAGES: Final = 200
"""Of one conversation that are shown."""
KEPT_MESSAGES: Final = 1000
"""Of one conversation: saying one more forgets the oldest."""
ANSWERED_WITHIN: Final = timedelta(minutes=1)
"""No answer takes longer (limits.py)."""


class AssistantRepository(Repository):
    """One user's conversations, token usage and deletions that wait for a click. Each method is one statement."""

    async def conversations(self) -> Sequence[AnyRow]:
        """Return the conversations, the one that was continued last first."""
        return await self._all(_CONVERSATIONS)

    async def conversation(self, conversation_id: UUID) -> AnyRow | None:
        """Return a conversation."""
        return await self._one(_CONVERSATION, conversation=conversation_id)

    async def begin(self, conversation_id: UUID, title: str) -> bool:
        """Begin a conversation, unless the id is taken, by whomever; tell whether it was done.

        Raises psycopg.errors.ForeignKeyViolation when the user is no more.
        """
        return bool(await self._all(_BEGIN, conversation=conversation_id, title=title))

    async def delete(self, conversation_id: UUID) -> bool:
        """Remove a conversation and what was said in it; tell whether there was one."""
        return bool(await self._all(_DELETE, conversation=conversation_id))

    async def messages(self, conversation_id: UUID, limit: int = MAX_MESSAGES) -> Sequence[AnyRow]:
        """Return the newest messages of a conversation, oldest first."""
        return list(reversed(await self._all(_MESSAGES, conversation=conversation_id, limit=limit)))

    async def messages_after(self, conversation_id: UUID, place: int, limit: int) -> Sequence[AnyRow]:
        """Return at most `limit` messages of a conversation, oldest first, from behind a place; places are above 0."""
        return await self._all(_MESSAGES_AFTER, conversation=conversation_id, place=place, limit=limit)

    async def messages_before(self, conversation_id: UUID, place: int, limit: int) -> Sequence[AnyRow]:
        """Return the newest messages before a place, oldest first, without questions that are still being answered."""
        rows = await self._all(_MESSAGES_BEFORE, conversation=conversation_id, place=place, limit=limit)
        return list(reversed(rows))

    async def ask(self, conversation_id: UUID, message_id: UUID, text: str) -> int | None:
        """Add a question to a conversation of the user's, forget its oldest message, and return the question's place.

        None where there is no such conversation, or the id is taken, by whomever.
        """
        said = {"role": "user", "text": text, "changes": Jsonb([]), "stopped": False, "answers": None}
        row = await self._one(_SAY, conversation=conversation_id, id=message_id, **said)
        return row.place if row else None

    async def answer(
        self, conversation_id: UUID, question_id: UUID, text: str, changes: Sequence[Any], *, stopped: bool
    ) -> None:
        """Add the answer to a question, and forget the conversation's oldest message; nothing where there is none."""
        said = {"role": "assistant", "text": text, "changes": Jsonb(changes), "stopped": stopped}
        await self._all(_SAY, conversation=conversation_id, id=uuid4(), answers=question_id, **said)

    async def unanswered(self) -> int:
        """Count the questions of the last minute that have no answer: those that some pod still answers.

        However an answer ends it is kept, and where its pod died, the minute is what frees the user.
        """
        [row] = await self._all(_UNANSWERED)
        count: int = row.unanswered
        return count

    async def used_tokens(self) -> int:
        """Return how many tokens the user's words have cost today (in UTC)."""
        row = await self._one(_USED_TOKENS, day=_today())
        return row.tokens if row else 0

    async def reserve_tokens(self, tokens: int, limit: int) -> date | None:
        """Count so many tokens as used today, and return the day; None, and nothing, where that is beyond the limit.

        Raises psycopg.errors.ForeignKeyViolation when the user is no more.
        """
        day = _today()
        if tokens > limit:
            return None
        return day if await self._all(_RESERVE_TOKENS, day=day, tokens=tokens, limit=limit) else None

    async def correct_tokens(self, day: date, difference: int) -> None:
        """Change the number of a day, once it is known what was really used."""
        await self._all(_CORRECT_TOKENS, day=day, difference=difference)

    async def ask_deletion(
        self, token_hash: str, task_id: UUID, task_updated_at: datetime, lives: timedelta
    ) -> datetime:
        """Keep what a token will delete, forget what has expired, and return until when the token works."""
        given = {"token_hash": token_hash, "task_id": task_id, "task_updated_at": task_updated_at}
        [row] = await self._all(_ASK_DELETION, lives=lives, **given)
        expires_at: datetime = row.expires_at
        return expires_at

    async def delete_confirmed(self, token_hash: str) -> AnyRow | None:
        """Use a token up and delete its task, both or neither; None for one that never was, was used, or has expired.

        Returns the task as it was. Its columns are None where it is not as it was asked about: then `is_there` tells
        whether it changed.
        """
        return await self._one(_DELETE_CONFIRMED, token_hash=token_hash)


def _today() -> date:
    return datetime.now(UTC).date()


_ID: Final = bindparam("conversation", type_=Uuid)
_PLACE: Final = bindparam("place", type_=BigInteger)
_LIMIT: Final = bindparam("limit", type_=Integer)
_OF_DAY: Final = own(token_usage), token_usage.c.day == bindparam("day", type_=Date)
_THIS: Final = own(conversation), conversation.c.id == _ID
_SAID_THERE: Final = own(message), message.c.conversation_id == _ID
_TOKEN_HASH: Final = bindparam("token_hash", type_=Text)


def _begin() -> Statement:
    newest = select(conversation.c.id).where(own(conversation)).order_by(conversation.c.updated_at.desc())
    kept = newest.limit(MAX_CONVERSATIONS - 1)
    surplus = delete(conversation).where(own(conversation), conversation.c.id.not_in(kept)).cte("surplus")
    begun = insert(conversation).values(id=_ID, user_id=USER, title=bindparam("title", type_=Text))
    unless_taken = begun.on_conflict_do_nothing(index_elements=["id"])
    return Statement(unless_taken.returning(conversation.c.id).add_cte(surplus))


def _say() -> Statement:
    continued = update(conversation).where(*_THIS).values(updated_at=func.now())
    where = continued.returning(conversation.c.user_id, conversation.c.id).cte("continued")
    said = {"id": Uuid, "role": Text, "text": Text, "changes": JSONB, "stopped": Boolean, "answers": Uuid}
    values: list[Any] = [bindparam(name, type_=kind) for name, kind in said.items()]
    newest = select(message.c.place).where(*_SAID_THERE).order_by(message.c.place.desc())
    last_to_go = newest.offset(KEPT_MESSAGES - 1).limit(1).scalar_subquery()
    surplus = delete(message).where(*_SAID_THERE, message.c.place <= last_to_go).cte("surplus")
    names = ["user_id", "conversation_id", *said]
    added = insert(message).from_select(names, select(where, *values)).on_conflict_do_nothing(index_elements=["id"])
    return Statement(added.returning(message.c.place).add_cte(surplus))


def _is_unanswered() -> ColumnElement[bool]:
    answer = message.alias()
    follows = answer.c.conversation_id == message.c.conversation_id, answer.c.place > message.c.place
    # The version before, which may run beside this one, does not say what it answers.
    this = or_(answer.c.answers == message.c.id, answer.c.answers.is_(None))
    answered = exists().where(own(answer), *follows, answer.c.role == "assistant", this)
    return and_(message.c.role == "user", message.c.created_at > func.now() - ANSWERED_WITHIN, not_(answered))


def _unanswered() -> Statement:
    continued = conversation.c.updated_at > func.now() - ANSWERED_WITHIN
    of_late = select(conversation.c.id).where(own(conversation), continued)
    where = own(message), _is_unanswered(), message.c.conversation_id.in_(of_late)
    return Statement(select(func.count().label("unanswered")).select_from(message).where(*where))


def _reserve_tokens() -> Statement:
    tokens = bindparam("tokens", type_=BigInteger)
    row = insert(token_usage).values(user_id=USER, day=bindparam("day", type_=Date), tokens=tokens)
    together = token_usage.c.tokens + row.excluded.tokens
    counted = row.on_conflict_do_update(
        index_elements=["user_id", "day"],
        set_={"tokens": together},
        where=together <= bindparam("limit", type_=BigInteger),
    )
    return Statement(counted.returning(token_usage.c.tokens))


def _ask_deletion() -> Statement:
    expired = own(deletion_request), deletion_request.c.expires_at < func.now()
    forgotten = delete(deletion_request).where(*expired).cte("forgotten")
    asked = insert(deletion_request).values(
        user_id=USER,
        token_hash=_TOKEN_HASH,
        task_id=bindparam("task_id", type_=Uuid),
        task_updated_at=bindparam("task_updated_at", type_=DateTime(timezone=True)),
        expires_at=func.now() + bindparam("lives", type_=Interval),
    )
    return Statement(asked.returning(deletion_request.c.expires_at).add_cte(forgotten))


def _delete_confirmed() -> Statement:
    this = own(deletion_request), deletion_request.c.token_hash == _TOKEN_HASH
    works = deletion_request.c.expires_at > func.now()
    taken = delete(deletion_request).where(*this, works).returning(deletion_request).cte("taken")
    unchanged = task.c.id == taken.c.task_id, task.c.updated_at == taken.c.task_updated_at
    deleted = aside(*unchanged).returning(*shown(deleted_task)).cte("deleted")
    is_there = exists().where(own(task), task.c.id == taken.c.task_id).label("is_there")
    return Statement(select(*deleted.c, is_there).select_from(taken.outerjoin(deleted, true())))


_CONVERSATIONS: Final = Statement(
    select(conversation).where(own(conversation)).order_by(conversation.c.updated_at.desc()).limit(MAX_CONVERSATIONS)
)
_CONVERSATION: Final = Statement(select(conversation).where(*_THIS))
_BEGIN: Final = _begin()
_DELETE: Final = Statement(delete(conversation).where(*_THIS).returning(conversation.c.id))
_MESSAGES: Final = Statement(select(message).where(*_SAID_THERE).order_by(message.c.place.desc()).limit(_LIMIT))
_MESSAGES_AFTER: Final = Statement(
    select(message).where(*_SAID_THERE, message.c.place > _PLACE).order_by(message.c.place).limit(_LIMIT)
)
_MESSAGES_BEFORE: Final = Statement(
    select(message)
    .where(*_SAID_THERE, message.c.place < _PLACE, not_(_is_unanswered()))
    .order_by(message.c.place.desc())
    .limit(_LIMIT)
)
_SAY: Final = _say()
_UNANSWERED: Final = _unanswered()
_USED_TOKENS: Final = Statement(select(token_usage.c.tokens).where(*_OF_DAY))
_RESERVE_TOKENS: Final = _reserve_tokens()
_CORRECT_TOKENS: Final = Statement(
    update(token_usage)
    .where(*_OF_DAY)
    .values(tokens=func.greatest(0, token_usage.c.tokens + bindparam("difference", type_=BigInteger)))
)
_ASK_DELETION: Final = _ask_deletion()
_DELETE_CONFIRMED: Final = _delete_confirmed()
