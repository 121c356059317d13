"""When what fails counts as broken, on a made-up clock; and what a real cluster seldom does."""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import StaleError
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, RolloutError
from todoctl.objects.rollout import Failing, Rollout
from todoctl.objects.status import Failure
from todoctl.objects.wait import _Judge, _restart_stale, wait

MADE = datetime(2020, 1, 1, tzinfo=timezone.utc)


class Replaced:
    """A cluster whose pods all have become others of the same name, `age` seconds after they were made."""

    def __init__(self, age: float) -> None:
        self.age = age
        self.asked: list[tuple[str, str | None]] = []

    def now(self) -> datetime:
        return MADE + timedelta(seconds=self.age)

    def delete(self, _kind: object, name: str, _namespace: str, *, uid: str | None = None, **_: object) -> bool:
        self.asked.append((name, uid))
        raise StaleError("cannot delete it", status=409, reason="Conflict", because="its UID is another")


def restarted(cluster: Replaced) -> frozenset[str]:
    """Return the UIDs of what failed before, of one pod that fails."""
    metadata = {"name": "todo-postgres-0", "uid": "old", "creationTimestamp": MADE.strftime("%Y-%m-%dT%H:%M:%SZ")}
    failing = Failing("todo-postgres", {"metadata": metadata}, Failure("CrashLoopBackOff", "it ends"))
    rollout: Any = SimpleNamespace(failing=lambda: [failing])
    asked: Any = cluster
    return _restart_stale(asked, "todo-app", rollout)


def test_a_failing_pod_that_was_replaced_meanwhile_is_left_alone() -> None:
    cluster = Replaced(31)
    assert restarted(cluster) == {"old"}
    assert cluster.asked == [("todo-postgres-0", "old")]


def test_how_old_a_failing_pod_is_the_cluster_s_clock_tells_and_not_this_machine_s() -> None:
    cluster = Replaced(29)  # and years by ours
    assert restarted(cluster) == frozenset()
    assert cluster.asked == []


WANTED = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "todo-app"},
    "spec": {"replicas": 1},
}
REVISION = {"deployment.kubernetes.io/revision": "1"}


def deployment(*conditions: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "web", "uid": "web", "generation": 1, "annotations": REVISION, "resourceVersion": "1"}
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "conditions": list(conditions)}
    return {**WANTED, "metadata": metadata, "status": status}


REPLICA_SET = {
    "metadata": {"name": "web-1", "uid": "set", "annotations": REVISION, "ownerReferences": [{"uid": "web"}]}
}


def pod(reason: str | None = None, *, name: str = "a", unschedulable: bool = False) -> dict[str, Any]:
    owned = {
        "name": name,
        "uid": name,
        "ownerReferences": [{"uid": "set"}],
        "creationTimestamp": "2999-01-01T00:00:00Z",
    }
    state = {"waiting": {"reason": reason, "message": f"{reason}!"}} if reason else {"running": {}}
    status: dict[str, Any] = {"containerStatuses": [{"name": "app", "state": state}]}
    if unschedulable:
        no_room = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
        status = {"conditions": [no_room]}
    return {"metadata": owned, "spec": {}, "status": status}


GAVE_UP = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "no progress"}
REFUSED = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}


class World:
    """A rollout that is judged at chosen times."""

    def __init__(self, *conditions: dict[str, str]) -> None:
        self.now = 0.0
        self.rollout = Rollout([WANTED])
        self.rollout.feed(kinds.REPLICA_SET, [REPLICA_SET])
        self.rollout.feed(kinds.EVENT, [])
        self.feed(*conditions)
        self.judge = _Judge(self.rollout, frozenset(), lambda: self.now)

    def feed(self, *conditions: dict[str, str], pods: tuple[dict[str, Any], ...] = ()) -> None:
        self.rollout.feed(kinds.DEPLOYMENT, [deployment(*conditions)])
        self.rollout.feed(kinds.POD, pods)

    def at(self, now: float, *pods: dict[str, Any]) -> tuple[str | None, float]:
        """Return the reason that counts at a time when there are these pods, and when the next one may."""
        self.now = now
        self.rollout.feed(kinds.POD, pods)
        return self.verdict()

    def verdict(self) -> tuple[str | None, float]:
        failing, patience = self.judge.verdict()
        return failing.failure.reason if failing else None, patience


