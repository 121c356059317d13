"""How far an object is, as a pure function of the object: kstatus' six values and rules.

See https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
        return Verdict(Status.CURRENT, "has figures")
    if active.get("reason") == "ScalingDisabled":
        return Verdict(Status.FAILED, active.get("message") or "scaling is disabled")
    return _in_progress("warming up: no figures yet")


def _namespace(item: Object) -> Verdict:
    if (item.get("status") or {}).get("phase") == "Active":
        return Verdict(Status.CURRENT, "active")
    return _in_progress("not active yet")


_RULES: Mapping[str, Callable[[Object], Verdict]] = {
    "StatefulSet": _stateful_set,
    "PersistentVolumeClaim": _volume_claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "Namespace": _namespace,
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
        if waiting.get("reason") in _FATAL:
            reason = waiting["reason"]
            return Failure(reason, waiting.get("message", ""), entry["name"], _FATAL[reason])
    return None


def container_statuses(pod: Object) -> Iterator[Object]:
    """Yield the statuses of a pod's containers in the order in which they start."""
    state = pod.get("status") or {}
    yield from state.get("initContainerStatuses") or ()
    yield from state.get("containerStatuses") or ()
