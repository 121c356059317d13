"""Adopt what `kubectl apply` or Helm made of the same manifests: their fields become todoctl's.

Server-side apply removes a field that the manifests no longer have only if nobody else owns it. So the entries of these
tools in `managedFields` are folded into todoctl's own: the next apply then decides alone. See
https://github.com/kubernetes/kubernetes/issues/99003; csaupgrade in client-go and Flux do the same. Every other manager
is somebody who wants something else: a conflict.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import StaleError
from todoctl.adapters.kubernetes import FIELD_MANAGER, Cluster, Object
from todoctl.errors import ClusterError
from todoctl.objects import fields
from todoctl.objects.hidden import LAST_APPLIED
from todoctl.objects.inventory import Obsolete

ADOPTED = frozenset(
    {
        ("kubectl-client-side-apply", "Update"),
        ("kubectl-last-applied", "Apply"),
        ("kubectl", "Apply"),
        ("kubectl", "Update"),
        ("helm", "Apply"),
        ("helm", "Update"),
    }
)
"""Managers and operations of `kubectl apply`, of either side, and of `helm install`: Helm 4's is server-side."""
EDITED = ("kubectl-edit", "Update")
"""`kubectl edit` on an object that is adopted is part of it; on one of todoctl's own it is a conflict."""

REPLICAS = ("f:spec", "f:replicas")

RELEASE_TYPE = "helm.sh/release.v1"
_RELEASE_NAME, _RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_ATTEMPTS = 5

Entry = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Release:
    """A release of Helm's, by the annotations that it leaves on its objects."""

    namespace: str
    name: str


def adoptable(live: Mapping[str, Any] | None) -> list[Entry]:
    """Return the entries of an object's managers that are to be folded into todoctl's own.

    Those of a subresource (`kubectl scale`) and of another API version, whose fields may be other ones, are not.
    """
    entries = [
        entry
        for entry in (live or {"metadata": {}})["metadata"].get("managedFields") or ()
        if not entry.get("subresource") and entry.get("apiVersion") == (live or {}).get("apiVersion")
    ]
    if not any(_whose(entry) in ADOPTED for entry in entries):
        return []
    return [entry for entry in entries if _whose(entry) in ADOPTED or _whose(entry) == EDITED]


