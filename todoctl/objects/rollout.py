"""What is known of a rollout while it runs, and what it means. Pure: `wait` feeds it, tests can too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kinds import Kind
from todoctl.objects import order
from todoctl.objects.status import (
    RETRY_GRACE_SECONDS,
    Failure,
    Status,
    Verdict,
    condition,
    failure,
    probe_answer,
    probe_failure,
    status,
)

Object = Mapping[str, Any]

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class WorkloadStatus:
    """One workload and how far it is."""

    kind: str
    name: str
    verdict: Verdict

    def __str__(self) -> str:
        """Return `Deployment/todo-backend: 1 of 2 pods are available`."""
        return f"{self.kind}/{self.name}: {self.verdict.message}"


@dataclass(frozen=True)
class Failing:
    """A workload that cannot become Available, and the pod that shows why (None: there is not even a pod)."""

    workload: str
    pod: Object | None
    failure: Failure

    @property
    def uid(self) -> str | None:
        """The pod's UID."""
        return self.pod["metadata"]["uid"] if self.pod else None

    @property
    def key(self) -> tuple[str, str | None]:
        """What stays the same while the same thing goes on failing; reasons such as ErrImagePull alternate."""
        return (self.workload, self.uid)


class Rollout:
    """The workloads that are waited for, with what the cluster last said of them and their pods."""

    def __init__(self, objects: Sequence[Object]) -> None:
        self._wanted = order.workloads(objects)
        self._minimums = order.minimums(objects)
        self._live: dict[Kind, Sequence[Object]] = {}
        self._old_events: dict[str, int] | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of object to feed it with."""
        return (*dict.fromkeys(kinds.of(item) for item in self._wanted), kinds.REPLICA_SET, kinds.POD, kinds.EVENT)

    def feed(self, kind: Kind, items: Sequence[Object]) -> None:
        """Take in all objects of one kind as they are now. The first events are of what was before."""
        self._live[kind] = items
        if kind == kinds.EVENT and self._old_events is None:
            self._old_events = {event["metadata"]["uid"]: _count(event) for event in items}

    @property
    def complete(self) -> bool:
        """Tell whether every kind was fed: before, nothing can be said."""
        return all(kind in self._live for kind in self.kinds)

    def statuses(self) -> tuple[WorkloadStatus, ...]:
        """Return how far each workload is."""
        return tuple(
            WorkloadStatus(
                item["kind"],
                item["metadata"]["name"],
                status(self._workload(item), minimum=self._minimums.get((item["kind"], item["metadata"]["name"]))),
            )
            for item in self._wanted
        )

    def failing(self) -> Iterator[Failing]:
        """Yield what fails, as far as it stands in the way of the newest revision.

        Pods of an older revision of a Deployment do not. Those of a StatefulSet do: its controller replaces a pod only
        after it was Ready (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback).
        """
        for item in self._wanted:
            live = self._workload(item)
            if live is None or live["metadata"].get("generation") != (live.get("status") or {}).get(
                "observedGeneration"
            ):
                continue
            name = item["metadata"]["name"]
            refused = self._refused(live)
            if refused is not None:
                yield Failing(name, None, Failure("FailedCreate", refused, grace=RETRY_GRACE_SECONDS))
            for pod in self.pods(live):
                found = failure(pod) or probe_failure(pod, self._events())
                if found is not None:
                    yield Failing(name, pod, found)

    def _refused(self, workload: Object) -> str | None:
        """Return why the API server does not let a workload's pods be made, if so."""
        condition_of = condition(workload, "ReplicaFailure")
        if condition_of.get("status") == "True":
            return str(condition_of.get("message", ""))
        # A StatefulSet has no such condition.
        asked, there = workload["spec"].get("replicas", 1), (workload.get("status") or {}).get("replicas", 0)
        if workload["kind"] == "StatefulSet" and there < asked:
            for event in self._events():
                if (
                    event.get("reason") == "FailedCreate"
                    and event["involvedObject"].get("uid") == (workload["metadata"]["uid"])
                ):
                    return str(event.get("message", ""))
        return None

    def _events(self) -> list[Object]:
        """Return the events that came since the first were fed."""
        old = self._old_events or {}
        return [
            event for event in self._live.get(kinds.EVENT, ()) if _count(event) > old.get(event["metadata"]["uid"], 0)
        ]

    def probe_answer(self, pod: Object) -> str | None:
        """Return what the last probe of a pod that failed answered."""
        uid = pod["metadata"]["uid"]
        return probe_answer(event for event in self._events() if event["involvedObject"].get("uid") == uid)

    def serving_before(self, workload: str) -> int:
        """Return how many pods of older revisions are ready: those that go on serving."""
        live = next((self._workload(item) for item in self._wanted if item["metadata"]["name"] == workload), None)
        if live is None or live["kind"] != "Deployment":
            return 0
        sets = {
            item["metadata"]["uid"]
            for item in self._live.get(kinds.REPLICA_SET, ())
            if _owned_by(item, {live["metadata"]["uid"]})
        }
        newest = {pod["metadata"]["uid"] for pod in self.pods(live)}
        return sum(
            condition(pod, "Ready").get("status") == "True" and pod["metadata"]["uid"] not in newest
            for pod in self._live.get(kinds.POD, ())
            if _owned_by(pod, sets)
        )

    def unready_pods(self, workload: str) -> list[Object]:
        """Return the pods that keep a workload from being done, those of the newest revision first."""
        live = next((self._workload(item) for item in self._wanted if item["metadata"]["name"] == workload), None)
        pods = list(self.pods(live)) if live is not None else []
        return [pod for pod in pods if condition(pod, "Ready").get("status") != "True"]

    def pods(self, workload: Object) -> Iterator[Object]:
        """Yield the pods of a workload: of a Deployment only those of its newest revision."""
        owners = {workload["metadata"]["uid"]}
        if workload["kind"] == "Deployment":
            revision = workload["metadata"].get("annotations", {}).get(_REVISION)
            owners = {
                item["metadata"]["uid"]
                for item in self._live.get(kinds.REPLICA_SET, ())
                if _owned_by(item, owners) and item["metadata"].get("annotations", {}).get(_REVISION) == revision
            }
        yield from (pod for pod in self._live.get(kinds.POD, ()) if _owned_by(pod, owners))

    def _workload(self, manifest: Object) -> Object | None:
        name = manifest["metadata"]["name"]
        return next((item for item in self._live.get(kinds.of(manifest), ()) if item["metadata"]["name"] == name), None)

    @property
    def done(self) -> bool:
        """Tell whether every workload is Available at its minimum."""
        return all(entry.verdict.status is Status.CURRENT for entry in self.statuses())


def _count(event: Object) -> int:
    """Return how often something was seen: the same event is written anew each time."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def _owned_by(item: Object, owners: set[str]) -> bool:
    return any(reference["uid"] in owners for reference in item["metadata"].get("ownerReferences", ()))
