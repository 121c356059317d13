"""Wait until pods are gone: a rollout ends before the old pods have, and these may still answer and write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.deadline import Deadline
from todoctl.errors import RolloutError
from todoctl.objects.follow import Follower
from todoctl.objects.manifests import NAME, SECRETS_VERSION

Pod = Mapping[str, Any]


def wait_until_gone(
    cluster: Cluster,
    namespace: str,
    workloads: Sequence[str],
    *,
    deadline: Deadline,
    going: Callable[[Pod], bool] = lambda _: True,
) -> None:
    """Wait until no pod of the named workloads that is `going` runs any more. Raises RolloutError at the deadline.

    ClusterError where the server is away then.
    """
    left: list[str] = []
    with Follower(cluster.within(deadline), namespace, (kinds.POD,)) as follower:
        while not deadline.expired():
            change = follower.next(deadline.remaining())
            if change is not None:
                left = [pod["metadata"]["name"] for pod in _running(change[1], workloads) if going(pod)]
                if not left:
                    return
    raise follower.lost or RolloutError(
        "pods.not-gone",
        f"{', '.join(left) or 'pods'} still there after {deadline.seconds:.0f} s",
        because="a pod does not end, or its node does not answer",
        hint=f"look at `kubectl --context {cluster.context} -n {namespace} get pods -o wide`, and run it again",
    )


def wait_until_rolled(cluster: Cluster, namespace: str, objects: Sequence[Object], *, deadline: Deadline) -> None:
    """Wait until no pod of the Deployments among the objects has other Secrets than they name. Raises as above."""
    templates = {one["metadata"]["name"]: one["spec"]["template"] for one in objects if one["kind"] == "Deployment"}

    def of_before(pod: Pod) -> bool:
        return _secrets(pod) != _secrets(templates[pod["metadata"]["labels"][NAME]])

    if templates:
        wait_until_gone(cluster, namespace, tuple(templates), deadline=deadline, going=of_before)


def _secrets(pod: Pod) -> str | None:
    found: str | None = (pod["metadata"].get("annotations") or {}).get(SECRETS_VERSION)
    return found


def _running(pods: Sequence[Pod], workloads: Sequence[str]) -> Iterator[Pod]:
    for pod in pods:
        named = pod["metadata"].get("labels", {}).get(NAME) in workloads
        if named and pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}:
            yield pod
