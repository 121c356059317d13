"""The Kubernetes API, read with the pod's own token: the namespace's pods, Deployments and autoscalers."""

import asyncio
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from todo_backend.problems import unavailable

if TYPE_CHECKING:
    from httpx2 import AsyncClient

SECONDS: Final = 3.0
REMEMBERED_SECONDS: Final = 1.0

Item = dict[str, Any]


@dataclass(frozen=True)
class Namespace:
    """The namespace's objects, as the API gives them."""

    name: str
    pods: list[Item]
    deployments: list[Item]
    autoscalers: list[Item]


class Kubernetes:
    """Reads the namespace that the folder of credentials names: `token`, `ca.crt`, `namespace`, as a pod has them.

    Asked by many at once, it asks the API once a second.
    """

    def __init__(self, credentials: Path, url: str) -> None:
        self._credentials = credentials
        self._url = url
        self._client: AsyncClient | None = None
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._namespace: Namespace | None = None

    async def namespace(self) -> Namespace:
        """Return the namespace as it was within the last second; a 503 problem when the API does not say."""
        async with self._asking:
            if self._namespace is None or time.monotonic() - self._asked_at > REMEMBERED_SECONDS:
                self._namespace = await self._ask()
                self._asked_at = time.monotonic()
            return self._namespace

    async def close(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.aclose()

    async def _ask(self) -> Namespace:
        import httpx2

        if self._client is None:
            context = ssl.create_default_context(cafile=str(self._credentials / "ca.crt"))
            self._client = httpx2.AsyncClient(base_url=self._url, verify=context, timeout=SECONDS, trust_env=False)
        name = (self._credentials / "namespace").read_text().strip()
        paths = (
            f"/api/v1/namespaces/{name}/pods",
            f"/apis/apps/v1/namespaces/{name}/deployments",
            f"/apis/autoscaling/v2/namespaces/{name}/horizontalpodautoscalers",
        )
        try:
            pods, deployments, autoscalers = await asyncio.gather(*(self._items(path) for path in paths))
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise unavailable(f"The Kubernetes API does not answer: {_reason(error)}") from error
        return Namespace(name, pods, deployments, autoscalers)

    async def _items(self, path: str) -> list[Item]:
        assert self._client  # noqa: S101 - made by the only caller
        # Read anew each time: the kubelet replaces a token before it expires.
        token = (self._credentials / "token").read_text().strip()
        parameters = {"labelSelector": "app.kubernetes.io/part-of=todo-app", "limit": "200"}
        answer = await self._client.get(path, params=parameters, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        items: list[Item] = answer.json()["items"]
        return items


def _reason(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"it says {status}" if status else type(error).__name__
