"""Releases: what was applied, kept in the cluster, so that one can go back to it.

One ConfigMap each, `todoctl-release-v3`, immutable, in the installation's namespace. It belongs to the app's objects:
it goes with them, and no data is in it.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import AlreadyExistsError
from todoctl.adapters.kubernetes import Cluster
from todoctl.errors import UsageError
from todoctl.objects import order
from todoctl.objects.diff import owned
from todoctl.objects.fields import beyond, minus
from todoctl.objects.manifests import POSTGRES, SECRETS_VERSION

KEPT = 10
"""How many releases are kept."""

_LABEL = {"todoctl.dev/object": "release"}
_PREFIX = "todoctl-release-v"
_NAME = re.compile(rf"{_PREFIX}(\d+)\Z")
_MANIFESTS = "manifests.json.gz"
_DATABASE = (kinds.STATEFUL_SET.name, POSTGRES)
_NOT_RECORDED = ("f:spec", "f:template", "f:metadata", "f:annotations", f"f:{SECRETS_VERSION}")

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Release:
    """What one install or rollback applied. `version` is todoctl's; `reason` says what made it: `install`."""

    revision: int
    time: str
    version: str
    reason: str
    objects: tuple[Object, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """The references of all images, in order."""
        return tuple(dict.fromkeys(container["image"] for container in _containers(self.objects)))

    def runs(self, live: Iterable[Object]) -> bool:
        """Tell whether these workloads of the cluster are asked to run this release's pods; replicas do not count.

        What others added does not count either; what todoctl added since does: it is a newer version's. Whether the
        database that comes with the app is there does not: that follows from where the app's database is.
        """
        asked = {_label(item): item for item in live}
        wanted = {_label(item): item for item in order.workloads(self.objects)}
        return all(_is_asked(wanted.get(label), asked.get(label)) for label in {*wanted, *asked})


def history(cluster: Cluster, namespace: str) -> list[Release]:
    """Return the releases of an installation, the newest first. One that cannot be read is left out."""
    found = (_read(item) for item in _recorded(cluster, namespace).values())
    return [one for one in found if one is not None]


def record(
    cluster: Cluster, namespace: str, objects: Sequence[Object], *, version: str, reason: str
) -> tuple[int, bool]:
    """Record what was applied as the newest release; return its revision, and whether it is a new one.

    It is not where the newest one has the same objects. Secrets are never in it, nor which version of them the pods
    read: going back keeps the Secrets. The oldest beyond KEPT are removed. Only for whoever holds the installation's
    lock. Raises ClusterError.
    """
    before = _recorded(cluster, namespace)
    kept = copy.deepcopy([dict(item) for item in objects if item["kind"] != "Secret"])
    for workload in order.workloads(kept):
        workload["spec"]["template"]["metadata"].get("annotations", {}).pop(SECRETS_VERSION, None)
    for revision, item in list(before.items())[:1]:
        newest = _read(item)
        if newest is not None and list(newest.objects) == kept:
            return revision, False
    revision = max(before, default=0) + 1
    with contextlib.suppress(AlreadyExistsError):  # the answer to the first attempt got lost
        cluster.create(_manifest(namespace, revision, kept, version, reason))
    for old in list(before)[KEPT - 1 :]:
        cluster.delete(kinds.CONFIG_MAP, _name(old), namespace, propagation="Background")
    return revision, True


def workloads(cluster: Cluster, namespace: str) -> list[Object]:
    """Return the cluster's workloads, for `Release.runs`."""
    return [item for kind in (kinds.DEPLOYMENT, kinds.STATEFUL_SET) for item in cluster.list(kind, namespace)[0]]


def choose(releases: Sequence[Release], revision: int | None, live: Sequence[Object]) -> Release:
    """Return the release of that revision; of None the newest one that is not what runs.

    After an install that failed that is the one that ran before it. Raises UsageError where there is none.
    """
    if revision is None:
        found = next((one for one in releases if not one.runs(live)), None)
        what = "there is no release to go back to"
    else:
        found = next((one for one in releases if one.revision == revision), None)
        what = f"there is no release {revision}"
    if found is None:
        there = ", ".join(str(one.revision) for one in releases) or "none"
        raise UsageError(
            "rollback.no-release",
            what,
            because=f"the cluster has these: {there}",
            hint="see `todoctl history`; each `todoctl install` that changes something makes one",
        )
    return found


def sideloaded(objects: Sequence[Object]) -> tuple[str, ...]:
    """Return the references of the images in these objects that nodes cannot pull."""
    never = (item for item in _containers(objects) if item.get("imagePullPolicy") == "Never")
    return tuple(dict.fromkeys(container["image"] for container in never))


def _recorded(cluster: Cluster, namespace: str) -> dict[int, Object]:
    """Return the ConfigMaps by revision, the newest first."""
    [(label, value)] = _LABEL.items()
    items, _ = cluster.list(kinds.CONFIG_MAP, namespace, labels=f"{label}={value}")
    named = {_NAME.match(item["metadata"]["name"]): item for item in items}
    by_revision = {int(found[1]): item for found, item in named.items() if found}
    return dict(sorted(by_revision.items(), reverse=True))


def _label(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _is_asked(wanted: Object | None, live: Object | None) -> bool:
    """Tell whether a live workload's pods are those of a release, with no field of todoctl's own beyond them."""
    if wanted is None or live is None:
        there = wanted or live or {}
        return _label(there) == _DATABASE or (wanted is None and owned(there) is None)
    template, asked = wanted["spec"]["template"], live["spec"]["template"]
    ours = minus(owned(live) or {}, _NOT_RECORDED).get("f:spec", {}).get("f:template", {})
    return _is_within(template, asked) and not beyond(ours, asked, template)


def _is_within(wanted: Any, live: Any) -> bool:
    """Tell whether the live value is the manifest's: the server adds fields, drops empty ones, and adds to no list."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(_is_within(value, live.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(map(_is_within, wanted, live))
    return bool(wanted == live) or (not wanted and live is None)


def _containers(objects: Sequence[Object]) -> Iterator[Object]:
    for workload in order.workloads(objects):
        pod = workload["spec"]["template"]["spec"]
        yield from pod.get("initContainers", ())
        yield from pod["containers"]


def _name(revision: int) -> str:
    return f"{_PREFIX}{revision}"


def _manifest(namespace: str, revision: int, objects: Sequence[Object], version: str, reason: str) -> dict[str, Any]:
    packed = gzip.compress(json.dumps(objects).encode(), mtime=0)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": _name(revision),
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "todo-app", **_LABEL},
        },
        "immutable": True,
        "data": {"version": version, "reason": reason},
        "binaryData": {_MANIFESTS: base64.b64encode(packed).decode()},
    }


def _read(item: Object) -> Release | None:
    metadata = item["metadata"]
    revision = int(metadata["name"].removeprefix(_PREFIX))
    try:
        objects = json.loads(gzip.decompress(base64.b64decode(item["binaryData"][_MANIFESTS])))
        data = item["data"]
        return Release(revision, metadata["creationTimestamp"], data["version"], data["reason"], tuple(objects))
    except (KeyError, ValueError, TypeError, OSError, EOFError, zlib.error):
        return None
