"""`todoctl status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.errors import ExitCode
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.recipes.status import Live
    from todoctl.settings import Settings

Object = Mapping[str, Any]


EPILOG = """\b
Examples:
  todoctl status                     what runs, and where it answers
  todoctl status -o json             the same for a program, with every pod
  todoctl status -n second           of the installation in namespace `second`
"""


@click.command("status", short_help="Show what runs, in which version, and where.", epilog=EPILOG)
@options.cluster
@options.environment
@options.output
def command(**given: Any) -> Result:
    """Show what runs, how far it is, in which images, and where it answers.

    Exits with 0 where every workload is Current, 3 where one is not or the app is not there.
    """
    from todoctl.recipes.status import live as look

    steps = options.steps(**given)
    found = data(look(steps), steps.settings)
    well = bool(found["workloads"]) and all(item["status"] == "Current" for item in found["workloads"])
    return Result("status", text=_text(found), data=found, exit_code=ExitCode.OK if well else ExitCode.FINDINGS)


def data(live: Live, settings: Settings) -> dict[str, Any]:
    """Return what a program is told of what is there."""
    workloads = _workloads(live.objects)
    if workloads:
        workloads += [_missing(item) for item in live.missing]
    return {
        "context": settings.context,
        "namespace": settings.namespace,
        "urls": [_url(item) for item in live.objects if item["kind"] == "Ingress"],
        "workloads": workloads,
        "autoscalers": [_autoscaler(item) for item in live.objects if item["kind"] == "HorizontalPodAutoscaler"],
        "pods": [_pod(item) for item in live.pods],
    }


def _workloads(objects: Sequence[Object]) -> list[dict[str, Any]]:
    from todoctl.objects.order import workloads
    from todoctl.objects.status import status

    minimums = {
        item["spec"]["scaleTargetRef"]["name"]: item["spec"].get("minReplicas", 1)
        for item in objects
        if item["kind"] == "HorizontalPodAutoscaler"
    }
    found = []
    for item in workloads(objects):
        name = item["metadata"]["name"]
        verdict = status(item, minimum=minimums.get(name))
        found.append(
            {
                "kind": item["kind"],
                "name": name,
                "status": verdict.status.value,
                "message": verdict.message,
                "images": [container["image"] for container in item["spec"]["template"]["spec"]["containers"]],
            }
        )
    return found


def _missing(item: Object) -> dict[str, Any]:
    return {
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "status": "NotFound",
        "message": "not there: `todoctl install` brings it back",
        "images": [],
    }


def _autoscaler(item: Object) -> dict[str, Any]:
    # Both numbers are per cent of the CPU that the pods request; None: there are no metrics yet.
    metrics = (item.get("status") or {}).get("currentMetrics") or ()
    current = [one["resource"]["current"].get("averageUtilization") for one in metrics if one["type"] == "Resource"]
    return {
        "name": item["metadata"]["name"],
        "current": next(iter(current), None),
        "target": item["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"],
        "minimum": item["spec"]["minReplicas"],
        "maximum": item["spec"]["maxReplicas"],
    }


def _pod(item: Object) -> dict[str, Any]:
    statuses = (item.get("status") or {}).get("containerStatuses") or ()
    return {
        "name": item["metadata"]["name"],
        "phase": item["status"].get("phase", "Unknown"),
        "ready": bool(statuses) and all(one["ready"] for one in statuses),
        "restarts": sum(one["restartCount"] for one in statuses),
        "node": item["spec"].get("nodeName"),
    }


def _url(item: Object) -> str:
    scheme = "https" if item["spec"].get("tls") else "http"
    return f"{scheme}://{item['spec']['rules'][0]['host']}"


def _text(data: Mapping[str, Any]) -> str:
    if not data["workloads"]:
        return (
            f"The app is not there: namespace {data['namespace']} of context {data['context']} has no workload of it."
        )
    lines = []
    for one in data["workloads"]:
        color = {"Current": "green", "Failed": "red", "NotFound": "red"}.get(one["status"], "yellow")
        lines += [f"{click.style(one['status'], fg=color)}  {one['kind']}/{one['name']}: {one['message']}"]
        lines += [f"  {image}" for image in one["images"]]
    for one in data["autoscalers"]:
        current = "no metrics yet" if one["current"] is None else f"{one['current']} %"
        lines.append(
            f"HorizontalPodAutoscaler/{one['name']}: CPU: {current} (target {one['target']} %), "
            f"{one['minimum']} to {one['maximum']} pods"
        )
    lines += [f"not ready: Pod/{one['name']} ({one['phase']})" for one in data["pods"] if not one["ready"]]
    return "\n".join([*lines, *data["urls"]])
