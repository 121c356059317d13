"""The Cluster page against a stand-in for the Kubernetes API; tests/cluster has it on the real one."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from calls import Json
from kubernetes_api import KubernetesAPI, credentials_in, pod
from postgres import free_port
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from tokens import SECRET, bearer

from todo_backend.application import create_app
from todo_backend.cluster import kubernetes as module
from todo_backend.cluster import view
from todo_backend.cluster.load import PER_POD, WORKERS, LoadRun
from todo_backend.cluster.service import ClusterService
from todo_backend.settings import Settings


def _waiting(reason: str, which: str = "containerStatuses") -> Json:
    return {
        "phase": "Pending",
        "conditions": [],
        which: [{"restartCount": 3, "state": {"waiting": {"reason": reason}}}],
    }


PODS: list[tuple[Json, tuple[str, bool, int]]] = [
    (pod(), ("Running", True, 0)),
    (pod(deleting=True), ("Terminating", False, 0)),
    (pod(conditions=[]), ("Running", False, 0)),
    (pod(**_waiting("ContainerCreating")), ("ContainerCreating", False, 3)),
    (pod(**_waiting("CrashLoopBackOff")), ("CrashLoopBackOff", False, 3)),
    (pod(**_waiting("ImagePullBackOff", "initContainerStatuses")), ("ImagePullBackOff", False, 0)),
    (pod(**_waiting("PodInitializing")), ("Pending", False, 3)),
    ({**pod(), "status": {}}, ("Unknown", False, 0)),
]


@pytest.mark.parametrize(("item", "expected"), PODS)
def test_a_pod_is_shown_as_it_is(item: Json, expected: tuple[str, bool, int]) -> None:
    shown = view.pod(item)
    assert (shown.status, shown.ready, shown.restarts) == expected
    assert (shown.name, shown.component, shown.version) == ("todo-backend-1", "todo-backend", "f00")


def test_only_ready_backends_with_an_address_take_requests() -> None:
    pods = [pod(), pod("todo-backend-2", deleting=True), pod("todo-frontend-3"), pod("todo-backend-4", podIP="")]
    assert view.addresses(pods, "todo-backend") == {"todo-backend-1": "127.0.0.1"}


def test_an_autoscaler_without_figures_is_shown_without_them() -> None:
    spec = {"minReplicas": 2, "maxReplicas": 10, "metrics": [_metric("target", 70)]}
    item: Json = {"metadata": {"name": "todo-backend"}, "spec": spec}
    shown = view.autoscaler(item)
    assert (shown.minimum, shown.maximum, shown.target_percent, shown.current_percent) == (2, 10, 70, None)
    item["status"] = {"currentReplicas": 2, "desiredReplicas": 5, "currentMetrics": [_metric("current", 180)]}
    shown = view.autoscaler(item)
    assert (shown.current, shown.wanted, shown.current_percent) == (2, 5, 180)


def _metric(side: str, percent: int) -> Json:
    return {"type": "Resource", "resource": {"name": "cpu", side: {"averageUtilization": percent}}}


@pytest.fixture
def kubernetes() -> Iterator[tuple[KubernetesAPI, str]]:
    api = KubernetesAPI()
    with serving(api.app) as url:
        yield api, url


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    return credentials_in(tmp_path)


@pytest.fixture
def page(database: str, kubernetes: tuple[KubernetesAPI, str], credentials: Path) -> Iterator[TestClient]:
    """The app with its Cluster page, whose load goes to a port where nothing listens."""
    app = create_app(Settings(database_url=database, better_auth_secret=SECRET))
    app.state.cluster = ClusterService(app.state.database, credentials, kubernetes[1], free_port())
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM load_run")
    with TestClient(app, raise_server_exceptions=False, base_url="http://todo-app.local") as client:
        yield client


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/load"), ("DELETE", "/load")])
def test_without_credentials_there_is_no_cluster_page(api: TestClient, user: str, method: str, path: str) -> None:
    answer = api.request(method, f"/api/cluster{path}", headers=bearer(user), json={})
    assert (answer.status_code, answer.json()["detail"]) == (404, "The Cluster page is off here")


def test_the_page_shows_pods_rollouts_and_autoscalers(page: TestClient, user: str) -> None:
    answer = page.get("/api/cluster", headers=bearer(user))
    assert answer.status_code == 200
    shown = answer.json()
    assert [pod["name"] for pod in shown["pods"]] == ["todo-backend-1", "todo-frontend-1"]
    assert shown["workloads"] == [{"name": "todo-backend", "version": "f00", "wanted": 2, "updated": 2, "ready": 1}]
    assert (shown["namespace"], shown["autoscalers"], shown["load"]) == ("todo-app", [], None)
    assert shown["served_by"] == answer.headers["X-Served-By"]


def test_many_viewers_ask_the_api_server_once_a_second(
    page: TestClient, kubernetes: tuple[KubernetesAPI, str], user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.REMEMBERED_SECONDS == 1
    monkeypatch.setattr(module, "REMEMBERED_SECONDS", 600)
    for _ in range(10):
        assert page.get("/api/cluster", headers=bearer(user)).status_code == 200
    assert len(kubernetes[0].asked) == 3


def test_an_api_server_that_refuses_is_a_503(
    page: TestClient, kubernetes: tuple[KubernetesAPI, str], user: str
) -> None:
    kubernetes[0].status = 403
    answer = page.get("/api/cluster", headers=bearer(user))
    assert (answer.status_code, answer.json()["detail"]) == (503, "The Kubernetes API does not answer: it says 403")


def test_one_run_goes_on_in_the_cluster_and_who_began_it_can_end_it(
    page: TestClient, new_user: Callable[[], str]
) -> None:
    one, other = new_user(), new_user()
    begun = page.post("/api/cluster/load", json={"seconds": 60}, headers=bearer(one))
    assert (begun.status_code, begun.json()["running"], begun.json()["mine"]) == (202, True, True)
    assert page.post("/api/cluster/load", json={}, headers=bearer(other)).status_code == 409
    seen = page.get("/api/cluster", headers=bearer(other)).json()["load"]
    assert (seen["running"], seen["mine"]) == (True, False)
    assert page.delete("/api/cluster/load", headers=bearer(other)).status_code == 404
    assert page.delete("/api/cluster/load", headers=bearer(one)).status_code == 204
    assert page.get("/api/cluster", headers=bearer(one)).json()["load"]["running"] is False
    _begin_next(page, other)


def test_a_run_whose_pod_died_is_over_when_its_requests_must_be(page: TestClient, user: str, database: str) -> None:
    begin = partial(page.post, "/api/cluster/load", json={"seconds": 60}, headers=bearer(user))
    assert begin().status_code == 202
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE load_run SET ends_at = now() - interval '5 seconds', started_at = now()")
    assert (begin().status_code, begin().json()["detail"]) == (409, "A load run is going on, or just ending")
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE load_run SET ends_at = now() - interval '33 seconds'")
    assert begin().status_code == 202


def _begin_next(page: TestClient, user: str) -> None:
    """Begin a run once the one before has its last answers."""
    deadline = time.monotonic() + 60
    while page.post("/api/cluster/load", json={"seconds": 5}, headers=bearer(user)).status_code != 202:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_run_that_breaks_off_leaves_room_for_the_next(
    page: TestClient, kubernetes: tuple[KubernetesAPI, str], user: str
) -> None:
    kubernetes[0].status = 403
    assert page.post("/api/cluster/load", json={}, headers=bearer(user)).status_code == 202
    _begin_next(page, user)


def test_a_deleted_account_sees_and_does_nothing(page: TestClient, user: str, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute('DELETE FROM "user" WHERE id = %s', [user])
    for method, path in (("GET", ""), ("POST", "/load"), ("DELETE", "/load")):
        assert page.request(method, f"/api/cluster{path}", headers=bearer(user), json={}).status_code == 401


@pytest.mark.parametrize("seconds", [0, 61, "long", None])
def test_a_run_takes_a_minute_at_most(page: TestClient, user: str, seconds: Any) -> None:
    assert page.post("/api/cluster/load", json={"seconds": seconds}, headers=bearer(user)).status_code == 422


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class StandIn:
    """A pod that takes its time, and counts how many requests it has at once."""

    def __init__(self) -> None:
        self.now, self.most, self.served, self.connections = 0, 0, 0, Counter[Any]()
        self.status = 200
        self.app = Starlette(routes=[Route("/api/tasks", self._answer)])

    async def _answer(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer the-users-token"
        self.connections[request.client] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        self.served += 1
        return JSONResponse({}, self.status)


@pytest.fixture
def stand_ins() -> Iterator[tuple[list[StandIn], int]]:
    """Three pods, at 127.0.0.1 to 127.0.0.3, on one port."""
    pods, port = [StandIn() for _ in range(3)], free_port()
    with ExitStack() as stack:
        for number, stand_in in enumerate(pods):
            stack.enter_context(serving(stand_in.app, f"127.0.0.{number + 1}", port))
        yield pods, port


def test_a_pod_gets_two_requests_at_once_at_most_and_a_new_one_its_share(
    stand_ins: tuple[list[StandIn], int],
) -> None:
    pods, port = stand_ins
    ready = {"a": "127.0.0.1"}
    reports: list[dict[str, int]] = []

    async def report(answered: dict[str, int]) -> bool:
        if answered:  # not before, on a busy machine
            reports.append(answered)
            ready.update(b="127.0.0.2", c="127.0.0.3", gone="127.0.0.4")
        return len(reports) < 4 or not answered.keys() >= {"a", "b", "c"}

    run = LoadRun(lambda: _async(dict(ready)), report, "the-users-token", port)
    asyncio.run(run.run(60))
    assert pods[0].most == PER_POD
    assert max(stand_in.most for stand_in in pods) <= PER_POD
    assert set(reports[0]) == {"a"}
    assert all(stand_in.served for stand_in in pods)
    assert reports[-1].keys() == {"a", "b", "c"}
    assert max(pods[1].connections.values()) == 1  # none is kept
    assert WORKERS > PER_POD


async def _async(value: Any) -> Any:
    return value


def test_a_run_ends_when_the_token_is_refused(stand_ins: tuple[list[StandIn], int]) -> None:
    pods, port = stand_ins
    pods[0].status = 401
    run = LoadRun(
        lambda: _async({"a": "127.0.0.1"}), lambda answered: _async(answered is not None), "the-users-token", port
    )
    thread = threading.Thread(target=lambda: asyncio.run(run.run(60)))
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert pods[0].served <= WORKERS


@pytest.mark.skipif(not _has_ipv6(), reason="needs IPv6")
def test_a_pod_may_have_an_address_of_ipv6() -> None:
    stand_in, port = StandIn(), free_port()
    run = LoadRun(lambda: _async({"a": "::1"}), lambda answered: _async(not answered), "the-users-token", port)
    with serving(stand_in.app, "::1", port):
        asyncio.run(run.run(60))
    assert stand_in.served


def test_what_the_pods_answered_is_seen_by_all(
    database: str, kubernetes: tuple[KubernetesAPI, str], credentials: Path, new_user: Callable[[], str]
) -> None:
    one, other = new_user(), new_user()
    app = create_app(Settings(database_url=database, better_auth_secret=SECRET))
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM load_run")
    with serving(app) as url:
        port = int(url.rpartition(":")[2])
        app.state.cluster = ClusterService(app.state.database, credentials, kubernetes[1], port)
        with httpx2.Client(base_url=url, timeout=60) as client:
            client.post("/api/tasks", json={"title": "x"}, headers=bearer(one))
            assert client.post("/api/cluster/load", json={}, headers=bearer(one)).status_code == 202
            deadline = time.monotonic() + 60
            while not (answered := client.get("/api/cluster", headers=bearer(other)).json()["load"]["answered"]):
                assert time.monotonic() < deadline
                time.sleep(0.2)
            client.delete("/api/cluster/load", headers=bearer(one))
    assert set(answered) == {"todo-backend-1"}
