"""What an apply would do, asked of the server by dry runs: nothing here writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import ApiError, FieldConflict, FieldConflictError
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.deadline import SLICE_SECONDS
from todoctl.errors import ClusterError, ConflictError
from todoctl.objects import adopt, immutable, order
from todoctl.objects.diff import OWNERSHIP, Action, Change, ChangeSet, Difference, compare, lookup
from todoctl.objects.hidden import hidden
from todoctl.objects.immutable import HOLDS_DATA, Immutable

CONCURRENT_REQUESTS = 8
_READS = 5

Manifest = Mapping[str, Any]
Live = Mapping[tuple[str, str], "Object | None"]
"""What is live of an installation, by kind and name."""
T = TypeVar("T")


@dataclass(frozen=True)
class Conflict:
    """A field that another manager owns, at the API's own path, with both values; secrets in them are masked."""

    field: str
    owner: str
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        """Return `.spec.replicas: kubectl has 1, the manifests have 0`."""
        return f"{self.field}: {self.owner} has {_shown(self.theirs)}, the manifests have {_shown(self.ours)}"


@dataclass(frozen=True)
class Planned:
    """One object: its manifest, what is live (None: nothing), and what an apply would do, were it to win conflicts."""

    manifest: Manifest
    live: Object | None
    change: Change
    conflicts: tuple[Conflict, ...] = ()
    refused: Immutable | None = None
    adopted: tuple[str, ...] = ()
    """The managers whose fields are to become todoctl's first; the change is what follows from that."""
    handed_over: bool = False
    """Whether todoctl gives up the replicas first, for an autoscaler."""
    woken: int | None = None
    """How many pods it gets where it has none: an autoscaler rests while none are asked for, so it never would."""

    @property
    def label(self) -> str:
        """`Deployment/todo-backend`."""
        return f"{self.change.kind}/{self.change.name}"


@dataclass(frozen=True)
class ApplyPlan:
    """What an apply of all objects would do, in their order."""

    objects: tuple[Planned, ...]

    @property
    def changes(self) -> ChangeSet:
        """What would become of each object."""
        return ChangeSet(tuple(one.change for one in self.objects))

    @property
    def adopting(self) -> tuple[Planned, ...]:
        """The objects that `kubectl apply` or Helm made."""
        return tuple(one for one in self.objects if one.adopted)

    @property
    def conflicting(self) -> tuple[Planned, ...]:
        """The objects of which another manager owns a field."""
        return tuple(one for one in self.objects if one.conflicts)

    def require_no_conflict(self) -> None:
        """Raise ConflictError, with every field, its owner and both values, unless todoctl may set all it wants to."""
        if self.conflicting:
            raise conflict(self.conflicting)

    def require_changeable(self, recreate: Collection[str] = ()) -> None:
        """Raise ClusterError where the server refuses a change, unless `recreate` has the object's label."""
        refused = [one for one in self.objects if one.refused and one.label not in recreate]
        if not refused:
            return
        kept = [one for one in refused if kinds.of(one.manifest) in HOLDS_DATA]
        lost = [one.label for one in refused if one not in kept]
        hints = [f"{one.label} is never recreated: {HOLDS_DATA[kinds.of(one.manifest)]}" for one in kept]
        if lost:
            flags = " ".join(f"--recreate {label}" for label in lost)
            hints.append(f"delete and recreate what holds no data: run `todoctl install` or `rollback` with `{flags}`")
        raise ClusterError(
            "objects.immutable",
            "; ".join(f"{one.label}: {one.refused}" for one in refused),
            because="\n".join(one.refused.because for one in refused if one.refused),
            hint="\n".join(hints),
        )


def conflict(objects: Sequence[Planned]) -> ConflictError:
    """Return the error that shows every conflict of some objects."""
    return ConflictError(
        "cluster.conflict",
        f"cannot apply {', '.join(one.label for one in objects)}",
        because="another field manager owns what the manifests set",
        hint="undo the other manager's change, or take over exactly these fields: "
        "run `todoctl install` or `rollback` with `--force-conflicts`",
        details=tuple(f"{one.label} {conflict}" for one in objects for conflict in one.conflicts),
    )


def plan(cluster: Cluster, objects: Sequence[Manifest], *, live: Sequence[Object | None] | None = None) -> ApplyPlan:
    """Ask what applying the objects would do. Everything is read at once (unless `live` has it), then dry-run at once.

    What belongs into a Namespace of `objects` that is not there yet would be created: the server could not tell.
    An object that is being deleted is an error: what is applied to it would go with it. Raises ClusterError.
    """
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        found = list(live) if live is not None else at_once(pool, lambda item: read(cluster, item), objects)
        pairs = list(zip(objects, found, strict=True))
        absent = {item["metadata"]["name"] for item, there in pairs if item["kind"] == "Namespace" and there is None}
        minimums = order.minimums(objects)

        def one(pair: tuple[Manifest, Object | None]) -> Planned:
            return _plan_one(cluster, *pair, absent, minimums.get(name_of(pair[0])))

        return ApplyPlan(tuple(at_once(pool, one, pairs)))


