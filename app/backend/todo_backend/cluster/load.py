"""Load on request: lists of the user's own tasks, asked of the backend's pods, so that the autoscaler has to act."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from todo_backend.limits import MAX_REQUEST_SECONDS
from todo_backend.problems import Problem

if TYPE_CHECKING:
    from httpx2 import AsyncClient

WORKERS: Final = 4
"""Requests in flight in the whole cluster, at most."""
PER_POD: Final = 2
"""Requests in flight for one pod, at most."""
PAUSE_SECONDS: Final = 0.06
REPORT_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = MAX_REQUEST_SECONDS
"""As long as the pod itself works on a request, so that none goes on uncounted."""

Pods = Callable[[], Awaitable[dict[str, str]]]
"""Gives the name and the address of each pod that takes requests."""
Report = Callable[[dict[str, int]], Awaitable[bool]]
"""Is told the answers by pod so far; says whether to go on."""

_log = logging.getLogger("todo_backend.cluster")


class LoadRun:
    """One run. New pods get their share as soon as they are ready, so that the load of each falls as they come.

    The connection is made anew for each request, and to the pod itself: what a Service would choose at random must not
    exceed what one pod may get. It ends by itself after `seconds`, when `report` says so, or the token is refused.
    """

    def __init__(self, pods: Pods, report: Report, token: str, port: int) -> None:
        self._pods = pods
        self._report = report
        self._headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        self._port = port
        self._targets: dict[str, str] = {}
        self._in_flight: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._going = True
        self.most_in_flight: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        """Make load for so long."""
        import httpx2

        end = time.monotonic() + seconds
        timeout = httpx2.Timeout(REQUEST_SECONDS, connect=CONNECT_SECONDS)
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False) as client:
            try:
                self._targets = await self._pods()
                async with asyncio.TaskGroup() as group:
                    for _ in range(WORKERS):
                        group.create_task(self._work(client))
                    while self._going and time.monotonic() < end:
                        await asyncio.sleep(min(REPORT_SECONDS, max(0, end - time.monotonic())))
                        self._going &= await self._report(dict(self._answered))
                        with suppress(Problem):  # an API server that is busy for a moment: the pods are known
                            self._targets = await self._pods()
                    self._going = False
            except Exception:  # noqa: BLE001 - nobody waits for a run that could be told
                _log.exception("the load run broke off")
        _log.info("load run ended", extra={"data": {"answered": dict(self._answered)}})

    async def _work(self, client: "AsyncClient") -> None:
        while self._going:
            free = [pod for pod in self._targets if self._in_flight[pod] < PER_POD]
            if free:
                await self._ask(client, min(free, key=lambda pod: (self._in_flight[pod], self._answered[pod])))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, client: "AsyncClient", pod: str) -> None:
        import httpx2

        self._in_flight[pod] += 1
        self.most_in_flight[pod] = max(self.most_in_flight[pod], self._in_flight[pod])
        address = self._targets[pod]
        host = f"[{address}]" if ":" in address else address  # IPv6
        try:
            answer = await client.get(f"http://{host}:{self._port}/api/tasks", headers=self._headers)
        except httpx2.HTTPError:
            # The pod went; the next look at the pods will tell.
            await asyncio.sleep(REPORT_SECONDS / 2)
        else:
            self._going &= answer.status_code != 401  # noqa: PLR2004 - the token has expired, or its account is gone
            self._answered[pod] += answer.is_success
        finally:
            self._in_flight[pod] -= 1
