"""How far an object is, as a pure function of the object: kstatus' six values and rules.

See https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Object = Mapping[str, Any]


class Status(Enum):
    """How far an object is."""

    IN_PROGRESS = "InProgress"
    CURRENT = "Current"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Verdict:
    """A status, and in one line why."""

    status: Status
    message: str
    pods: tuple[int, int] | None = None
    """Of a workload: how many pods are as they should be, and how many there should be."""


def status(item: Object | None, *, minimum: int | None = None) -> Verdict:
    """Judge one object, None being one that is not there.

    `minimum` is for a Deployment that a HorizontalPodAutoscaler rules: its `minReplicas`. Such a Deployment is done
    with that many Available pods of its newest revision, however many more the autoscaler asks for.
    """
    if item is None:
        return Verdict(Status.NOT_FOUND, "not there")
    if item["metadata"].get("deletionTimestamp"):
        return Verdict(Status.TERMINATING, "being deleted")
    state = item.get("status") or {}
    generation, observed = item["metadata"].get("generation"), state.get("observedGeneration")
    if observed is not None and generation != observed:
        return _in_progress("its controller has not seen the newest version yet")
    if item["kind"] == "Deployment":
        return _deployment(item, minimum)
    rule = _RULES.get(item["kind"])
    return rule(item) if rule else Verdict(Status.CURRENT, "there")


def condition(item: Object, kind: str) -> Object:
    """Return a condition of an object's status, or an empty one."""
    found = (entry for entry in (item.get("status") or {}).get("conditions") or () if entry["type"] == kind)
    return next(found, {})


