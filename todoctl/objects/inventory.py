"""The inventory: what an installation is made of, recorded in the cluster, so that what it no longer has can go.

Its shape is the ApplySet's (https://github.com/kubernetes/enhancements, KEP-3659): one object in the installation's
namespace carries the set's ID, the tool and the kinds, and each member a label with the ID. Beyond that it names the
members with their UIDs, so that nothing need be listed, and nothing is mistaken for a member that only looks like one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from todoctl import __version__
from todoctl.adapters import kinds
from todoctl.adapters.kinds import Kind
from todoctl.adapters.kubernetes import Cluster, Object

NAME = "todo-inventory"
MEMBER = "applyset.kubernetes.io/part-of"
"""The label of every member; its value is the set's ID."""
NEVER_PRUNED = frozenset({kinds.NAMESPACE, kinds.PERSISTENT_VOLUME_CLAIM, kinds.SECRET})
"""Kinds that hold what cannot be brought back. They are no members, and were they named, they would not be pruned."""

_LIST, _OBSOLETE = "objects", "obsolete"


@dataclass(frozen=True, order=True)
class Obsolete:
    """A Secret in which Helm keeps a release, and which is to go when everything is applied: somebody agreed to it."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, order=True)
class Member:
    """One object of the set. `uid` is empty from before the object is made until all are applied."""

    api_version: str
    kind: str
    name: str
    uid: str = ""

    @property
    def known(self) -> Kind | None:
        """The kind in the table of kinds; None for one that only a newer todoctl knows, and for what is not pruned."""
        try:
            kind = kinds.of({"apiVersion": self.api_version, "kind": self.kind})
        except LookupError:
            return None
        return None if kind in NEVER_PRUNED else kind

    @property
    def key(self) -> tuple[str, str]:
        """What the member is called."""
        return (self.kind, self.name)


def set_id(namespace: str) -> str:
    """Return the ID of the set whose parent is the inventory in this namespace, by KEP-3659's rule."""
    digest = hashlib.sha256(f"{NAME}.{namespace}.ConfigMap.".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def members(objects: Iterable[Mapping[str, Any]], live: Iterable[Mapping[str, Any] | None]) -> tuple[Member, ...]:
    """Return the members that manifests name, with the UIDs of those that are there."""
    return tuple(
        sorted(
            Member(
                item["apiVersion"],
                item["kind"],
                item["metadata"]["name"],
                there["metadata"]["uid"] if there is not None else "",
            )
            for item, there in zip(objects, live, strict=True)
            if kinds.of(item) not in NEVER_PRUNED
        )
    )


def union(before: Iterable[Member], now: Sequence[Member]) -> tuple[Member, ...]:
    """Return the members of both, `now`'s where both name one: what has to be recorded before an apply."""
    named = {member.key for member in now}
    return tuple(sorted([*now, *(member for member in before if member.key not in named)]))


def stale(recorded: Iterable[Member], objects: Collection[Mapping[str, Any]]) -> tuple[Member, ...]:
    """Return the recorded members that the manifests no longer have."""
    named = {(item["kind"], item["metadata"]["name"]) for item in objects}
    return tuple(member for member in recorded if member.key not in named)


def manifest(namespace: str, recorded: Iterable[Member], obsolete: Iterable[Obsolete] = ()) -> Object:
    """Return the inventory as an object."""
    ordered = sorted(recorded)
    data = {_LIST: "".join(f"{one.api_version} {one.kind} {one.name} {one.uid or '-'}\n" for one in ordered)}
    if going := "".join(f"{one.namespace} {one.name} {one.uid}\n" for one in sorted(obsolete)):
        data[_OBSOLETE] = going
    group_kinds = {f"{one.kind}.{one.api_version.rpartition('/')[0]}".rstrip(".") for one in ordered}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": NAME,
                "app.kubernetes.io/part-of": "todo-app",
                "applyset.kubernetes.io/id": set_id(namespace),
            },
            "annotations": {
                "applyset.kubernetes.io/tooling": f"todoctl/v{__version__}",
                "applyset.kubernetes.io/contains-group-kinds": ",".join(sorted(group_kinds)),
            },
        },
        "data": data,
    }


def is_member(live: Mapping[str, Any], namespace: str, uid: str) -> bool:
    """Tell whether an object carries the set's label, and is the one that was recorded, if its UID was."""
    metadata = live["metadata"]
    labelled = (metadata.get("labels") or {}).get(MEMBER) == set_id(namespace)
    return bool(labelled and uid in {"", metadata["uid"]})


def parse(live: Mapping[str, Any] | None) -> tuple[Member, ...]:
    """Return what an inventory names; nothing where there is none. Lines that are not ours to read are left out."""
    found = _lines(live, _LIST)
    return tuple(sorted(replace(Member(*words), uid=words[3].strip("-")) for words in found if len(words) == 4))  # noqa: PLR2004 - a line's words


def obsolete(live: Mapping[str, Any] | None) -> tuple[Obsolete, ...]:
    """Return the Secrets of Helm's that are still to go, as the run that was to remove them ended too early."""
    return tuple(sorted(Obsolete(*words) for words in _lines(live, _OBSOLETE) if len(words) == 3))  # noqa: PLR2004 - a line's words


def _lines(live: Mapping[str, Any] | None, key: str) -> list[list[str]]:
    return [line.split() for line in ((live or {}).get("data") or {}).get(key, "").splitlines()]


def fits(live: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    """Tell whether an inventory is as it should be; what others added to its metadata does not matter."""
    if live is None:
        return False
    metadata = live["metadata"]
    return live.get("data") == wanted["data"] and all(
        (metadata.get(part) or {}).get(key) == value
        for part in ("labels", "annotations")
        for key, value in wanted["metadata"][part].items()
    )


def read(cluster: Cluster, namespace: str) -> Object | None:
    """Return the inventory as it is in the cluster, or None. Raises ClusterError."""
    return cluster.get(kinds.CONFIG_MAP, NAME, namespace)


def record(
    cluster: Cluster,
    namespace: str,
    recorded: Iterable[Member],
    live: Mapping[str, Any] | None,
    obsolete: Iterable[Obsolete] = (),
) -> None:
    """Have the inventory name exactly these; nothing is written where it does. It is todoctl's own: by force."""
    wanted = manifest(namespace, recorded, obsolete)
    if not fits(live, wanted):
        cluster.apply(wanted, force=True)
