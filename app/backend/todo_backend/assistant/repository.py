"""The SQL of the assistant."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from todo_backend.assistant.table import conversation, deletion_request, message, token_usage
from todo_backend.repository import AnyRow, Repository

MAX_CONVERSATIONS: Final = 50
"""Per user: beginning one more forgets the one that was continued longest ago."""
MAX_MESSAGES: Final = 200
"""Of one conversation that are shown."""
KEPT_MESSAGES: Final = 1000
"""Of one conversation: saying one more forgets the oldest."""


class AssistantRepository(Repository):
    """One user's conversations, token usage and deletions that wait for a click. Each method is one statement."""

    async def conversations(self) -> Sequence[AnyRow]:
        """Return the conversations, the one that was continued last first."""
        query = select(conversation).where(self.own(conversation)).order_by(conversation.c.updated_at.desc())
        return await self._all(query.limit(MAX_CONVERSATIONS))

    async def conversation(self, conversation_id: UUID) -> AnyRow | None:
        """Return a conversation."""
        return await self._one(select(conversation).where(self.own(conversation), conversation.c.id == conversation_id))

    async def begin(self, title: str) -> UUID:
        """Begin a conversation; raises sqlalchemy.exc.IntegrityError when the user is no more."""
        newest = select(conversation.c.id).where(self.own(conversation)).order_by(conversation.c.updated_at.desc())
        kept = newest.limit(MAX_CONVERSATIONS - 1)
        surplus = delete(conversation).where(self.own(conversation), conversation.c.id.not_in(kept)).cte("surplus")
        begun = insert(conversation).values(user_id=self._user_id, title=title).returning(conversation.c.id)
        begun_id: UUID = (await self._connection.execute(begun.add_cte(surplus))).scalar_one()
        return begun_id

    async def delete(self, conversation_id: UUID) -> bool:
        """Remove a conversation and what was said in it; tell whether there was one."""
        statement = delete(conversation).where(self.own(conversation), conversation.c.id == conversation_id)
        return (await self._connection.execute(statement)).rowcount == 1

    async def messages(self, conversation_id: UUID, limit: int = MAX_MESSAGES) -> Sequence[AnyRow]:
        """Return the newest messages of a conversation, oldest first."""
        mine = self.own(message), message.c.conversation_id == conversation_id
        newest = select(message).where(*mine).order_by(message.c.place.desc()).limit(limit)
        return list(reversed(await self._all(newest)))

    async def messages_after(self, conversation_id: UUID, place: int, limit: int) -> Sequence[AnyRow]:
        """Return at most `limit` messages of a conversation, oldest first, from behind a place; places are above 0."""
        mine = self.own(message), message.c.conversation_id == conversation_id, message.c.place > place
        return await self._all(select(message).where(*mine).order_by(message.c.place).limit(limit))

    async def say(
        self, conversation_id: UUID, role: str, text: str, changes: Sequence[Any] = (), *, stopped: bool = False
    ) -> None:
        """Add a message to a conversation of the user's, and forget its oldest; nothing where there is none."""
        mine = self.own(conversation), conversation.c.id == conversation_id
        continued = update(conversation).where(*mine).values(updated_at=func.now())
        where = continued.returning(conversation.c.user_id, conversation.c.id).cte("continued")
        said = {"role": role, "text": text, "changes": list(changes), "stopped": stopped}
        values = [literal(value, message.c[name].type) for name, value in said.items()]
        names = ["user_id", "conversation_id", *said]
        there = self.own(message), message.c.conversation_id == conversation_id
        newest = select(message.c.place).where(*there).order_by(message.c.place.desc())
        last_to_go = newest.offset(KEPT_MESSAGES - 1).limit(1).scalar_subquery()
        surplus = delete(message).where(*there, message.c.place <= last_to_go).cte("surplus")
        await self._connection.execute(insert(message).from_select(names, select(where, *values)).add_cte(surplus))

    async def used_tokens(self) -> int:
        """Return how many tokens the user's words have cost today (in UTC)."""
        query = select(token_usage.c.tokens).where(self.own(token_usage), token_usage.c.day == _today())
        return (await self._connection.execute(query)).scalar_one_or_none() or 0

    async def reserve_tokens(self, tokens: int, limit: int) -> bool:
        """Count so many tokens as used today, unless that is more than the limit; tell whether it was done.

        Raises sqlalchemy.exc.IntegrityError when the user is no more.
        """
        if tokens > limit:
            return False
        row = insert(token_usage).values(user_id=self._user_id, day=_today(), tokens=tokens)
        together = token_usage.c.tokens + row.excluded.tokens
        counted = row.on_conflict_do_update(
            index_elements=["user_id", "day"], set_={"tokens": together}, where=together <= limit
        )
        return await self._one(counted.returning(token_usage.c.tokens)) is not None

    async def correct_tokens(self, difference: int) -> None:
        """Change today's number, once it is known what was really used."""
        mine = self.own(token_usage), token_usage.c.day == _today()
        corrected = func.greatest(0, token_usage.c.tokens + difference)
        await self._connection.execute(update(token_usage).where(*mine).values(tokens=corrected))

    async def ask_deletion(
        self, token_hash: str, task_id: UUID, task_updated_at: datetime, lives: timedelta
    ) -> datetime:
        """Keep what a token will delete, forget what has expired, and return until when the token works."""
        expired = self.own(deletion_request), deletion_request.c.expires_at < func.now()
        forgotten = delete(deletion_request).where(*expired).cte("forgotten")
        asked = insert(deletion_request).values(
            user_id=self._user_id,
            token_hash=token_hash,
            task_id=task_id,
            task_updated_at=task_updated_at,
            expires_at=func.now() + lives,
        )
        statement = asked.returning(deletion_request.c.expires_at).add_cte(forgotten)
        expires_at: datetime = (await self._connection.execute(statement)).scalar_one()
        return expires_at

    async def take_deletion(self, token_hash: str) -> AnyRow | None:
        """Use a token up, and return what it deletes; None for one that never was, was used, or has expired."""
        mine = self.own(deletion_request), deletion_request.c.token_hash == token_hash
        alive = deletion_request.c.expires_at > func.now()
        return await self._one(delete(deletion_request).where(*mine, alive).returning(deletion_request))


def _today() -> Any:
    return datetime.now(UTC).date()
