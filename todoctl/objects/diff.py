"""Compare an object that is live with what an apply would make of it. Pure: nothing here talks to a cluster.

Both sides come from the API server, the second by a dry run, so that defaults, quantities and protocols have the same
form on both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import FIELD_MANAGER
from todoctl.objects.hidden import hidden

OWNERSHIP = "metadata.managedFields"
"""The path that stands for the set of fields that todoctl owns, where no value differs."""

SEVERAL = 3
"""From how many objects on what they have in common is told only once."""

_NOISE = frozenset({"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"})


class Action(Enum):
    """What became of one object."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    RECREATED = "recreated"
    """Deleted and made anew, for a field that cannot be changed."""
    PRUNED = "pruned"
    """Deleted, as the manifests no longer have it."""
    DELETED = "deleted"


@dataclass(frozen=True)
class Difference:
    """One value that differs, at a path such as `spec.replicas`; None: it is not there. Secrets in it are masked."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """Return `spec.replicas: 1 → 2`."""
        if self.before == self.after:
            return f"{self.path}: differs"
        shown = (
            "nothing" if value is None else json.dumps(value, ensure_ascii=False) for value in (self.before, self.after)
        )
        return f"{self.path}: {' → '.join(shown)}"


@dataclass(frozen=True)
class Change:
    """One object and what became of it."""

    kind: str
    name: str
    namespace: str | None
    action: Action
    differences: tuple[Difference, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The paths that differ."""
        return tuple(one.path for one in self.differences)

    def __str__(self) -> str:
        """Return `Deployment/todo-backend configured`."""
        return f"{self.kind}/{self.name} {self.action.value}"


@dataclass(frozen=True)
class ChangeSet:
    """What became of each object, in the order in which they were handled."""

    changes: tuple[Change, ...] = ()

    def __add__(self, other: ChangeSet) -> ChangeSet:
        """Return the changes of both, one after the other."""
        return ChangeSet(self.changes + other.changes)

    def of(self, action: Action) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.action is action)

    @property
    def empty(self) -> bool:
        """Tell whether nothing was changed."""
        return all(change.action is Action.UNCHANGED for change in self.changes)


def compare(live: Mapping[str, Any] | None, result: Mapping[str, Any]) -> Change:
    """Tell what applying does to `live` (None: it is not there), where `result` is what a dry run answered.

    Drift is a value, or the set of fields that todoctl owns; status and the server's own metadata do not count.
    """
    metadata = result["metadata"]

    def change(action: Action, differences: tuple[Difference, ...] = ()) -> Change:
        return Change(kinds.of(result).name, metadata["name"], metadata.get("namespace"), action, differences)

    if live is None:
        return change(Action.CREATED)
    differences = tuple(
        Difference(path, hidden(live["kind"], path, before), hidden(live["kind"], path, after))
        for path, before, after in _differences(_significant(live), _significant(result), "")
    )
    if not differences and owned(live) != owned(result):
        differences = (Difference(OWNERSHIP, None, None),)
    return change(Action.CONFIGURED if differences else Action.UNCHANGED, differences)


def common(changes: Sequence[Change]) -> list[tuple[Difference, int]]:
    """Return the differences that several changes have alike, each with the number of them: worth telling only once."""
    counted: list[tuple[Difference, int]] = []
    for difference in (one for change in changes for one in change.differences):
        if all(difference != other for other, _ in counted):
            counted.append((difference, sum(difference in change.differences for change in changes)))
    return [
        (difference, number) for difference, number in counted if number >= SEVERAL and difference.path != OWNERSHIP
    ]


def lookup(tree: Any, path: str) -> Any:
    """Return what is at a field path of the API, such as `.spec.ports[port=80,protocol="TCP"].targetPort`, or None.

    Keys may hold dots (`.metadata.labels.app.kubernetes.io/name`), so every split that fits is tried.
    """
    if not path or tree is None:
        return tree
    if path.startswith("[") and isinstance(tree, list):
        selector, _, rest = path[1:].partition("]")
        return next((lookup(item, rest) for item in tree if _selected(item, selector)), None)
    if path.startswith(".") and isinstance(tree, dict):
        for key in sorted(tree, key=len, reverse=True):
            rest = path[1 + len(key) :]
            if path[1:].startswith(key) and (not rest or rest[0] in ".["):
                return lookup(tree[key], rest)
    return None


def _selected(item: Any, selector: str) -> bool:
    if selector.startswith("="):
        return str(item) == selector[1:].strip('"')
    pairs = (pair.partition("=") for pair in selector.split(","))
    return isinstance(item, dict) and all(str(item.get(key)) == value.strip('"') for key, _, value in pairs)


def _significant(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in item.items() if key != "status"}
    kept["metadata"] = {key: value for key, value in item["metadata"].items() if key not in _NOISE}
    return kept


def owned(item: Mapping[str, Any]) -> Any:
    """Return the set of fields that todoctl applied, in the API's own form (FieldsV1)."""
    for entry in item["metadata"].get("managedFields", ()):
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return entry.get("fieldsV1")
    return None


def _differences(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield path and both values of what differs, as deep as both sides have the same shape."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif before and after and (pairs := _paired(before, after)) is not None:
        for name, one, other in pairs:
            yield from _differences(one, other, f"{path}[{name}]")
    elif before != after:
        yield path, before, after


def _paired(before: Any, after: Any) -> list[tuple[Any, Any, Any]] | None:
    """Pair the items of two lists by their names, or by their places in lists of one length; None: neither fits."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return None
    one, other = ({item.get("name"): item for item in side if isinstance(item, dict)} for side in (before, after))
    all_named = None not in {*one, *other} and (len(one), len(other)) == (len(before), len(after))
    if all_named and [name for name in one if name in other] == [name for name in other if name in one]:
        return [(name, one.get(name), other.get(name)) for name in {**one, **other}]
    if len(before) == len(after):
        return [(index, *pair) for index, pair in enumerate(zip(before, after, strict=True))]
    return None
