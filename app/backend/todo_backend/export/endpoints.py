"""`/api/export`."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from todo_backend.auth import CurrentUser
from todo_backend.export.schemas import Export
from todo_backend.export.service import ExportService
from todo_backend.problems import described

router = APIRouter(prefix="/api", tags=["export"], responses=described(401, 500, 503))

_FILE: Final = {"Content-Disposition": 'attachment; filename="todo-export.json"'}
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"model": Export, "description": "The document, to be saved"}}


@router.get("/export", response_model=None, response_class=StreamingResponse, responses=_ANSWER)
async def export(request: Request, user: CurrentUser) -> StreamingResponse:
    """Give all that the user has here as one JSON document."""
    service = ExportService(request.app.state.database, user)
    account = await service.account()
    return StreamingResponse(service.document(account), media_type="application/json", headers=_FILE)
