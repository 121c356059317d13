"""Server-side apply: stage by stage, and only what drifted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import FieldConflictError, StaleError
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.deadline import Deadline
from todoctl.errors import ConflictError
from todoctl.objects import adopt, order
from todoctl.objects.delete import delete_all
from todoctl.objects.diff import Action, Change, ChangeSet
from todoctl.objects.plan import (
    CONCURRENT_REQUESTS,
    ApplyPlan,
    Manifest,
    Planned,
    at_once,
    conflict,
    plan,
    plan_one,
    read,
)

RECREATE_SECONDS = 120.0
"""How long the deletion of what is made anew may take."""
_ATTEMPTS = 5

Observer = Callable[[Change], None]


def apply(cluster: Cluster, objects: Sequence[Manifest], *, observe: Observer = lambda _: None) -> ChangeSet:
    """Make the objects of the cluster what `objects` say, and tell what had to be done.

    A Namespace comes first, as the server can say nothing of what belongs into one that is not there. Everything else
    is read at once, then dry-run at once, and only when the server has accepted all of it is anything written, stage
    by stage (`order.STAGES`), and only what drifted: nothing is bumped for nothing. `observe` is told of each object
    when its stage is done.

    Raises ConflictError when another field manager owns a field (with the field, its owner and both values), and
    ClusterError.
    """
    first = [item for item in objects if kinds.of(item) == kinds.NAMESPACE]
    rest = [item for item in objects if kinds.of(item) != kinds.NAMESPACE]
    changes = ChangeSet()
    for some in filter(None, (first, rest)):
        planned = plan(cluster, some)
        planned.require_no_conflict()
        changes += execute(cluster, planned, observe=observe)
    return changes


def execute(
    cluster: Cluster, planned: ApplyPlan, *, recreate: Collection[str] = (), observe: Observer = lambda _: None
) -> ChangeSet:
    """Write what a plan says, stage by stage; the conflicts that it has are won, and no other.

    What the plan adopts is adopted first, each object just before it is applied.

    An object that the server refuses to change is deleted and made anew if `recreate` has its label, as
    `Deployment/todo-backend`.

    Raises ConflictError when a field has got another owner, or its owner another value, since the plan was made, and
    ClusterError; both before the first write as far as that can be known then.
    """
    planned.require_changeable(recreate)
    changes: list[Change] = []
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        at_once(pool, lambda one: _still(cluster, one), planned.conflicting)
        for _, stage in groupby(sorted(planned.objects, key=_stage), key=_stage):
            handled = list(stage)
            drifted = [one for one in handled if one.change.action is not Action.UNCHANGED]
            at_once(pool, lambda one: _write(cluster, one), drifted)
            done = [replace(one.change, action=Action.RECREATED) if one.refused else one.change for one in handled]
            for change in done:
                observe(change)
            changes += done
    return ChangeSet(tuple(changes))


def _write(cluster: Cluster, one: Planned) -> None:
    if one.live and one.refused:
        delete_all(cluster, one.change.namespace, [one.live], Deadline(RECREATE_SECONDS))
        cluster.apply(one.manifest)
        return
    if one.live and (one.adopted or one.handed_over):
        adopt.fold(cluster, one.live, one.manifest)
    if one.conflicts:
        _take_over(cluster, one)
    else:
        _apply(cluster, one)
    if one.woken:
        # Last: pods of what was just applied, not of what was before.
        metadata = one.manifest["metadata"]
        cluster.scale(kinds.of(one.manifest), metadata["name"], metadata["namespace"], one.woken)


def _apply(cluster: Cluster, one: Planned) -> None:
    """Apply an object of which the plan shows no conflict; one that has come since is shown as those are."""
    try:
        cluster.apply(one.manifest)
    except FieldConflictError as error:
        now = plan_one(cluster, one.manifest, read(cluster, one.manifest))
        if not now.conflicts:
            raise
        raise conflict([now]) from error


def _take_over(cluster: Cluster, one: Planned) -> None:
    """Apply an object by force, and be sure that no field is taken over but those that the plan shows."""
    for _ in range(_ATTEMPTS):
        live = _still(cluster, one)
        # The version makes sure that what was just looked at is what is written over.
        version = {"resourceVersion": live["metadata"]["resourceVersion"]} if live else {}
        manifest = {**one.manifest, "metadata": {**one.manifest["metadata"], **version}}
        try:
            cluster.apply(manifest, force=True)
        except StaleError:
            continue  # somebody wrote in between, perhaps only a status
        return
    where = f" --namespace {one.change.namespace}" if one.change.namespace else ""
    shown = f"kubectl --context {cluster.context}{where} get {one.label} -o yaml --show-managed-fields"
    raise ConflictError(
        "cluster.contended",
        f"cannot take over {one.label}",
        because="something else keeps changing it",
        hint=f"see what does with `{shown}`, then run the command again",
    )


def _still(cluster: Cluster, one: Planned) -> Object | None:
    """Return the live object, where all conflicts that it has now are shown in the plan. Raises ConflictError."""
    now = plan_one(cluster, one.manifest, read(cluster, one.manifest))
    if any(found not in one.conflicts for found in now.conflicts):
        raise conflict([now])
    return now.live


def _stage(planned: Planned) -> int:
    return order.stage_of(kinds.of(planned.manifest))
