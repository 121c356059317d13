"""What is known of a rollout while it runs, and what it means. Pure: `wait` feeds it, tests can too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kinds import Kind
from todoctl.objects import order
from todoctl.objects.status import RETRY_GRACE_SECONDS, Failure, Status, Verdict, condition, failure, status

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
        self._minimums = {
            (target["kind"], target["name"]): item["spec"].get("minReplicas", 1)
            for item in objects
            if kinds.of(item) == kinds.HORIZONTAL_POD_AUTOSCALER
            for target in [item["spec"]["scaleTargetRef"]]
        }
        self._live: dict[Kind, Sequence[Object]] = {}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of object to feed it with."""
        return (*dict.fromkeys(kinds.of(item) for item in self._wanted), kinds.REPLICA_SET, kinds.POD)

    def feed(self, kind: Kind, items: Sequence[Object]) -> None:
        """Take in all objects of one kind as they are now."""
        self._live[kind] = items

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
            refused = condition(live, "ReplicaFailure")
            if refused.get("status") == "True":
                reason = refused.get("reason", "FailedCreate")
                yield Failing(name, None, Failure(reason, refused.get("message", ""), grace=RETRY_GRACE_SECONDS))
            for pod in self.pods(live):
                found = failure(pod)
                if found is not None:
                    yield Failing(name, pod, found)

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


def _owned_by(item: Object, owners: set[str]) -> bool:
    return any(reference["uid"] in owners for reference in item["metadata"].get("ownerReferences", ()))
