"""Wait until what was applied runs, or say why it will not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import StaleError
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.objects import diagnose
from todoctl.objects.follow import Follower
from todoctl.objects.rollout import Failing, Rollout, WorkloadStatus
from todoctl.objects.status import Failure, Status, status

STALE_SECONDS = 30.0
"""A pod that is older than this and fails when the wait begins failed before what was just applied."""

Observer = Callable[[Sequence[WorkloadStatus]], None]


@dataclass(frozen=True)
class Rolled:
    """The end of a rollout: every workload is Available; autoscalers may still have no metrics."""

    workloads: tuple[WorkloadStatus, ...]
    warming_up: tuple[str, ...]
    """Names of HorizontalPodAutoscalers that have no metrics yet."""


def wait(
    cluster: Cluster,
    objects: Sequence[Mapping[str, Any]],
    *,
    deadline: Deadline,
    observe: Observer = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Rolled:
    """Wait until every workload among `objects` is Available at its minimum; `observe` is told of each change.

    A pod that was failing before is deleted once, so that it starts anew now and not at the end of its back-off of up
    to five minutes. After that, a failing pod of the newest revision ends the wait when its reason has lasted for its
    grace (`status.Failure`).

    A server that is away, as while a control plane restarts, is waited for as well; `tell` is told so.

    Raises RolloutError with a diagnosis; when the deadline has passed, with the last status of each workload too, and
    ClusterError where the server is away then.
    """
    rollout = Rollout(objects)
    namespace = next(item["metadata"]["namespace"] for item in objects if kinds.of(item).namespaced)
    bounded = cluster.within(deadline)
    judge: _Judge | None = None
    last: tuple[WorkloadStatus, ...] = ()
    with Follower(cluster, namespace, rollout.kinds, tell) as follower:
        while True:
            pause = deadline.remaining()
            if rollout.complete:
                statuses = rollout.statuses()
                if statuses != last:
                    observe(statuses)
                    last = statuses
                if rollout.done:
                    return Rolled(statuses, _warming_up(bounded, objects))
                judge = judge or _Judge(rollout, _restart_stale(bounded, namespace, rollout), clock)
                failing, patience = judge.verdict()
                if failing is not None:
                    raise diagnose.failed(cluster, namespace, failing, rollout)
                pause = min(pause, patience)
            if deadline.expired():
                raise follower.lost or diagnose.timed_out(cluster, namespace, rollout, deadline.seconds)
            change = follower.next(pause)
            while change is not None:
                rollout.feed(*change)
                change = follower.next(0)


class _Judge:
    """Decides when what fails has failed for long enough."""

    def __init__(self, rollout: Rollout, restarted: frozenset[str], clock: Callable[[], float]) -> None:
        self._rollout = rollout
        self._restarted = restarted
        self._clock = clock
        self._since: dict[tuple[str, str | None], float] = {}
        # A Deployment that had given up before may get going again.
        self._given_up_before = {entry.name for entry in self._given_up()}

    def verdict(self) -> tuple[Failing | None, float]:
        """Return what has failed for good, if anything, and the seconds until the next may have."""
        failing = [one for one in self._rollout.failing() if one.uid not in self._restarted]
        now = self._clock()
        self._since = {one.key: self._since.get(one.key, now) for one in failing}
        for entry in self._given_up():
            if entry.name not in self._given_up_before:
                pods = self._rollout.unready_pods(entry.name)
                reason = Failure("ProgressDeadlineExceeded", entry.verdict.message)
                return Failing(entry.name, pods[0] if pods else None, reason), 0.0
        left = {one.key: self._since[one.key] + one.failure.grace - now for one in failing}
        return next((one for one in failing if left[one.key] <= 0), None), min(left.values(), default=math.inf)

    def _given_up(self) -> list[WorkloadStatus]:
        return [entry for entry in self._rollout.statuses() if entry.verdict.status is Status.FAILED]


def _restart_stale(cluster: Cluster, namespace: str, rollout: Rollout) -> frozenset[str]:
    """Delete the pods that were failing before the wait began; return their UIDs."""
    oldest = cluster.now() - timedelta(seconds=STALE_SECONDS)
    restarted = set()
    for one in rollout.failing():
        if one.pod is not None and one.uid is not None and _created(one.pod) < oldest:
            with suppress(StaleError):  # its controller has just made another one of this name: that starts anew too
                cluster.delete(kinds.POD, one.pod["metadata"]["name"], namespace, uid=one.uid, propagation="Background")
            restarted.add(one.uid)
    return frozenset(restarted)


def _created(item: Mapping[str, Any]) -> datetime:
    return datetime.strptime(item["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%S%z")


def _warming_up(cluster: Cluster, objects: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    scalers = [item["metadata"] for item in objects if kinds.of(item) == kinds.HORIZONTAL_POD_AUTOSCALER]
    return tuple(
        scaler["name"]
        for scaler in scalers
        if status(cluster.get(kinds.HORIZONTAL_POD_AUTOSCALER, scaler["name"], scaler["namespace"])).status
        is not Status.CURRENT
    )
