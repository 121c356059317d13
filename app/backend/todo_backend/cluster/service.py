"""What the Cluster page shows and does."""

import asyncio
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import psycopg

from todo_backend.cluster import view
from todo_backend.cluster.kubernetes import Kubernetes
from todo_backend.cluster.load import LoadRun
from todo_backend.cluster.runs import LoadRuns
from todo_backend.cluster.schemas import Cluster, Load
from todo_backend.database import AnyRow, Database, NoneFree
from todo_backend.problems import Problem
from todo_backend.repository import Repository, check_account
from todo_backend.tasks.service import account_exists

COMPONENT: Final = "todo-backend"


class ClusterService:
    """The namespace as its API shows it, and the load runs of this process."""

    def __init__(self, database: Database, credentials: Path, api_url: str, port: int = 8000) -> None:
        self._database = database
        self._runs = LoadRuns(database)
        self._kubernetes = Kubernetes(credentials, api_url)
        self._port = port
        self._running: set[asyncio.Task[None]] = set()

    async def look(self, user_id: str) -> Cluster:
        """Return what runs now; a 503 problem when the Kubernetes API does not say."""
        namespace = await self._kubernetes.namespace()
        await check_account(Repository(self._database, user_id))
        run = await self._runs.last()
        return Cluster(
            namespace=namespace.name,
            served_by=socket.gethostname(),
            pods=sorted(map(view.pod, namespace.pods), key=lambda pod: (pod.component, pod.created_at, pod.name)),
            workloads=sorted(map(view.workload, namespace.deployments), key=lambda workload: workload.name),
            autoscalers=sorted(map(view.autoscaler, namespace.autoscalers), key=lambda autoscaler: autoscaler.name),
            load=_load(run, user_id) if run else None,
        )

    async def begin(self, user_id: str, token: str, seconds: int) -> Load:
        """Begin a load run in the background; a 409 problem while one is going."""
        with account_exists():
            run = await self._runs.begin(user_id, socket.gethostname(), timedelta(seconds=seconds))
        if run is None:
            raise Problem(409, "A load run is going on, or just ending")

        async def report(answered: dict[str, int]) -> bool:
            return await self._runs.report(run, answered)

        task = asyncio.create_task(self._run(LoadRun(self._backends, report, token, self._port), run, seconds))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return _load(run, user_id)

    async def end(self, user_id: str) -> None:
        """End the load run that this user began; a 404 problem where none is going."""
        if not await self._runs.end(user_id):
            await check_account(Repository(self._database, user_id))
            raise Problem(404, "There is no load run of yours")

    async def close(self) -> None:
        """Stop this process's run, and close the connections."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._kubernetes.close()

    async def _run(self, load: LoadRun, run: AnyRow, seconds: int) -> None:
        try:
            await load.run(seconds)
        finally:
            # It may have broken off; its time frees what this cannot.
            with suppress(psycopg.Error, NoneFree):
                await self._runs.free(run)

    async def _backends(self) -> dict[str, str]:
        return view.addresses((await self._kubernetes.namespace()).pods, COMPONENT)


def _load(run: AnyRow, user_id: str) -> Load:
    return Load(
        running=run.running,
        mine=run.user_id == user_id,
        started_at=run.started_at,
        ends_at=run.ends_at,
        answered=run.answered,
    )
