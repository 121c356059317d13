"""Prune: what the inventory names and the manifests no longer have goes, after everything else has succeeded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.deadline import Deadline
from todoctl.objects import inventory, order
from todoctl.objects.delete import delete_all
from todoctl.objects.diff import Action, Change, ChangeSet
from todoctl.objects.inventory import Member
from todoctl.objects.plan import Manifest, name_of, read_all


def doomed(cluster: Cluster, namespace: str, stale: Iterable[Member]) -> list[Object]:
    """Return the stale members that are there and still are members: by their label, and by the UID that they had.

    Never a Namespace, a claim or a Secret. Raises ClusterError.
    """
    named = [
        {"apiVersion": one.api_version, "kind": one.kind, "metadata": {"name": one.name, "namespace": namespace}}
        for one in stale
        if one.known is not None
    ]
    uids = {one.key: one.uid for one in stale}
    found = [item for item in read_all(cluster, named) if item is not None]
    return [item for item in found if inventory.is_member(item, namespace, uids[name_of(item)])]


def pruned(item: Object) -> Change:
    """Return the change that pruning is."""
    return Change(item["kind"], item["metadata"]["name"], item["metadata"].get("namespace"), Action.PRUNED)


def prune(
    cluster: Cluster,
    namespace: str,
    objects: Sequence[Manifest],
    recorded: Iterable[Member],
    *,
    deadline: Deadline,
    observe: Callable[[Change], None] = lambda _: None,
) -> ChangeSet:
    """Delete what is stale, stage by stage in reverse, and have the inventory name exactly what is left.

    To be called when all of `objects` are applied, and work. What somebody else has made of a stale member in the
    meantime, by taking its label away or making another one of its name, is let go and stays: each stage is read when
    its turn comes, as the stages before may have taken minutes. What is still to go of Helm's stays noted: that is no
    member. Raises ClusterError.
    """
    changes: list[Change] = []
    stale = inventory.stale(recorded, objects)
    for stage in reversed(order.STAGES):
        going = doomed(cluster, namespace, [one for one in stale if one.known in stage])
        delete_all(cluster, namespace, going, deadline)
        for item in going:
            changes.append(pruned(item))
            observe(changes[-1])
    now = inventory.members(objects, read_all(cluster, objects))
    unread = [one for one in stale if not any(one.known in stage for stage in order.STAGES)]
    live = inventory.read(cluster, namespace)
    inventory.record(cluster, namespace, [*now, *unread], live, inventory.obsolete(live))
    return ChangeSet(tuple(changes))
