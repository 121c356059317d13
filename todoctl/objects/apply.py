"""Server-side apply: stage by stage, and only what drifted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import FieldConflict, FieldConflictError
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.errors import ClusterError, ConflictError
from todoctl.objects import order
from todoctl.objects.diff import Action, Change, ChangeSet, compare, lookup

CONCURRENT_REQUESTS = 8
_READS = 5
_SLICE_SECONDS = 0.5  # Windows does not interrupt a wait, so no wait is longer than this

T = TypeVar("T")


def apply(
    cluster: Cluster,
    objects: Sequence[Mapping[str, Any]],
    *,
    observe: Callable[[Change], None] = lambda _: None,
) -> ChangeSet:
    """Make the objects of the cluster what `objects` say, and tell what had to be done.

    Stages follow `order.STAGES`. Within one, everything is read at once, then dry-run at once, and only when the
    server has accepted all of it is anything written, and only what drifted: nothing is bumped for nothing.
    `observe` is told of each object when its stage is done. An object that is being deleted is an error: what is
    applied to it would go with it.

    Raises ConflictError when another field manager owns a field (with the field, its owner and both values), and
    ClusterError.
    """
    changes: list[Change] = []
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        for stage in order.in_stages(objects):
            changes += _apply_stage(cluster, stage, pool, observe)
    return ChangeSet(tuple(changes))


def _apply_stage(
    cluster: Cluster,
    stage: Sequence[Mapping[str, Any]],
    pool: ThreadPoolExecutor,
    observe: Callable[[Change], None],
) -> list[Change]:
    compared = _all(pool, lambda item: _compare(cluster, item), stage)
    drifted = [
        (item, live)
        for item, (live, change) in zip(stage, compared, strict=True)
        if change.action is not Action.UNCHANGED
    ]
    _all(pool, lambda pair: _apply_one(cluster, *pair, dry_run=False), drifted)
    changes = [change for _, change in compared]
    for change in changes:
        observe(change)
    return changes


def _compare(cluster: Cluster, manifest: Mapping[str, Any]) -> tuple[Object | None, Change]:
    """Return the live object of a manifest, and what a dry run says that applying would do to it."""
    live = read(cluster, manifest)
    for _ in range(_READS):
        change = compare(live, _apply_one(cluster, manifest, live, dry_run=True))
        if live is None or change.action is Action.UNCHANGED:
            break
        # A controller may have written between the read and the dry run: its change is not drift.
        before, live = live, read(cluster, manifest)
        if live is not None and live["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]:
            break
    return live, change


def read(cluster: Cluster, manifest: Mapping[str, Any]) -> Object | None:
    """Return the live object of a manifest, or None."""
    metadata = manifest["metadata"]
    return cluster.get(kinds.of(manifest), metadata["name"], metadata.get("namespace"))


def read_all(cluster: Cluster, objects: Sequence[Mapping[str, Any]]) -> list[Object | None]:
    """Return the live objects of all manifests, read at once."""
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        return _all(pool, lambda item: read(cluster, item), objects)


def _apply_one(
    cluster: Cluster, manifest: Mapping[str, Any], live: Mapping[str, Any] | None, *, dry_run: bool
) -> Object:
    if live is not None and live["metadata"].get("deletionTimestamp"):
        raise ClusterError(
            "objects.terminating",
            f"{manifest['kind']} `{manifest['metadata']['name']}` is being deleted",
            because="its deletion began before and has not ended",
            hint="wait until it is gone, then run the command again",
        )
    try:
        return cluster.apply(manifest, dry_run=dry_run)
    except FieldConflictError as error:
        raise _with_values(error, manifest, live or {}) from error


def _with_values(error: FieldConflictError, manifest: Mapping[str, Any], live: Mapping[str, Any]) -> ConflictError:
    def line(conflict: FieldConflict) -> str:
        theirs, ours = (json.dumps(lookup(side, conflict.field)) for side in (live, manifest))
        return f"{conflict.field}: {conflict.owner} has {theirs}, the manifests have {ours}"

    return ConflictError(
        error.id,
        error.what,
        because=error.because,
        hint=error.hint,
        details=tuple(line(conflict) for conflict in error.conflicts),
    )


def _all(pool: ThreadPoolExecutor, work: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
    """Do the work for all items at once; when one fails, the others end before its error is raised.

    After Ctrl-C what has not begun does not begin.
    """
    try:
        futures = [pool.submit(work, item) for item in items]
        while wait(futures, timeout=_SLICE_SECONDS).not_done:
            pass
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return [future.result() for future in futures]
