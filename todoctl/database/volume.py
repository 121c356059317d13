"""Where the data of the Postgres that comes with the app is, on a cluster whose volumes do not say so themselves."""

from __future__ import annotations

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster

CLAIM = "data-todo-postgres-0"
NODE = "todoctl.dev/volume-node"
"""Annotation of the volume claim: the node that has the data. It is there for as long as these are."""

_WORKLOAD, _POD = "todo-postgres", "todo-postgres-0"
_HOSTNAME = "kubernetes.io/hostname"
_SELECTED = "volume.kubernetes.io/selected-node"


def node(cluster: Cluster, namespace: str) -> str | None:
    """Return the node of the pod; where it has none, the one that it is kept to; where it is gone, the claim's.

    None where nothing tells: then there are no data yet. Raises ClusterError.
    """
    pod = cluster.get(kinds.POD, _POD, namespace)
    if pod is not None and (found := pod["spec"].get("nodeName")):
        return str(found)
    workload = cluster.get(kinds.STATEFUL_SET, _WORKLOAD, namespace)
    if workload is not None:
        kept_to = workload["spec"]["template"]["spec"].get("nodeSelector") or {}
        if _HOSTNAME in kept_to:
            return str(kept_to[_HOSTNAME])
    claim = cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace) or {"metadata": {}}
    annotations = claim["metadata"].get("annotations") or {}
    return annotations.get(NODE) or annotations.get(_SELECTED)


def remember(cluster: Cluster, namespace: str, name: str) -> None:
    """Note on the claim which node has its data. Writes only what is not noted already. Raises ClusterError."""
    claim = cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace)
    if claim is not None and (claim["metadata"].get("annotations") or {}).get(NODE) != name:
        cluster.patch(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace, {"metadata": {"annotations": {NODE: name}}})
