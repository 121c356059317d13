"""Which images a cluster uses, whoever uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster

_WITH_TEMPLATE = (kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.REPLICA_SET, kinds.JOB)


def images(cluster: Cluster) -> frozenset[str]:
    """Return the references of all images that a pod runs, or that a workload would run it from, in any namespace.

    A ReplicaSet without pods is a Deployment's past, and uses nothing.
    """
    pods = [pod["spec"] for pod in cluster.list(kinds.POD)[0]]
    for kind in _WITH_TEMPLATE:
        pods += [
            item["spec"]["template"]["spec"]
            for item in cluster.list(kind)[0]
            if kind != kinds.REPLICA_SET or item["spec"].get("replicas", 1)
        ]
    return frozenset(container["image"] for pod in pods for container in _containers(pod))


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        container
        for part in ("initContainers", "containers", "ephemeralContainers")
        for container in pod.get(part) or ()
    ]
