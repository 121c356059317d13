"""`/api/assistant` and `/api/conversations`; the table of calls is in docs/contract.md."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse

from todo_backend.assistant import schemas
from todo_backend.assistant.repository import AssistantRepository
from todo_backend.assistant.schemas import AssistantEvent, Confirmation, Conversation, ConversationList, NewMessage
from todo_backend.assistant.service import AssistantService, Question
from todo_backend.assistant.tools import Tools
from todo_backend.assistant.turn import Answering, Slot
from todo_backend.auth import CurrentUser
from todo_backend.database import Database
from todo_backend.problems import described
from todo_backend.tasks.schemas import Task

router = APIRouter(prefix="/api", tags=["assistant"], responses=described(401, 500, 503))


async def _service(request: Request, user: CurrentUser) -> AssistantService:
    return AssistantService(AssistantRepository(request.app.state.database, user))


Service = Annotated[AssistantService, Depends(_service)]


async def _answering(request: Request) -> Answering:
    answering: Answering = request.app.state.answering
    return answering


async def _slot(user: CurrentUser, answering: Annotated[Answering, Depends(_answering)]) -> AsyncIterator[Slot]:
    slot = answering.check(user)
    try:
        yield slot
    finally:
        # Here for a stream that never began.
        answering.give_back(slot)


TakenSlot = Annotated[Slot, Depends(_slot, scope="request")]


ConversationName = Annotated[
    UUID,
    Header(
        alias="Conversation-ID",
        default_factory=uuid4,
        description="Chosen by who asks: a message without `conversation_id` goes on with this one, or else begins it",
    ),
]


MessageName = Annotated[
    UUID,
    Header(
        alias="Message-ID",
        default_factory=uuid4,
        description="Chosen by who asks, the message's id: its answer has it as `answers`",
    ),
]


async def _heard(
    request: Request,
    slot: TakenSlot,
    new: NewMessage,
    named: ConversationName,
    message_id: MessageName,
) -> Question:
    # In a dependency, because an endpoint that streams has answered 200 before it begins.
    database: Database = request.app.state.database
    async with database.alone(f"assistant/{slot.user_id}") as transaction:
        return await AssistantService(AssistantRepository(transaction, slot.user_id)).hear(new, named, message_id)


@router.get("/assistant")
async def read_assistant(service: Service, answering: Annotated[Answering, Depends(_answering)]) -> schemas.Assistant:
    """Tell who answers, and what may still be asked today."""
    limit = answering.model.settings.daily_tokens if answering.model else None
    return schemas.Assistant(by=answering.by, daily_tokens=limit, used_tokens=await service.used_tokens())


@router.post("/assistant/messages", response_class=EventSourceResponse, responses=described(404, 409, 413, 422, 429))
async def converse(
    request: Request,
    new: NewMessage,
    slot: TakenSlot,
    answering: Annotated[Answering, Depends(_answering)],
    question: Annotated[Question, Depends(_heard)],
) -> AsyncIterable[AssistantEvent]:
    """Say something; the answer comes as server-sent events. Close the connection to stop it: what was done stays."""
    tools = Tools(request.app.state.database, slot.user_id, new.today, new.time)
    async for event in answering.follow(slot, question, tools):
        yield event


@router.post("/assistant/confirm", responses=described(404, 412, 413, 422))
async def confirm_deletion(service: Service, confirmation: Confirmation) -> Task:
    """Delete the task that the assistant asked about; a token works once. It can be restored as any deleted task."""
    return await service.confirm(confirmation.token)


@router.get("/conversations")
async def list_conversations(service: Service) -> ConversationList:
    """List the newest 50 conversations; older ones are forgotten."""
    return await service.conversations()


@router.get("/conversations/{conversation_id}", responses=described(404, 422))
async def read_conversation(service: Service, conversation_id: UUID) -> Conversation:
    """Read a conversation."""
    return await service.conversation(conversation_id)


@router.delete("/conversations/{conversation_id}", status_code=204, responses=described(404, 422))
async def delete_conversation(service: Service, conversation_id: UUID) -> None:
    """Remove a conversation; the tasks that it made stay."""
    await service.delete(conversation_id)
