"""Objects of the Kubernetes API, as the Cluster page shows them. Pure."""

from typing import Any

from todo_backend.cluster.schemas import Autoscaler, Pod, Workload

Item = dict[str, Any]
NAME = "app.kubernetes.io/name"


def pod(item: Item) -> Pod:
    """Return a pod as the page shows it."""
    metadata, status = item["metadata"], item.get("status", {})
    conditions = {condition["type"]: condition["status"] for condition in status.get("conditions", ())}
    return Pod(
        name=metadata["name"],
        component=metadata.get("labels", {}).get(NAME, ""),
        status=_status(metadata, status),
        ready=conditions.get("Ready") == "True" and "deletionTimestamp" not in metadata,
        restarts=sum(container["restartCount"] for container in status.get("containerStatuses", ())),
        version=_version(item["spec"]),
        node=item["spec"].get("nodeName"),
        created_at=metadata["creationTimestamp"],
    )


def _status(metadata: Item, status: Item) -> str:
    if "deletionTimestamp" in metadata:
        return "Terminating"
    every = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    waiting = (one["state"]["waiting"] for one in every if "waiting" in one.get("state", {}))
    reasons = (one.get("reason", "") for one in waiting)
    # PodInitializing only says that an init container still runs, as every pod does at first.
    phase: str = status.get("phase", "Unknown")
    return next((reason for reason in reasons if reason not in ("", "PodInitializing")), phase)


def workload(item: Item) -> Workload:
    """Return a Deployment as the page shows it."""
    status = item.get("status", {})
    return Workload(
        name=item["metadata"]["name"],
        version=_version(item["spec"]["template"]["spec"]),
        wanted=item["spec"].get("replicas", 1),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
    )


def autoscaler(item: Item) -> Autoscaler:
    """Return a HorizontalPodAutoscaler as the page shows it."""
    spec, status = item["spec"], item.get("status", {})
    return Autoscaler(
        name=item["metadata"]["name"],
        minimum=spec.get("minReplicas", 1),
        maximum=spec["maxReplicas"],
        current=status.get("currentReplicas") or 0,
        wanted=status.get("desiredReplicas") or 0,
        target_percent=_cpu(spec.get("metrics"), "target"),
        current_percent=_cpu(status.get("currentMetrics"), "current"),
    )


def _cpu(metrics: list[Item] | None, side: str) -> int | None:
    for metric in metrics or ():
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu":
            percent: int | None = resource[side].get("averageUtilization")
            return percent
    return None


def _version(spec: Item) -> str:
    image: str = spec["containers"][0]["image"]
    return image.rpartition("@")[0].rpartition(":")[2] or image.rpartition(":")[2]


def addresses(pods: list[Item], component: str) -> dict[str, str]:
    """Return name and address of each pod of a component that takes requests."""
    return {
        item["metadata"]["name"]: item["status"]["podIP"]
        for item in pods
        if pod(item).component == component and pod(item).ready and item["status"].get("podIP")
    }