def read(cluster: Cluster, manifest: Manifest) -> Object | None:
    """Return the live object of a manifest, or None."""
    metadata = manifest["metadata"]
    return cluster.get(kinds.of(manifest), metadata["name"], metadata.get("namespace"))


def read_all(cluster: Cluster, objects: Sequence[Manifest]) -> list[Object | None]:
    """Return the live objects of all manifests, read at once."""
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        return at_once(pool, lambda item: read(cluster, item), objects)


def read_by_name(cluster: Cluster, objects: Sequence[Manifest]) -> Live:
    """Return the live objects of all manifests, read at once, by kind and name."""
    return dict(zip(map(name_of, objects), read_all(cluster, objects), strict=True))


def name_of(item: Manifest) -> tuple[str, str]:
    """Return an object's kind and name."""
    return (item["kind"], item["metadata"]["name"])


def at_once(pool: ThreadPoolExecutor, work: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
    """Do the work for all items at once; when one fails, the others end before its error is raised.

    After Ctrl-C what has not begun does not begin.
    """
    try:
        futures = [pool.submit(work, item) for item in items]
        while wait(futures, timeout=SLICE_SECONDS).not_done:
            pass
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return [future.result() for future in futures]


def plan_one(cluster: Cluster, manifest: Manifest, live: Object | None, minimum: int | None = None) -> Planned:
    """Ask what applying one object would do; `minimum` is its autoscaler's, if it has one. Raises ClusterError."""
    for _ in range(_READS):
        outcome, conflicts = _dry_run(cluster, manifest, live)
        # A dry run's result has the version of what it started from: of no other may the two be compared.
        if isinstance(outcome, Immutable) or _version(outcome) == _version(live):
            break
        live = read(cluster, manifest)
    adopted = adopt.managers(live)
    foreign = [one for one in conflicts if one.owner not in adopted or one.subresource]
    conflicting = _with_values(foreign, manifest, live or {})
    if live is not None and isinstance(outcome, Immutable):
        change = _refused(manifest, live, outcome)
        return Planned(manifest, live, change, conflicting, refused=outcome, adopted=adopted)
    result = cast("Object", outcome)
    handed_over = adopt.hands_over(live, manifest)
    if live is not None and (adopted or handed_over):
        result = adopt.predicted(live, result, manifest)
    woken = minimum if minimum and live is not None and result["spec"].get("replicas") == 0 else None
    if woken is not None:
        result = {**result, "spec": {**result["spec"], "replicas": woken}}
    change = compare(live, result)
    if adopted and change.action is Action.UNCHANGED:
        # All that differs is that somebody else owns the same fields too; that ends only with a write.
        change = replace(change, action=Action.CONFIGURED, differences=(Difference(OWNERSHIP, None, None),))
    return Planned(manifest, live, change, conflicting, adopted=adopted, handed_over=handed_over, woken=woken)


def _plan_one(
    cluster: Cluster, manifest: Manifest, live: Object | None, absent: set[str], minimum: int | None
) -> Planned:
    if manifest["metadata"].get("namespace") in absent:
        return Planned(manifest, None, compare(None, manifest))
    return plan_one(cluster, manifest, live, minimum)


def _dry_run(
    cluster: Cluster, manifest: Manifest, live: Object | None
) -> tuple[Object | Immutable, tuple[FieldConflict, ...]]:
    """Return what an apply would make of the object, if need be by taking fields over, and who owns those.

    Or the fields for whose sake the server refuses to change it.
    """
    if live is not None and live["metadata"].get("deletionTimestamp"):
        raise ClusterError(
            "objects.terminating",
            f"{manifest['kind']} `{manifest['metadata']['name']}` is being deleted",
            because="its deletion began before and has not ended",
            hint="wait until it is gone, then run the command again",
        )
    conflicts: tuple[FieldConflict, ...] = ()
    try:
        try:
            return cluster.apply(manifest, dry_run=True), conflicts
        except FieldConflictError as error:
            conflicts = error.conflicts
            return cluster.apply(manifest, dry_run=True, force=True), conflicts
    except ApiError as error:
        refused = immutable.refusal(error.causes, live, manifest) if live is not None else None
        if refused is None:
            raise
        return refused, conflicts


def _version(item: Object | None) -> str | None:
    version: str | None = item["metadata"].get("resourceVersion") if item is not None else None
    return version


def _refused(manifest: Manifest, live: Object, refused: Immutable) -> Change:
    """Return the change that would be, were the fields not immutable."""
    differences = tuple(
        Difference(field, _value(manifest, live, f".{field}"), _value(manifest, manifest, f".{field}"))
        for field in refused.fields
    )
    metadata = manifest["metadata"]
    return Change(manifest["kind"], metadata["name"], metadata.get("namespace"), Action.CONFIGURED, differences)


def _with_values(
    conflicts: Iterable[FieldConflict], manifest: Manifest, live: Mapping[str, Any]
) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(one.field, one.owner, _value(manifest, live, one.field), _value(manifest, manifest, one.field))
        for one in conflicts
    )


def _value(manifest: Manifest, side: Mapping[str, Any], field: str) -> Any:
    return hidden(manifest["kind"], field.removeprefix("."), lookup(side, field))


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
