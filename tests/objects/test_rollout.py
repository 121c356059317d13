"""A rollout is fed with objects as the API gives them, and says what they mean."""

from typing import Any

from todoctl.adapters import kinds
from todoctl.objects.rollout import Rollout

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {}}
STATEFUL_SET = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {}}


def owned(name: str, owner: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "ownerReferences": [{"uid": owner}], **metadata}}


def live(kind: str, name: str, *, generation: int = 1, observed: int = 1, revision: str = "2") -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {
            "name": name,
            "uid": name,
            "generation": generation,
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "spec": {"replicas": 1},
        "status": {"observedGeneration": observed, "replicas": 1},
    }


def replica_set(name: str, revision: str) -> dict[str, Any]:
    return owned(name, "web", annotations={"deployment.kubernetes.io/revision": revision})


def crashing(name: str, owner: str) -> dict[str, Any]:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
    return {**owned(name, owner), "status": {"containerStatuses": [{"name": "app", "state": {"waiting": waiting}}]}}


def rollout(*pods: dict[str, Any], deployment: dict[str, Any] | None = None) -> Rollout:
    made = Rollout([DEPLOYMENT])
    made.feed(kinds.DEPLOYMENT, [deployment or live("Deployment", "web")])
    made.feed(kinds.REPLICA_SET, [replica_set("web-old", "1"), replica_set("web-new", "2")])
    made.feed(kinds.POD, pods)
    made.feed(kinds.EVENT, [])
    return made


def test_nothing_can_be_said_before_every_kind_was_fed() -> None:
    made = Rollout([DEPLOYMENT, STATEFUL_SET])
    assert made.kinds == (kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.REPLICA_SET, kinds.POD, kinds.EVENT)
    for kind in made.kinds[:-1]:
        made.feed(kind, [])
        assert not made.complete
    made.feed(kinds.EVENT, [])
    assert made.complete


def test_a_crashing_pod_of_the_newest_revision_fails_its_workload() -> None:
    (one,) = rollout(crashing("a", "web-new")).failing()
    assert (one.workload, one.uid, one.failure.reason) == ("web", "a", "CrashLoopBackOff")


def test_a_crashing_pod_of_an_older_revision_does_not() -> None:
    assert not list(rollout(crashing("a", "web-old")).failing())


def test_a_crashing_pod_of_somebody_else_does_not() -> None:
    assert not list(rollout(crashing("a", "stranger")).failing())


def test_nothing_fails_before_the_controller_has_seen_the_newest_version() -> None:
    unseen = live("Deployment", "web", generation=2, observed=1)
    assert not list(rollout(crashing("a", "web-new"), deployment=unseen).failing())


def test_a_deployment_that_may_not_make_pods_fails_without_a_pod() -> None:
    refused = live("Deployment", "web")
    refused["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "violates PodSecurity"}
    ]
    (one,) = rollout(deployment=refused).failing()
    assert (one.pod, one.failure.message) == (None, "violates PodSecurity")


def test_any_failing_pod_of_a_stateful_set_stands_in_the_way() -> None:
    made = Rollout([STATEFUL_SET])
    made.feed(kinds.STATEFUL_SET, [live("StatefulSet", "db")])
    made.feed(kinds.REPLICA_SET, [])
    made.feed(kinds.POD, [crashing("db-0", "db")])
    assert [one.workload for one in made.failing()] == ["db"]


def test_the_autoscaler_s_minimum_counts_for_its_deployment() -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2},
    }
    made = Rollout([DEPLOYMENT, scaler])
    made.feed(kinds.DEPLOYMENT, [live("Deployment", "web")])
    (entry,) = made.statuses()
    assert str(entry) == "Deployment/web: waits for its autoscaler to ask for 2 pods instead of 1"


def event(name: str, about: str, reason: str, message: str, count: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"uid": name},
        "involvedObject": {"uid": about, "fieldPath": "spec.containers{app}"},
        "reason": reason,
        "message": message,
        "count": count,
    }


def running(name: str, owner: str, *, ready: bool = False) -> dict[str, Any]:
    return {**owned(name, owner), "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


def test_a_probe_that_ended_a_container_fails_its_workload_once_and_again() -> None:
    made = rollout(running("a", "web-new"))
    answer = event("e1", "a", "Unhealthy", "Startup probe failed: statuscode: 503")
    made.feed(kinds.EVENT, [answer])
    assert not list(made.failing())
    made.feed(
        kinds.EVENT, [answer, event("e2", "a", "Killing", "Container app failed startup probe, will be restarted")]
    )
    (one,) = made.failing()
    assert (one.failure.reason, one.failure.container) == ("Unhealthy", "app")
    assert one.failure.message == made.probe_answer(one.pod or {}) == "Startup probe failed: statuscode: 503"


def test_events_of_before_say_nothing_until_they_are_seen_again() -> None:
    made = Rollout([STATEFUL_SET])
    made.feed(kinds.STATEFUL_SET, [live("StatefulSet", "db")])
    made.feed(kinds.REPLICA_SET, [])
    made.feed(kinds.POD, [running("db-0", "db")])
    killed = "Container app failed liveness probe, will be restarted"
    made.feed(kinds.EVENT, [event("e1", "db-0", "Killing", killed)])
    assert not list(made.failing())
    made.feed(kinds.EVENT, [event("e1", "db-0", "Killing", killed, count=2)])
    assert [one.workload for one in made.failing()] == ["db"]


def test_a_stateful_set_that_may_not_make_pods_fails_without_a_pod() -> None:
    made = Rollout([STATEFUL_SET])
    refused = live("StatefulSet", "db")
    refused["status"]["replicas"] = 0
    made.feed(kinds.STATEFUL_SET, [refused])
    for kind in (kinds.REPLICA_SET, kinds.POD, kinds.EVENT):
        made.feed(kind, [])
    made.feed(kinds.EVENT, [event("e1", "db", "FailedCreate", "pods db-0 is forbidden: exceeded quota")])
    (one,) = made.failing()
    assert (one.pod, one.failure.message) == (None, "pods db-0 is forbidden: exceeded quota")


def test_ready_pods_of_older_revisions_go_on_serving() -> None:
    pods = [running("a", "web-old", ready=True), running("b", "web-old"), running("c", "web-new", ready=True)]
    assert rollout(*pods).serving_before("web") == 1
    assert rollout(running("c", "web-new", ready=True)).serving_before("web") == 0
    assert rollout().serving_before("absent") == 0