def managers(live: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the names of those whose fields are to be folded."""
    return tuple(sorted({entry["manager"] for entry in adoptable(live)}))


def hands_over(live: Mapping[str, Any] | None, manifest: Mapping[str, Any]) -> bool:
    """Tell whether todoctl alone decides on the replicas of an object so far, and the manifest leaves them to others.

    An autoscaler that has not scaled yet owns nothing, and the server would put its default, 1, in the place of what
    an owner drops.
    """
    mine = [entry for entry in (live or {"metadata": {}})["metadata"].get("managedFields") or () if _is_ours(entry)]
    return _without_replicas(manifest) and any("f:replicas" in entry["fieldsV1"].get("f:spec", {}) for entry in mine)


def folded(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[Entry]:
    """Return the object's managers after the fold: todoctl's entry has the fields of all that are adopted.

    Replicas that the manifest leaves to an autoscaler are nobody's from then on, and stay as they are.
    """
    going = adoptable(live)
    entries = live["metadata"].get("managedFields") or ()
    ours = [entry for entry in entries if _is_ours(entry)]
    merged = _all_fields((*ours, *going))
    mine = {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.minus(merged, REPLICAS) if _without_replicas(manifest) else merged,
        "time": max(entry["time"] for entry in (*ours, *going) if "time" in entry),
    }
    return [mine, *(entry for entry in entries if entry not in going and not _is_ours(entry))]


def predicted(live: Mapping[str, Any], result: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an apply makes of an object after the fold, where `result` is what one makes of it before.

    What only the adopted managers have goes away; where the server has a default for it, that comes back.
    """
    going = adoptable(live)
    mine = [entry for entry in result["metadata"].get("managedFields") or () if _is_ours(entry)]
    others = [
        entry
        for entry in live["metadata"].get("managedFields") or ()
        if entry not in going and not _is_ours(entry) and entry.get("fieldsV1")
    ]
    gone = _all_fields(going)
    kept = [entry["fieldsV1"] for entry in (*mine, *others)]
    if not _without_replicas(manifest):
        return fields.without(result, fields.left_over(gone, kept))
    left = fields.without(result, fields.left_over(fields.minus(gone, REPLICAS), kept))
    return {**left, "spec": {**left["spec"], "replicas": live["spec"]["replicas"]}}


def releases(objects: Iterable[Mapping[str, Any] | None]) -> tuple[Release, ...]:
    """Return the releases of Helm's that live objects are part of."""
    found = set()
    for live in objects:
        annotations = (live or {"metadata": {}})["metadata"].get("annotations") or {}
        if _RELEASE_NAME in annotations:
            found.add(Release(annotations.get(_RELEASE_NAMESPACE, ""), annotations[_RELEASE_NAME]))
    return tuple(sorted(found))


def leaks(live: Mapping[str, Any] | None) -> bool:
    """Tell whether an object carries what `kubectl apply` was given: of a Secret, its values in clear."""
    return LAST_APPLIED in ((live or {"metadata": {}})["metadata"].get("annotations") or {})


def fold(cluster: Cluster, live: Object, manifest: Mapping[str, Any]) -> None:
    """Fold the adopted managers of an object into todoctl's, and change nothing else. Raises ClusterError."""
    kind, metadata = kinds.of(live), live["metadata"]
    for _ in range(_ATTEMPTS):
        version = {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]}
        managed = {"op": "replace", "path": "/metadata/managedFields", "value": folded(live, manifest)}
        try:
            cluster.patch(kind, metadata["name"], metadata.get("namespace"), [version, managed])
        except StaleError:
            now = cluster.get(kind, metadata["name"], metadata.get("namespace"))
            if now is None or not (adoptable(now) or hands_over(now, manifest)):
                return
            live = now
        else:
            return
    where = f" --namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    shown = f"kubectl --context {cluster.context}{where} get {kind}/{metadata['name']} -o yaml --show-managed-fields"
    raise ClusterError(
        "objects.contended",
        f"cannot adopt {kind} `{metadata['name']}`",
        because="something else keeps changing it",
        hint=f"see what does with `{shown}`, then run the command again",
    )


def forget_last_applied(cluster: Cluster, secret: Object) -> None:
    """Take the annotation with its values off a Secret. Raises ClusterError."""
    metadata = secret["metadata"]
    changes = {"metadata": {"annotations": {LAST_APPLIED: None}}}
    cluster.patch(kinds.SECRET, metadata["name"], metadata["namespace"], changes)


def records(cluster: Cluster, wanted: Sequence[Release]) -> list[Obsolete]:
    """Return the Secrets in which Helm keeps these releases, one for each of their revisions. Raises ClusterError."""
    found: list[Obsolete] = []
    for release in wanted:
        items, _ = cluster.list(kinds.SECRET, release.namespace, labels=f"owner=helm,name={release.name}")
        kept = [item["metadata"] for item in items if item.get("type") == RELEASE_TYPE]
        found += [Obsolete(one["namespace"], one["name"], one["uid"]) for one in kept]
    return found


def forget_release(cluster: Cluster, kept: Iterable[Obsolete]) -> None:
    """Delete Secrets in which Helm keeps a release; those that are other ones by now stay. Raises ClusterError."""
    for one in kept:
        with contextlib.suppress(StaleError):
            cluster.delete(kinds.SECRET, one.name, one.namespace, uid=one.uid, propagation="Background")


def _all_fields(entries: Iterable[Entry]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for entry in entries:
        merged = fields.union(merged, entry.get("fieldsV1") or {})
    return merged


def _without_replicas(manifest: Mapping[str, Any]) -> bool:
    return manifest["kind"] in {"Deployment", "StatefulSet"} and "replicas" not in manifest["spec"]


def _whose(entry: Entry) -> tuple[str, str]:
    return (entry.get("manager", ""), entry.get("operation", ""))


def _is_ours(entry: Entry) -> bool:
    return _whose(entry) == (FIELD_MANAGER, "Apply") and not entry.get("subresource")
