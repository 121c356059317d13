"""An export, written as it is read, so that its size does not matter."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import ConversationSummary, Message
from todo_backend.assistant.service import AssistantService
from todo_backend.database import Database
from todo_backend.export.repository import AccountRepository
from todo_backend.export.schemas import Account
from todo_backend.problems import unauthorized
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.schemas import Sort, Task, TaskQuery
from todo_backend.tasks.service import position_of, tasks_of

BATCH: Final = 100
_BATCH_OF_TASKS: Final = TypeAdapter(list[Task])
_BATCH_OF_MESSAGES: Final = TypeAdapter(list[Message])


class ExportService:
    """One user's export. It holds a connection only while it reads, however slowly the client does."""

    def __init__(self, database: Database, user_id: str) -> None:
        self._database = database
        self._user_id = user_id

    async def account(self) -> Account:
        """Return who the user is; a 401 problem when the account is no more."""
        row = await AccountRepository(self._database, self._user_id).find()
        if row is None:
            raise unauthorized("The account is no more")
        return Account.model_validate(row)

    async def document(self, account: Account) -> AsyncIterator[bytes]:
        """Yield the document, an Export, in parts."""
        exported_at = datetime.now(UTC).isoformat()
        yield f'{{"format":"todo-export/1","exported_at":"{exported_at}","account":'.encode()
        yield account.model_dump_json().encode()
        yield b',"tasks":['
        separator = b""
        async for tasks in self._tasks():
            yield separator + _BATCH_OF_TASKS.dump_json(tasks)[1:-1]
            separator = b","
        yield b'],"conversations":['
        separator = b""
        for conversation in await self._conversations():
            yield separator + conversation.model_dump_json().encode()[:-1] + b',"messages":['
            separator = b""
            async for messages in self._messages(conversation.id):
                yield separator + _BATCH_OF_MESSAGES.dump_json(messages)[1:-1]
                separator = b","
            yield b"]}"
            separator = b","
        yield b"]}"

    async def _conversations(self) -> list[ConversationSummary]:
        return (await AssistantService(AssistantRepository(self._database, self._user_id)).conversations()).items

    async def _messages(self, conversation_id: UUID) -> AsyncIterator[list[Message]]:
        repository = AssistantRepository(self._database, self._user_id)
        place = 0
        while rows := await repository.messages_after(conversation_id, place, BATCH):
            yield [Message.model_validate(row) for row in rows]
            place = rows[-1].place

    async def _tasks(self) -> AsyncIterator[list[Task]]:
        repository = TaskRepository(self._database, self._user_id)
        oldest_first, after = TaskQuery(sort=Sort.OLDEST), None
        while rows := await repository.page(oldest_first, BATCH, after):
            yield tasks_of(rows)
            after = position_of(rows[-1])
