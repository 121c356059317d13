"""An export, written as it is read, so that its size does not matter."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from pydantic import TypeAdapter

from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import Conversation, Message
from todo_backend.assistant.service import AssistantService
from todo_backend.database import Database
from todo_backend.export.repository import AccountRepository
from todo_backend.export.schemas import Account
from todo_backend.problems import unauthorized
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.schemas import Sort, Task, TaskQuery
from todo_backend.tasks.service import position_of, task_of

BATCH: Final = 500
_BATCH_OF_TASKS: Final = TypeAdapter(list[Task])


class ExportService:
    """One user's export. It holds a connection only while it reads, however slowly the client does."""

    def __init__(self, database: Database, user_id: str) -> None:
        self._database = database
        self._user_id = user_id

    async def account(self) -> Account:
        """Return who the user is; a 401 problem when the account is no more."""
        async with self._database.connection() as connection:
            row = await AccountRepository(connection, self._user_id).find()
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
        async for conversation in self._conversations():
            yield separator + conversation.model_dump_json().encode()
            separator = b","
        yield b"]}"

    async def _conversations(self) -> AsyncIterator[Conversation]:
        async with self._database.connection() as connection:
            listed = await AssistantService(AssistantRepository(connection, self._user_id)).conversations()
        for each in listed.items:
            async with self._database.connection() as connection:
                messages = await AssistantRepository(connection, self._user_id).messages(each.id, limit=None)
            said = [Message.model_validate(message) for message in messages]
            yield Conversation(**each.model_dump(), messages=said)

    async def _tasks(self) -> AsyncIterator[list[Task]]:
        oldest_first, after = TaskQuery(sort=Sort.OLDEST), None
        while True:
            async with self._database.connection() as connection:
                rows = await TaskRepository(connection, self._user_id).page(oldest_first, BATCH, after)
            if not rows:
                return
            yield [task_of(row) for row in rows]
            after = position_of(rows[-1])
