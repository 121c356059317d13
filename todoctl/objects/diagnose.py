"""Say why a rollout failed: from the scheduler to the container's last words, and one command to try next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import RolloutError, TodoctlError
from todoctl.mask import mask
from todoctl.objects.rollout import Failing, Rollout, WorkloadStatus
from todoctl.objects.status import Failure, Status, condition, container_statuses

LOG_LINES = 30
EVENTS = 5
ASKING_SECONDS = 5.0
"""How long a diagnosis may go on asking a cluster that does not answer."""

Object = Mapping[str, Any]


def failed(cluster: Cluster, namespace: str, failing: Failing, rollout: Rollout) -> RolloutError:
    """Return the error for a pod that fails, with all that the cluster tells of it; asks for at most a few seconds."""
    asked = cluster.within(Deadline(ASKING_SECONDS))
    details = _told(rollout, [entry for entry in rollout.statuses() if entry.verdict.status is not Status.CURRENT])
    if failing.pod is not None:
        details += tuple(_about(asked, namespace, failing.pod))
    return RolloutError(
        "rollout.failed",
        f"`{failing.workload}` does not start: {_summary(failing.failure)}",
        because=mask(_cause(failing)),
        hint=_hint(cluster.context, namespace, failing),
        details=details,
    )


def timed_out(cluster: Cluster, namespace: str, rollout: Rollout, seconds: float) -> RolloutError:
    """Return the error for workloads that were not Available in time, with the last status of each."""
    asked = cluster.within(Deadline(ASKING_SECONDS))
    statuses = rollout.statuses()
    late = [entry for entry in statuses if entry.verdict.status is not Status.CURRENT]
    details = _told(rollout, statuses)
    pods = [pod for entry in late for pod in rollout.unready_pods(entry.name)][:1]
    for pod in pods:
        details += tuple(_about(asked, namespace, pod))
    names = ", ".join(f"`{entry.name}`" for entry in late) or "the workloads"
    answer = next(filter(None, map(rollout.probe_answer, pods)), None)
    because = late[0].verdict.message if late else "the cluster did not report their state"
    because += f"; {answer}" if answer else ""
    kubectl = f"kubectl --context {cluster.context} --namespace {namespace}"
    return RolloutError(
        "rollout.timeout",
        f"{names} not Available after {seconds:.0f} s",
        because=mask(because),
        hint=f"look at `{kubectl} describe pod {pods[0]['metadata']['name']}`, or give it more time with `--timeout`"
        if pods
        else f"look at `{kubectl} get events`, or give it more time with `--timeout`",
        details=details,
    )


def _told(rollout: Rollout, statuses: Sequence[WorkloadStatus]) -> tuple[str, ...]:
    """Return a line for each workload, and one where the version before goes on serving."""
    lines = []
    for entry in statuses:
        before = rollout.serving_before(entry.name)
        serving = f"; {before} of the version before go on serving, `todoctl rollback` leads back" if before else ""
        lines.append(f"{entry}{serving}")
    return tuple(lines)


def _summary(failure: Failure) -> str:
    return failure.reason + (f" (container `{failure.container}`)" if failure.container else "")


def _cause(failing: Failing) -> str:
    """Return the one thing that says most: how the container ended, or what the API says."""
    ended = _last_end(failing)
    if failing.failure.reason == "CrashLoopBackOff" and ended:
        return f"it exited with code {ended.get('exitCode')} ({ended.get('reason', 'no reason given')})"
    message = failing.failure.message
    if failing.failure.reason == "Unschedulable":
        return message.partition(". ")[0]  # what follows is about preemption
    return message or failing.failure.reason


def _last_end(failing: Failing) -> Object:
    for entry in container_statuses(failing.pod or {}):
        if entry["name"] == failing.failure.container:
            return _ended(entry)
    return {}


def _ended(entry: Object) -> Object:
    """Return how a container's run ended last: this one, or the one before."""
    for state in (entry.get("state") or {}, entry.get("lastState") or {}):
        if state.get("terminated"):
            ended: Object = state["terminated"]
            return ended
    return {}


