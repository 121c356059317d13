"""What the Cluster page shows."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Pod(BaseModel):
    """A pod of the app."""

    name: str
    component: Annotated[str, Field(description="Such as `todo-backend`")]
    status: Annotated[str, Field(description="The phase, why a container waits, or `Terminating`")]
    ready: bool
    restarts: int
    version: Annotated[str, Field(description="Its image's tag")]
    node: str | None
    created_at: AwareDatetime


class Workload(BaseModel):
    """A Deployment, and how far its rollout is."""

    name: str
    version: Annotated[str, Field(description="The tag of the image that its pods are to have")]
    wanted: int
    updated: int
    ready: int


class Autoscaler(BaseModel):
    """A HorizontalPodAutoscaler; percentages are of the CPU that the pods request, null before the first figures."""

    name: str
    minimum: int
    maximum: int
    current: int
    wanted: int
    target_percent: int | None
    current_percent: int | None


class Load(BaseModel):
    """The load run that is going, or the last one."""

    running: bool
    mine: Annotated[bool, Field(description="Whether the one who asks began it")]
    started_at: AwareDatetime
    ends_at: AwareDatetime
    answered: Annotated[dict[str, int], Field(description="Requests that were answered, by pod")]


class Cluster(BaseModel):
    """The app's namespace at this moment."""

    namespace: str
    served_by: Annotated[str, Field(description="The pod that gives this answer")]
    pods: list[Pod]
    workloads: list[Workload]
    autoscalers: list[Autoscaler]
    load: Load | None


class LoadRequest(BaseModel):
    """How long to make load."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[int, Field(ge=5, le=60)] = 60
