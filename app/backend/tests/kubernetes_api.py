"""A stand-in for the Kubernetes API, as far as the Cluster page asks it."""

from pathlib import Path
from typing import Any

import certifi
from calls import Json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def pod(name: str = "todo-backend-1", *, deleting: bool = False, **status: Any) -> Json:
    ready = {"type": "Ready", "status": "True"}
    return {
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/name": name.rpartition("-")[0]},
            "creationTimestamp": "2026-11-24T08:00:00Z",
            **({"deletionTimestamp": "2026-11-24T08:01:00Z"} if deleting else {}),
        },
        "spec": {"nodeName": "minikube", "containers": [{"image": "registry:5000/todo-backend:f00"}]},
        "status": {"phase": "Running", "podIP": "127.0.0.1", "conditions": [ready], **status},
    }


class KubernetesAPI:
    """What answers in place of an API server, and how often it was asked."""

    def __init__(self) -> None:
        self.pods = [pod(), pod("todo-frontend-1")]
        self.status = 200
        self.asked: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer the-pods-token"
        self.asked.append(request.url.path)
        items = {
            "/api/v1/namespaces/todo-app/pods": self.pods,
            "/apis/apps/v1/namespaces/todo-app/deployments": [
                {
                    "metadata": {"name": "todo-backend"},
                    "spec": {"replicas": 2, "template": {"spec": pod()["spec"]}},
                    "status": {"updatedReplicas": 2, "readyReplicas": 1},
                }
            ],
            "/apis/autoscaling/v2/namespaces/todo-app/horizontalpodautoscalers": [],
        }[request.url.path]
        return JSONResponse({"items": items}, self.status)


def credentials_in(folder: Path) -> Path:
    """Make a folder what a projected token's is."""
    (folder / "token").write_text("the-pods-token\n")
    (folder / "namespace").write_text("todo-app")
    (folder / "ca.crt").write_bytes(Path(certifi.where()).read_bytes())
    return folder
