"""Stop the app's own pods for a while, and have as many again afterwards, whatever happens in between.

How many there were is noted on each Deployment before the first pod goes, in the same write: a run that is killed can
be finished by the next one. `install` brings the pods back too: to it both the note and the zero are drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.deadline import Deadline
from todoctl.errors import TodoctlError
from todoctl.objects.applied import applied
from todoctl.objects.manifests import PART_OF
from todoctl.objects.pods import wait_until_gone

REPLICAS_BEFORE = "todoctl.dev/replicas-before"


def stop(cluster: Cluster, namespace: str, deadline: Deadline) -> None:
    """Have no pods of the app's Deployments, and wait until the last one is gone. Raises RolloutError, ClusterError."""
    deployments, minimums = _look(cluster, namespace)
    for live in deployments:
        manifest = applied(live)
        annotations = manifest["metadata"].setdefault("annotations", {})
        name = live["metadata"]["name"]
        annotations.setdefault(REPLICAS_BEFORE, str(max(live["spec"].get("replicas", 1), minimums.get(name, 1))))
        # An autoscaler rests while there are to be no pods. It owns the number: that is taken from it here.
        manifest["spec"]["replicas"] = 0
        cluster.apply(manifest, force=True)
    wait_until_gone(cluster, namespace, [live["metadata"]["name"] for live in deployments], deadline=deadline)


def start(cluster: Cluster, namespace: str) -> None:
    """Have as many pods as before `stop`; waits for none. Does nothing where none was stopped.

    Each Deployment is tried, whatever becomes of the others; then the first error is raised.
    """
    deployments, minimums = _look(cluster, namespace)
    errors = []
    for live in deployments:
        try:
            _start(cluster, namespace, live, ruled=live["metadata"]["name"] in minimums)
        except TodoctlError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _start(cluster: Cluster, namespace: str, live: Object, *, ruled: bool) -> None:
    manifest = applied(live)
    annotations = manifest["metadata"].get("annotations", {})
    before = annotations.pop(REPLICAS_BEFORE, None)
    if before is None:
        return
    if not annotations:
        # Left empty it would be a field that todoctl owns, and that no install applies.
        del manifest["metadata"]["annotations"]
    if ruled:
        # This takes the number from us, so that leaving it out next is no reset to one.
        cluster.scale(kinds.DEPLOYMENT, live["metadata"]["name"], namespace, int(before))
        manifest["spec"].pop("replicas", None)  # not ours where somebody scaled since `stop`
    else:
        manifest["spec"]["replicas"] = int(before)
    # By force, as in `stop`: who scaled in between owns the number, and would keep the pods away.
    cluster.apply(manifest, force=True)


def _look(cluster: Cluster, namespace: str) -> tuple[list[Object], Mapping[str, int]]:
    """Return the app's Deployments, and the least number of pods of those that an autoscaler rules."""
    scalers, _ = cluster.list(kinds.HORIZONTAL_POD_AUTOSCALER, namespace, labels=PART_OF)
    minimums = {one["spec"]["scaleTargetRef"]["name"]: _minimum(one["spec"]) for one in scalers}
    return cluster.list(kinds.DEPLOYMENT, namespace, labels=PART_OF)[0], minimums


def _minimum(spec: Mapping[str, Any]) -> int:
    minimum: int = spec.get("minReplicas", 1)
    return minimum
