"""The rules by which a connection finds its pod, and waits for one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from todoctl.access.pods import Backoff, Pods, ready, target_port
from todoctl.errors import AccessError, ClusterError

Object = dict[str, Any]


def pod(name: str, created: str, *, ready: str = "True", going: bool = False, ports: tuple[Object, ...] = ()) -> Object:
    metadata: Object = {"name": name, "creationTimestamp": created}
    if going:
        metadata["deletionTimestamp"] = created
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "sidecar"}, {"name": "app", "ports": list(ports)}]},
        "status": {"conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]},
    }


OLD, NEW, NEWER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z"


@pytest.mark.parametrize(
    ("pods", "chosen"),
    [
        ([], None),
        ([pod("a", OLD)], "a"),
        ([pod("a", NEW), pod("b", OLD)], "a"),
        ([pod("a", OLD), pod("b", NEW), pod("c", NEWER)], "c"),
        ([pod("a", OLD), pod("b", NEW, ready="False")], "a"),
        ([pod("a", OLD), pod("b", NEW, ready="Unknown")], "a"),
        ([pod("a", OLD), pod("b", NEW, going=True)], "a"),
        ([pod("a", OLD, going=True), pod("b", NEW, ready="False")], None),
        ([pod("a", OLD), {"metadata": {"name": "b", "creationTimestamp": NEW}, "spec": {}}], "a"),
    ],
)
def test_the_newest_ready_pod_that_is_not_going_is_chosen(pods: list[Object], chosen: str | None) -> None:
    assert next((one["metadata"]["name"] for one in ready(pods)), None) == chosen


def service(**port: Any) -> Object:
    return {
        "metadata": {"name": "todo-frontend"},
        "spec": {"selector": {"app": "todo", "tier": "web"}, "ports": [{"port": 9}, {"port": 3000, **port}]},
    }


def test_a_services_port_leads_to_a_number_or_a_named_port_of_the_pod() -> None:
    named = pod("a", OLD, ports=({"containerPort": 1}, {"name": "http", "containerPort": 3001}))
    assert target_port(service(), named, 3000) == 3000
    assert target_port(service(targetPort=3002), named, 3000) == 3002
    assert target_port(service(targetPort="http"), named, 3000) == 3001


@pytest.mark.parametrize(("target", "port"), [("https", 3000), ("http", 8000)])
def test_a_port_that_leads_nowhere_is_an_error(target: str, port: int) -> None:
    with pytest.raises(AccessError) as caught:
        target_port(service(targetPort=target), pod("a", OLD, ports=({"name": "http", "containerPort": 1},)), port)
    assert caught.value.id == "forward.no-port"


def test_a_connection_that_is_no_longer_wanted_after_its_pod_went_says_that_there_was_none(
    heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todoctl.access.pods.FRESH_SECONDS", 0)
    over = threading.Event()

    class Replaced:
        """A cluster whose pod goes while a connection to it opens; another connection finds the next one meanwhile."""

        there = pod("a", OLD)

        def within(self, _: Any) -> Any:
            return self

        def get(self, *_: Any) -> Object:
            return service()

        def list(self, *_: Any, **__: Any) -> Any:
            return [self.there], "1"

        def open_port(self, _: str, name: str, __: int) -> Any:
            self.there = pod("b", NEW)
            assert chosen.choose()[0] == "b"
            over.set()
            raise ClusterError("cluster.port", f"cannot connect to pod `{name}`", because="not found")

    cluster: Any = Replaced()
    chosen = Pods(lambda: cluster, "t", "todo-frontend", 3000, reporter=heard)
    with pytest.raises(ClusterError) as caught:
        chosen.open(over)
    assert caught.value.id == "cluster.port"
    assert caught.value.hint


def test_pauses_double_from_50_ms_to_15_s_and_begin_anew_after_a_session_that_lasted() -> None:
    backoff = Backoff()
    pauses = [backoff.failed() for _ in range(11)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0]
    backoff.reset()
    assert backoff.failed() == 0.05