def _hint(context: str, namespace: str, failing: Failing) -> str:
    kubectl = f"kubectl --context {context} --namespace {namespace}"
    name = failing.pod["metadata"]["name"] if failing.pod else ""
    match failing.failure.reason:
        case "CrashLoopBackOff" | "RunContainerError" | "Unhealthy":
            return f"read the whole log with `{kubectl} logs {name} --container {failing.failure.container} --previous`"
        case "ErrImageNeverPull":
            option = "--context" if context.startswith(("kind-", "k3d-")) else "-p"
            return f"bring the image to the node with `todoctl load {option} {context}`"
        case "CreateContainerConfigError":
            return f"see which keys are there with `{kubectl} describe secrets,configmaps`"
        case "Unschedulable":
            return f"see what the nodes have left with `kubectl --context {context} describe nodes`"
        case _ if name:
            return f"look closer with `{kubectl} describe pod {name}`"
        case _:
            return f"look closer with `{kubectl} get events --field-selector type=Warning`"


def _about(cluster: Cluster, namespace: str, pod: Object) -> Iterator[str]:
    """Yield what the cluster tells of a pod, line by line: where it runs, its containers, events and last log lines."""
    name = pod["metadata"]["name"]
    node = pod["spec"].get("nodeName")
    yield f"pod {name}: " + (f"on node {node}" if node else "on no node")
    if not node:
        yield f"  {condition(pod, 'PodScheduled').get('message', 'not scheduled yet')}"
    for entry in container_statuses(pod):
        yield f"  container {entry['name']}: {_state(entry)}"
    yield from (f"  event {line}" for line in _attempt(partial(_warnings, cluster, namespace, pod), "events"))
    for entry in container_statuses(pod):
        if not entry.get("ready") and (_ended(entry) or (entry.get("state") or {}).get("running")):
            yield from _logs(cluster, namespace, name, entry)


def _state(entry: Object) -> str:
    state = entry.get("state") or {}
    parts = []
    if state.get("waiting"):
        parts.append(
            f"waiting, {state['waiting'].get('reason', '')}: {state['waiting'].get('message', '')}".rstrip(": ")
        )
    elif state.get("running"):
        parts.append("running, ready" if entry.get("ready") else "running, not ready")
    ended = _ended(entry)
    if ended:
        parts.append(f"last exit code {ended.get('exitCode')} ({ended.get('reason', 'no reason given')})")
    if entry.get("restartCount"):
        parts.append(f"{entry['restartCount']} restarts")
    return mask("; ".join(parts) or "not started")


def _warnings(cluster: Cluster, namespace: str, pod: Object) -> str:
    """Return the latest Warning events of a pod, one a line."""
    fields = f"involvedObject.uid={pod['metadata']['uid']},type=Warning"
    events, _ = cluster.list(kinds.EVENT, namespace, fields=fields)
    events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return "\n".join(
        f"{event.get('reason')}: {' '.join(event.get('message', '').split())}" for event in events[-EVENTS:]
    )


def _logs(cluster: Cluster, namespace: str, pod: str, entry: Object) -> Iterator[str]:
    """Yield the last log lines of a container, of its previous run first; while none runs, the latest has ended."""
    runs = (True, False) if entry.get("restartCount") and (entry.get("state") or {}).get("running") else (False,)
    for previous in runs:
        yield f"  log of {entry['name']}, {'previous' if previous else 'latest'} run:"
        ask = partial(cluster.logs, namespace, pod, entry["name"], tail=LOG_LINES, previous=previous)
        yield from (f"    {line}" for line in _attempt(ask, "log"))


def _attempt(ask: Callable[[], str], what: str) -> list[str]:
    """Return the lines of the answer, or one that says why there is none: a diagnosis must not fail."""
    try:
        return mask(ask()).splitlines()
    except TodoctlError as error:
        return [f"no {what}: {error.because or error.what}"]
