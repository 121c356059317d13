"""Uninstall: what install made goes, in reverse; data goes only when asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import StaleError
from todoctl.adapters.kinds import Kind
from todoctl.adapters.kubernetes import FIELD_MANAGER, Cluster, Object
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError
from todoctl.objects import inventory, order
from todoctl.objects.diff import Action, Change, ChangeSet
from todoctl.objects.follow import Follower
from todoctl.objects.manifests import PART_OF

DATA: tuple[Kind, ...] = (kinds.PERSISTENT_VOLUME_CLAIM, kinds.SECRET)
"""Kinds that stay, as the Namespace does, unless the data goes too."""
SECRETS = frozenset({"todo-secrets", "todo-postgres"})

_FOREIGN_LOOKED_FOR = (*(kind for stage in order.STAGES[1:] for kind in stage), kinds.JOB, kinds.POD)
_MADE_BY_KUBERNETES = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})


@dataclass(frozen=True)
class Uninstalled:
    """What is gone, and what of the installation is still there, as `Secret/todo-secrets`."""

    deleted: ChangeSet
    kept: tuple[str, ...]


def uninstall(
    cluster: Cluster,
    namespace: str,
    objects: Sequence[Mapping[str, Any]],
    *,
    data: bool = False,
    deadline: Deadline,
    observe: Callable[[Change], None] = lambda _: None,
) -> Uninstalled:
    """Delete an installation stage by stage, the last first, each gone before the next goes.

    An object goes if it is labelled as part of the app and is named in `objects` or was applied by todoctl, or if it is
    a member that the inventory names; the inventory goes last. The volume claim, both Secrets and the Namespace stay;
    with `data` they go too, the Namespace only if it has the app's label and nothing of anybody else's in it. Where
    nothing is there, nothing is done.

    Raises ClusterError, also when something is not gone at the deadline.
    """
    bounded = cluster.within(deadline)
    owner = bounded.get(kinds.NAMESPACE, namespace)
    if owner is None:
        return Uninstalled(ChangeSet(), ())
    named = {(item["kind"], item["metadata"]["name"]) for item in objects}
    record = inventory.read(bounded, namespace)
    members = {(one.kind, one.name): one.uid for one in inventory.parse(record) if one.known}

    def ours(item: Object) -> bool:
        name = (item["kind"], item["metadata"]["name"])
        recorded = name in members and inventory.is_member(item, namespace, members[name])
        return name != ("ConfigMap", inventory.NAME) and (recorded or _ours(item, named))

    deleted: list[Change] = []
    with ThreadPoolExecutor(len(_FOREIGN_LOOKED_FOR)) as pool:

        def found(wanted: Iterable[Kind]) -> list[Object]:
            lists = pool.map(lambda kind: bounded.list(kind, namespace)[0], wanted)
            return [item for items in lists for item in items]

        for stage in order.STAGES[:0:-1]:
            going = [item for item in found(kind for kind in stage if kind not in DATA) if ours(item)]
            deleted += delete_all(cluster, namespace, going, deadline, observe)
        if record is not None:
            deleted += delete_all(cluster, namespace, [record], deadline, observe)
        kept = [item for item in found(DATA) if _is_data(item)]
        if not data:
            return Uninstalled(ChangeSet(tuple(deleted)), (*map(_label, kept), _label(owner)))
        deleted += delete_all(cluster, namespace, kept, deadline, observe)
        foreign = [item for item in found(_FOREIGN_LOOKED_FOR) if _foreign(item)]
    if foreign or not _labelled(owner):
        return Uninstalled(ChangeSet(tuple(deleted)), (_label(owner),))
    deleted += delete_all(cluster, None, [{"apiVersion": "v1", "kind": "Namespace", **owner}], deadline, observe)
    return Uninstalled(ChangeSet(tuple(deleted)), ())


def delete_all(
    cluster: Cluster,
    namespace: str | None,
    items: Sequence[Object],
    deadline: Deadline,
    observe: Callable[[Change], None] = lambda _: None,
) -> list[Change]:
    """Ask for the deletion of all items, as long as they are the same, and wait until they are gone."""
    for item in items:
        metadata = item["metadata"]
        try:
            cluster.delete(kinds.of(item), metadata["name"], metadata.get("namespace"), uid=metadata["uid"])
        except StaleError:
            continue  # somebody has just made another one of this name: not ours
    _wait_until_gone(cluster, namespace, items, deadline)
    changes = [
        Change(item["kind"], item["metadata"]["name"], item["metadata"].get("namespace"), Action.DELETED)
        for item in items
    ]
    for change in changes:
        observe(change)
    return changes


def _wait_until_gone(cluster: Cluster, namespace: str | None, items: Sequence[Object], deadline: Deadline) -> None:
    going = {
        kind: {item["metadata"]["uid"] for item in items if kinds.of(item) == kind} for kind in map(kinds.of, items)
    }
    there = dict(going)
    with Follower(cluster, namespace, tuple(going)) as follower:
        while any(there.values()):
            if deadline.expired():
                left = [_label(item) for item in items if item["metadata"]["uid"] in there[kinds.of(item)]]
                raise follower.lost or ClusterError(
                    "objects.undeleted",
                    f"{', '.join(left)} still there after {deadline.seconds:.0f} s",
                    because="something holds them, such as a pod that does not end or a finalizer",
                    hint=f"look at `kubectl --context {cluster.context} get pods -A`, then run the command again",
                )
            change = follower.next(deadline.remaining())
            if change is not None:
                kind, now = change
                there[kind] = going[kind] & {item["metadata"]["uid"] for item in now}


def _label(item: Mapping[str, Any]) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"


def _labelled(item: Mapping[str, Any]) -> bool:
    key, _, value = PART_OF.partition("=")
    return bool(item["metadata"].get("labels", {}).get(key) == value)


def _ours(item: Mapping[str, Any], named: set[tuple[str, str]]) -> bool:
    managers = {entry.get("manager") for entry in item["metadata"].get("managedFields", ())}
    return _labelled(item) and ((item["kind"], item["metadata"]["name"]) in named or FIELD_MANAGER in managers)


def _is_data(item: Mapping[str, Any]) -> bool:
    return _labelled(item) if item["kind"] != "Secret" else item["metadata"]["name"] in SECRETS


def _foreign(item: Mapping[str, Any]) -> bool:
    """Tell whether an object is somebody else's: not ours, not made by Kubernetes, and not owned by another object."""
    metadata = item["metadata"]
    return not (
        _labelled(item) or metadata.get("ownerReferences") or (item["kind"], metadata["name"]) in _MADE_BY_KUBERNETES
    )
