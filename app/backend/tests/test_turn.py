"""Two questions at once in one conversation, as two devices ask them: whose answer is whose."""

import asyncio
from collections.abc import Iterator
from datetime import date
from uuid import UUID, uuid4

import psycopg
import pytest
from model_server import KEY, Say, Script, running_model
from pydantic import SecretStr

from todo_backend.assistant.model import Model, ModelSettings
from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import Changed, Conversation, NewMessage
from todo_backend.assistant.service import AssistantService, Question
from todo_backend.assistant.tools import Tools
from todo_backend.assistant.turn import Answering
from todo_backend.database import Database

TODAY, NOW = date(2026, 11, 24), "12:00"


@pytest.fixture
def model() -> Iterator[Script]:
    with running_model() as script:
        yield script


class Talk:
    """A user's conversation with an app of its own."""

    def __init__(self, database: str, user: str, model: Model | None = None) -> None:
        self._user = user
        self._database = Database(SecretStr(database), 3)
        self._answering = Answering(self._database, model)
        self.repository = AssistantRepository(self._database, user)
        self._service = AssistantService(self.repository)

    async def hear(self, text: str, conversation_id: UUID | None = None) -> Question:
        new = NewMessage(text=text, conversation_id=conversation_id, today=TODAY, time=NOW)
        return await self._service.hear(new, uuid4(), uuid4())

    async def answer(self, question: Question) -> list[str]:
        """Return the titles of the tasks that the answer changes."""
        tools = Tools(self._database, self._user, TODAY, NOW)
        events = self._answering.follow(self._answering.check(self._user), question, tools)
        return [event.task.title async for event in events if isinstance(event, Changed)]

    async def kept(self, question: Question) -> Conversation:
        return await self._service.conversation(question.conversation_id)

    async def close(self) -> None:
        await self._answering.close()
        await self._database.close()


def test_an_answer_is_to_its_own_question_whatever_was_said_since(database: str, user: str) -> None:
    async def talk() -> None:
        talk = Talk(database, user)
        milk = await talk.hear("add milk")
        bread = await talk.hear("add bread", milk.conversation_id)
        assert await talk.repository.unanswered() == 2
        assert await talk.answer(bread) == ["bread"]
        assert await talk.repository.unanswered() == 1
        assert await talk.answer(milk) == ["milk"]
        assert await talk.repository.unanswered() == 0
        said = (await talk.kept(milk)).messages
        assert [(one.role, one.answers) for one in said] == [
            ("user", None), ("user", None), ("assistant", bread.id), ("assistant", milk.id)
        ]  # fmt: skip
        assert [one.id for one in said[:2]] == [milk.id, bread.id]
        await talk.close()

    asyncio.run(talk())


def test_a_model_is_told_what_was_said_before_the_question_and_of_no_other_that_is_being_answered(
    database: str, user: str, model: Script
) -> None:
    async def talk() -> None:
        talk = Talk(database, user, Model(ModelSettings(KEY, model.url, "scripted", daily_tokens=100_000)))
        hello = await talk.hear("hello")
        await talk.answer(hello)
        milk = await talk.hear("add milk", hello.conversation_id)
        bread = await talk.hear("add bread", hello.conversation_id)
        await talk.answer(bread)
        await talk.answer(milk)
        await talk.close()

    model.turns = [Say("Hello."), Say("Added."), Say("Added.")]
    asyncio.run(talk())
    told = [[message["content"] for message in asked["messages"][1:]] for asked in model.asked]
    assert told == [["hello"], ["hello", "Hello.", "add bread"], ["hello", "Hello.", "add milk"]]


def test_an_answer_of_the_version_before_is_one_to_all_that_was_asked_before_it(database: str, user: str) -> None:
    async def talk() -> None:
        talk = Talk(database, user)
        milk = await talk.hear("add milk")
        await talk.hear("add bread", milk.conversation_id)
        await talk.answer(milk)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE message SET answers = NULL WHERE user_id = %s AND role = 'assistant'", [user])
        assert await talk.repository.unanswered() == 0
        await talk.close()

    asyncio.run(talk())