def _deployment(item: Object, minimum: int | None) -> Verdict:
    state = item.get("status") or {}
    if "observedGeneration" not in state:
        return _in_progress("its controller has not seen it yet")
    progressing = condition(item, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(Status.FAILED, progressing.get("message") or "made no progress in time")
    asked = item["spec"].get("replicas", 1)
    wanted = asked if minimum is None else minimum
    replicas, updated = state.get("replicas", 0), state.get("updatedReplicas", 0)
    available = min(state.get("availableReplicas", 0), updated)
    shortfalls = {
        f"waits for its autoscaler to ask for {wanted} pods instead of {asked}": asked < wanted,
        f"{updated} of {wanted} pods are of the newest revision": updated < wanted,
        f"{_pods(replicas - updated)} of an older revision still there": replicas > updated,
        f"{available} of {wanted} pods are available": available < wanted,
        "not Available yet": condition(item, "Available").get("status") != "True",
    }
    for message, short in shortfalls.items():
        if short:
            return _in_progress(message, (available, wanted))
    return Verdict(Status.CURRENT, f"{_pods(available)} available", (available, wanted))


def _stateful_set(item: Object) -> Verdict:
    state = item.get("status") or {}
    if "observedGeneration" not in state:
        return _in_progress("its controller has not seen it yet")
    wanted = item["spec"].get("replicas", 1)
    updated, ready = state.get("updatedReplicas", 0), state.get("readyReplicas", 0)
    if state.get("currentRevision") != state.get("updateRevision"):
        return _in_progress(f"{updated} of {wanted} pods are of the newest revision", (updated, wanted))
    if state.get("currentReplicas", 0) < wanted or ready < wanted:
        return _in_progress(f"{ready} of {wanted} pods are ready", (ready, wanted))
    available = state.get("availableReplicas", ready)
    if available < wanted:
        return _in_progress(f"{available} of {wanted} pods are available", (available, wanted))
    return Verdict(Status.CURRENT, f"{_pods(ready)} ready", (ready, wanted))


def _volume_claim(item: Object) -> Verdict:
    phase = (item.get("status") or {}).get("phase")
    if phase == "Bound":
        return Verdict(Status.CURRENT, "bound")
    if phase == "Lost":
        return Verdict(Status.FAILED, "its volume is lost")
    return _in_progress("not bound yet")


def _autoscaler(item: Object) -> Verdict:
    active = condition(item, "ScalingActive")
    if active.get("status") == "True":
        return Verdict(Status.CURRENT, "has metrics")
    if active.get("reason") == "ScalingDisabled":
        return Verdict(Status.FAILED, active.get("message") or "scaling is disabled")
    return _in_progress("warming up: no metrics yet")


def _job(item: Object) -> Verdict:
    if condition(item, "Complete").get("status") == "True":
        return Verdict(Status.CURRENT, "complete")
    failed = condition(item, "Failed")
    if failed.get("status") == "True":
        return Verdict(Status.FAILED, failed.get("message") or "failed")
    if condition(item, "Suspended").get("status") == "True":
        return Verdict(Status.CURRENT, "suspended")
    return _in_progress("not complete yet")


def _ingress(item: Object) -> Verdict:
    # A controller need not set an address, so that none is no reason to wait.
    points = _load_balanced(item)
    return Verdict(Status.CURRENT, f"at {', '.join(points)}" if points else "there, without an address")


def _service(item: Object) -> Verdict:
    if item["spec"].get("type") != "LoadBalancer":
        return Verdict(Status.CURRENT, "there")
    points = _load_balanced(item)
    return Verdict(Status.CURRENT, f"at {', '.join(points)}") if points else _in_progress("no address yet")


def _load_balanced(item: Object) -> list[str]:
    points = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [point.get("ip") or point.get("hostname") or "" for point in points]


def _disruption_budget(item: Object) -> Verdict:
    state = item.get("status") or {}
    if "observedGeneration" not in state:
        return _in_progress("its controller has not seen it yet")
    healthy, wanted = state.get("currentHealthy", 0), state.get("desiredHealthy", 0)
    if healthy < wanted:
        return _in_progress(f"{healthy} of {wanted} needed pods are healthy")
    return Verdict(Status.CURRENT, f"{state.get('disruptionsAllowed', 0)} disruptions allowed")


def _replica_set(item: Object) -> Verdict:
    state = item.get("status") or {}
    if "observedGeneration" not in state:
        return _in_progress("its controller has not seen it yet")
    refused = condition(item, "ReplicaFailure")
    if refused.get("status") == "True":
        return _in_progress(refused.get("message") or "its pods cannot be made")
    wanted, there = item["spec"].get("replicas", 1), state.get("replicas", 0)
    if there > wanted:
        return _in_progress(f"{_pods(there - wanted)} too many still there")
    for what in ("ready", "available"):
        count = state.get(f"{what}Replicas", 0)
        if count < wanted:
            return _in_progress(f"{count} of {wanted} pods are {what}")
    return Verdict(Status.CURRENT, f"{_pods(wanted)} available")


def _pod(item: Object) -> Verdict:
    phase = (item.get("status") or {}).get("phase")
    if phase == "Succeeded":
        return Verdict(Status.CURRENT, "done")
    if phase == "Failed":
        return Verdict(Status.FAILED, item["status"].get("message") or "its containers failed")
    found = failure(item)
    if found is not None and not found.grace:
        return Verdict(Status.FAILED, found.reason)
    if condition(item, "Ready").get("status") == "True":
        return Verdict(Status.CURRENT, "ready")
    return _in_progress(found.reason if found else "not ready yet")


def _namespace(item: Object) -> Verdict:
    if (item.get("status") or {}).get("phase") == "Active":
        return Verdict(Status.CURRENT, "active")
    return _in_progress("not active yet")


_RULES: Mapping[str, Callable[[Object], Verdict]] = {
    "StatefulSet": _stateful_set,
    "PersistentVolumeClaim": _volume_claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "Job": _job,
    "Namespace": _namespace,
    "Pod": _pod,
    "PodDisruptionBudget": _disruption_budget,
    "ReplicaSet": _replica_set,
    "Service": _service,
}


def _in_progress(message: str, pods: tuple[int, int] | None = None) -> Verdict:
    return Verdict(Status.IN_PROGRESS, message, pods)


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"


@dataclass(frozen=True)
class Failure:
    """Why a pod will not become ready by waiting.

    `grace` is how many seconds the reason must last before it counts: images are pulled again and volumes get bound.
    """

    reason: str
    message: str
    container: str | None = None
    grace: float = 0.0


RETRY_GRACE_SECONDS = 4.0
UNSCHEDULABLE_GRACE_SECONDS = 15.0

_FATAL = {
    "CrashLoopBackOff": 0.0,
    "CreateContainerConfigError": 0.0,
    "CreateContainerError": RETRY_GRACE_SECONDS,
    "ErrImageNeverPull": 0.0,
    "ErrImagePull": RETRY_GRACE_SECONDS,
    "ImagePullBackOff": RETRY_GRACE_SECONDS,
    "InvalidImageName": 0.0,
    "RunContainerError": RETRY_GRACE_SECONDS,
}
"""Reasons of a waiting container that do not go away by themselves, with their grace."""


def failure(pod: Object) -> Failure | None:
    """Tell why a pod fails, or None where waiting may help. A pod that is being deleted never fails."""
    if pod["metadata"].get("deletionTimestamp"):
        return None
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Failure("Unschedulable", scheduled.get("message", ""), grace=UNSCHEDULABLE_GRACE_SECONDS)
    for entry in container_statuses(pod):
        waiting = (entry.get("state") or {}).get("waiting") or {}
        # The kubelet has not read a Secret or ConfigMap yet, and tries again: one that is missing is "not found".
        if waiting.get("message", "").startswith("failed to sync"):
            continue
        if waiting.get("reason") in _FATAL:
            reason = waiting["reason"]
            return Failure(reason, waiting.get("message", ""), entry["name"], _FATAL[reason])
    return None


_KILLED_BY_PROBE = re.compile(r"failed (startup|liveness) probe")


def probe_failure(pod: Object, events: Iterable[Object]) -> Failure | None:
    """Tell which probe had a container of the pod ended, and what it answered last, from the events of its namespace.

    Until then a probe that fails may only be early: how often it may is the manifest's to say. A readiness probe ends
    nothing, so it never fails a pod. Nor does any fail one that is ready.
    """
    if pod["metadata"].get("deletionTimestamp") or condition(pod, "Ready").get("status") == "True":
        return None
    about = [event for event in events if event["involvedObject"].get("uid") == pod["metadata"]["uid"]]
    for event in about:
        ended = _KILLED_BY_PROBE.search(event.get("message", "")) if event.get("reason") == "Killing" else None
        if ended:
            where = event["involvedObject"].get("fieldPath", "")
            answer = probe_answer(
                one
                for one in about
                if one["involvedObject"].get("fieldPath", "") == where
                and one.get("message", "").lower().startswith(ended[1])
            )
            container = where.partition("{")[2].rstrip("}") or None
            return Failure("Unhealthy", answer or event["message"], container)
    return None


def probe_answer(events: Iterable[Object]) -> str | None:
    """Return what the last probe that failed answered, such as `Readiness probe failed: … statuscode: 503`."""
    failed = [event for event in events if event.get("reason") == "Unhealthy"]
    last = max(failed, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", default=None)
    return " ".join(last.get("message", "").split()) if last else None


def container_statuses(pod: Object) -> Iterator[Object]:
    """Yield the statuses of a pod's containers in the order in which they start."""
    state = pod.get("status") or {}
    yield from state.get("initContainerStatuses") or ()
    yield from state.get("containerStatuses") or ()