def test_an_image_that_cannot_be_pulled_counts_after_4_seconds_whichever_of_its_reasons_shows() -> None:
    world = World()
    assert world.at(10.0, pod("ErrImagePull")) == (None, 4.0)
    assert world.at(12.0, pod("ImagePullBackOff")) == (None, 2.0)
    assert world.at(13.9, pod("ErrImagePull"))[0] is None
    assert world.at(14.0, pod("ImagePullBackOff"))[0] == "ImagePullBackOff"


def test_what_gets_going_in_between_has_its_whole_time_again() -> None:
    world = World()
    assert world.at(0.0, pod("ErrImagePull")) == (None, 4.0)
    assert world.at(3.0, pod()) == (None, math.inf)
    assert world.at(5.0, pod("ErrImagePull")) == (None, 4.0)


def test_another_pod_s_failure_has_a_time_of_its_own() -> None:
    world = World()
    world.at(0.0, pod("ErrImagePull"))
    assert world.at(3.0, pod("ErrImagePull", name="b")) == (None, 4.0)


@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "ErrImageNeverPull", "CreateContainerConfigError"])
def test_what_no_waiting_mends_counts_at_once_whatever_else_is_waited_for(reason: str) -> None:
    assert World().at(0.0, pod("ErrImagePull"), pod(reason, name="b"))[0] == reason


def test_a_pod_without_room_counts_after_15_seconds() -> None:
    world = World()
    assert world.at(0.0, pod(unschedulable=True)) == (None, 15.0)
    assert world.at(14.9, pod(unschedulable=True))[0] is None
    assert world.at(15.0, pod(unschedulable=True))[0] == "Unschedulable"


def test_pods_that_may_not_be_made_count_after_4_seconds() -> None:
    world = World(REFUSED)
    assert world.verdict() == (None, 4.0)
    world.now = 4.0
    assert world.verdict()[0] == "FailedCreate"


def test_a_container_that_its_probe_ended_counts_at_once() -> None:
    world = World()
    said = "Container app failed liveness probe, will be restarted"
    about = {"uid": "a", "fieldPath": "spec.containers{app}"}
    world.rollout.feed(
        kinds.EVENT, [{"metadata": {"uid": "e"}, "involvedObject": about, "reason": "Killing", "message": said}]
    )
    assert world.at(0.0, pod())[0] == "Unhealthy"


def test_a_deployment_that_gives_up_counts_at_once_unless_it_had_before_the_wait() -> None:
    world = World()
    assert world.verdict()[0] is None
    world.feed(GAVE_UP)
    assert world.verdict()[0] == "ProgressDeadlineExceeded"
    assert World(GAVE_UP).verdict()[0] is None


class Quiet:
    """A watch on which nothing happens."""

    def __iter__(self) -> Any:
        return iter(())

    def close(self) -> None:
        pass


class Scripted:
    """A cluster that stays as it is, once it answers."""

    context = "minikube"

    def __init__(self, *pods: dict[str, Any], away: bool = False) -> None:
        self.pods = list(pods)
        self.away = away

    def within(self, _deadline: Deadline) -> Scripted:
        return self

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def list(self, kind: Any, _namespace: str, **_: Any) -> Any:
        if self.away:
            raise ClusterError("cluster.unreachable", f"cannot list {kind.plural}", because="connection refused")
        held = {kinds.DEPLOYMENT: [deployment()], kinds.REPLICA_SET: [REPLICA_SET], kinds.POD: self.pods}
        return held.get(kind, []), "1"

    @contextmanager
    def watch(self, *_: Any) -> Any:
        yield Quiet()


def test_a_wait_ends_with_the_reason_when_it_has_lasted_long_enough() -> None:
    looks = iter(range(1000))
    with pytest.raises(RolloutError) as caught:
        wait(Scripted(pod("ImagePullBackOff")), [WANTED], deadline=Deadline(60), clock=lambda: 2.0 * next(looks))  # type: ignore[arg-type]
    assert caught.value.id == "rollout.failed"
    assert "ImagePullBackOff (container `app`)" in caught.value.what
    assert next(looks) == 3, "it was looked at after 0, 2 and 4 seconds"


def test_a_server_that_is_away_at_the_deadline_is_what_the_wait_ends_with() -> None:
    told: list[str] = []
    with pytest.raises(ClusterError) as caught:
        wait(Scripted(away=True), [WANTED], deadline=Deadline(1), tell=told.append)  # type: ignore[arg-type]
    assert caught.value.id == "cluster.unreachable"
    assert len(told) == 1
