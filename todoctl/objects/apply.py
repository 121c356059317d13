"""Server-side apply: stage by stage, and only what drifted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.objects import order
from todoctl.objects.diff import Action, Change, ChangeSet
from todoctl.objects.plan import CONCURRENT_REQUESTS, ApplyPlan, Manifest, Planned, at_once, plan

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
        changes += execute(cluster, plan(cluster, some), observe=observe)
    return changes


def execute(cluster: Cluster, planned: ApplyPlan, *, observe: Observer = lambda _: None) -> ChangeSet:
    """Write what a plan says, stage by stage. Raises ConflictError before the first write, and ClusterError."""
    planned.require_no_conflict()
    changes: list[Change] = []
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        for _, stage in groupby(sorted(planned.objects, key=_stage), key=_stage):
            handled = list(stage)
            drifted = [one for one in handled if one.change.action is not Action.UNCHANGED]
            at_once(pool, lambda one: cluster.apply(one.manifest), drifted)
            for one in handled:
                observe(one.change)
            changes += [one.change for one in handled]
    return ChangeSet(tuple(changes))


def _stage(planned: Planned) -> int:
    return order.stage_of(kinds.of(planned.manifest))
