"""Conversations, and the deletions that a user confirms."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import (
    Conversation,
    ConversationList,
    ConversationSummary,
    Message,
    NewMessage,
)
from todo_backend.assistant.tools import token_hash
from todo_backend.problems import Problem
from todo_backend.repository import check_account
from todo_backend.tasks.schemas import Task
from todo_backend.tasks.service import account_exists, changed_since, no_such_task, task_of

AT_ONCE: Final = 2
"""Answers for one user at the same time."""
TITLE_LENGTH: Final = 80


def still_answering() -> Problem:
    """Return what a user hears who is being answered too often already."""
    return Problem(429, "An answer is still being written", headers={"Retry-After": "5"})


@dataclass(frozen=True)
class Question:
    """What the user said, as it is kept: `place` is where in its conversation."""

    id: UUID
    conversation_id: UUID
    place: int
    text: str


class AssistantService:
    """One user's conversations. What is not there and what is another's are the same 404 problem."""

    def __init__(self, repository: AssistantRepository) -> None:
        self._repository = repository

    async def used_tokens(self) -> int:
        """Return how many tokens the user's words have cost today."""
        await check_account(self._repository)
        return await self._repository.used_tokens()

    async def hear(self, new: NewMessage, named: UUID, message_id: UUID) -> Question:
        """Keep what the user says, in the conversation that the message names, or else in the one named like this.

        That one is begun where it is not there. A 404 problem where the message's conversation is not there or the name
        is another's, 401 where the account was deleted, 409 for a message that was heard already, 429 for a user who is
        being answered too often already, by whichever pods. To be called in a transaction of `Database.alone`: no two
        questions of a user may be heard at the same moment, and what is refused leaves nothing behind.
        """
        if await self._repository.unanswered() >= AT_ONCE:
            raise still_answering()
        conversation_id = new.conversation_id or named
        is_there = await self._repository.conversation(conversation_id) is not None
        if not is_there and new.conversation_id is None:
            with account_exists():
                is_there = await self._repository.begin(conversation_id, " ".join(new.text.split())[:TITLE_LENGTH])
        if not is_there:
            raise await self._no_conversation()
        place = await self._repository.ask(conversation_id, message_id, new.text)
        if place is None:
            raise Problem(409, "This message was heard already")
        return Question(message_id, conversation_id, place, new.text)

    async def conversations(self) -> ConversationList:
        """Return the user's conversations."""
        rows = await self._repository.conversations()
        if not rows:
            await check_account(self._repository)
        return ConversationList(items=[ConversationSummary.model_validate(row) for row in rows])

    async def conversation(self, conversation_id: UUID) -> Conversation:
        """Return a conversation with its messages."""
        row = await self._repository.conversation(conversation_id)
        if row is None:
            raise await self._no_conversation()
        messages = await self._repository.messages(conversation_id)
        summary = ConversationSummary.model_validate(row)
        return Conversation(**summary.model_dump(), messages=[Message.model_validate(message) for message in messages])

    async def delete(self, conversation_id: UUID) -> None:
        """Remove a conversation."""
        if not await self._repository.delete(conversation_id):
            raise await self._no_conversation()

    async def confirm(self, token: str) -> Task:
        """Delete what the token was issued for, and return it as it was.

        A 404 problem for a token that never was, was used or has expired, or a task that is gone; 412 for a task that
        changed since the question. Either way the token is used up; by a failure of the database it is not.
        """
        asked = await self._repository.delete_confirmed(token_hash(token))
        if asked is None:
            await check_account(self._repository)
            raise Problem(404, "This confirmation was used already, or has expired")
        if asked.id is None:
            raise changed_since() if asked.is_there else no_such_task()
        return task_of(asked)

    async def _no_conversation(self) -> Problem:
        await check_account(self._repository)
        return Problem(404, "There is no such conversation")
