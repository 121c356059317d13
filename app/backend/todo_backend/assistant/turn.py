"""One answer: it is made by a task of its own, so that it is kept however it ends, and followed by whoever listens."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from todo_backend.assistant import simple
from todo_backend.assistant.model import Model
from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import (
    AssistantEvent,
    Author,
    Changed,
    Ended,
    Failed,
    MadeChange,
    Reason,
    Said,
    Started,
)
from todo_backend.assistant.service import AT_ONCE, Question, still_answering
from todo_backend.assistant.tools import Tools
from todo_backend.database import Database

ANSWER_SECONDS: Final = 55
"""Less than the stream may take (limits.py), so that there is time to say that it was too much."""
REMEMBERED_MESSAGES: Final = 20
"""Of a conversation, that the model is told."""

_log = logging.getLogger("todo_backend.assistant")


@dataclass(eq=False)
class Slot:
    """One of the answers that a user gets at the same time: taken before the stream begins."""

    user_id: str
    answer: asyncio.Task[None] | None = None
    free: bool = False


class Answering:
    """The answers that are being made in this process; made by a model, or without one by rules."""

    def __init__(self, database: Database, model: Model | None) -> None:
        self._database = database
        self._running: set[asyncio.Task[None]] = set()
        self._by_user: Counter[str] = Counter()
        self.model = model

    @property
    def by(self) -> Author:
        """Who answers."""
        return Author.MODEL if self.model else Author.RULES

    def check(self, user_id: str) -> Slot:
        """Take one of the user's slots; a 429 problem for a user who is being answered too often already.

        Other pods' answers count too, by what the database has (`AssistantService.hear`). A user can have no more
        requests than this wait for a connection there.
        """
        if self._by_user[user_id] >= AT_ONCE:
            raise still_answering()
        self._by_user[user_id] += 1
        return Slot(user_id)

    def give_back(self, slot: Slot) -> None:
        """Free a slot; one that an answer has is free once that ended."""
        if slot.answer and not slot.answer.done():
            return
        if not slot.free:
            slot.free = True
            self._by_user[slot.user_id] -= 1
            if not self._by_user[slot.user_id]:
                del self._by_user[slot.user_id]

    async def follow(self, slot: Slot, question: Question, tools: Tools) -> AsyncIterator[AssistantEvent]:
        """Answer the question, and yield the events; who stops listening stops the answer."""
        events: asyncio.Queue[AssistantEvent | None] = asyncio.Queue()
        turn = _Turn(AssistantRepository(self._database, slot.user_id), question, tools, events)
        slot.answer = task = asyncio.create_task(turn.run(self.model))
        self._running.add(task)
        task.add_done_callback(lambda task: self._ended(slot, task))
        try:
            yield Started(conversation_id=question.conversation_id, by=self.by)
            while event := await events.get():
                yield event
        finally:
            turn.stop()

    def _ended(self, slot: Slot, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.give_back(slot)

    async def close(self) -> None:
        """Wait for the answers that are still being kept, and close the model's connections."""
        await asyncio.gather(*self._running, return_exceptions=True)
        if self.model:
            await self.model.close()


class _Turn:
    """One answer, put into a queue whose end is None, and into the database when it ends, be it before its end."""

    def __init__(
        self,
        repository: AssistantRepository,
        question: Question,
        tools: Tools,
        events: asyncio.Queue[AssistantEvent | None],
    ) -> None:
        self._repository = repository
        self._question = question
        self._tools = tools
        self._events = events
        self._text = ""
        self._changes: list[MadeChange] = []
        self._answering: asyncio.Task[None] | None = None
        self._stopped = False

    async def run(self, model: Model | None) -> None:
        """Answer, and keep what was said and done: that part of it nothing stops."""
        if not self._stopped:
            self._answering = asyncio.create_task(self._try(model))
            await asyncio.wait([self._answering])
        for change in await self._tools.unheard():
            self._put(change)
        await self._keep()
        self._events.put_nowait(Ended())
        self._events.put_nowait(None)

    def stop(self) -> None:
        """Answer no further; nothing where the answer has ended."""
        if self._answering is None or self._answering.cancel():
            self._stopped = True

    async def _try(self, model: Model | None) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._answer(model)
        except TimeoutError:
            self._put(Failed(reason=Reason.TOO_SLOW, detail=f"I gave up after {ANSWER_SECONDS} seconds."))
        except Exception:  # noqa: BLE001 - a stream that has begun has no status left to say so with
            _log.exception("an answer failed")
            self._put(Failed(reason=Reason.FAILED, detail="Something went wrong on the server."))

    async def _keep(self) -> None:
        changes = [change.model_dump(mode="json") for change in self._changes]
        said = self._text.strip()
        asked = self._question
        try:
            await self._repository.answer(asked.conversation_id, asked.id, said, changes, stopped=self._stopped)
        except Exception:  # noqa: BLE001 - the listener has the answer all the same
            _log.exception("an answer was not kept")

    async def _answer(self, model: Model | None) -> None:
        asked = self._question
        if model:
            limit = REMEMBERED_MESSAGES - 1
            before = await self._repository.messages_before(asked.conversation_id, asked.place, limit)
            history = [(row.role, row.text) for row in before if row.text]
            answer = model.answer([*history, ("user", asked.text)], self._tools, self._repository)
        else:
            answer = simple.answer(asked.text, self._tools)
        async for event in answer:
            self._put(event)

    def _put(self, event: AssistantEvent) -> None:
        match event:
            case Said():
                self._text += event.text
            case Changed():
                task = event.task
                change = MadeChange(
                    action=event.action, task_id=task.id, title=task.title, task=task, before=event.before
                )
                self._changes.append(change)
            case Failed():
                self._text += f"\n{event.detail}"
            case _:
                pass
        self._events.put_nowait(event)
