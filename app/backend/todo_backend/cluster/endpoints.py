"""`/api/cluster`: 404 for all of it where the page is off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from todo_backend.auth import CurrentUser
from todo_backend.cluster.schemas import Cluster, Load, LoadRequest
from todo_backend.cluster.service import ClusterService
from todo_backend.problems import Problem, described

router = APIRouter(prefix="/api/cluster", tags=["cluster"], responses=described(401, 404, 500, 503))


async def _service(request: Request, _: CurrentUser) -> ClusterService:
    service: ClusterService | None = request.app.state.cluster
    if service is None:
        raise Problem(404, "The Cluster page is off here")
    return service


Service = Annotated[ClusterService, Depends(_service)]


@router.get("")
async def read_cluster(service: Service, user: CurrentUser) -> Cluster:
    """Show the pods, rollouts and autoscalers of the app's namespace, and the load run."""
    return await service.look(user)


@router.post("/load", status_code=202, responses=described(409, 413, 422))
async def begin_load(request: Request, service: Service, user: CurrentUser, wanted: LoadRequest) -> Load:
    """Make load for at most a minute, with the caller's own tasks; one run in the cluster at a time."""
    token = request.headers["authorization"].partition(" ")[2].strip()
    return await service.begin(user, token, wanted.seconds)


@router.delete("/load", status_code=204)
async def end_load(service: Service, user: CurrentUser) -> None:
    """End the caller's load run, within a second or two."""
    await service.end(user)
