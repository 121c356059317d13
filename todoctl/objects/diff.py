"""Compare an object that is live with what an apply would make of it. Pure: nothing here talks to a cluster.

Both sides come from the API server, the second by a dry run, so that defaults, quantities and protocols have the same
form on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import FIELD_MANAGER

_NOISE = frozenset({"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"})


class Action(Enum):
    """What became of one object."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True)
class Change:
    """One object and what became of it; `fields` are the paths that differed, such as `spec.replicas`."""

    kind: str
    name: str
    namespace: str | None
    action: Action
    fields: tuple[str, ...] = ()

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

    def change(action: Action, fields: tuple[str, ...] = ()) -> Change:
        return Change(kinds.of(result).name, metadata["name"], metadata.get("namespace"), action, fields)

    if live is None:
        return change(Action.CREATED)
    fields = tuple(_differences(_significant(live), _significant(result), ""))
    if not fields and _owned(live) != _owned(result):
        fields = ("metadata.managedFields",)
    return change(Action.CONFIGURED if fields else Action.UNCHANGED, fields)


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


def _owned(item: Mapping[str, Any]) -> Any:
    """Return the set of fields that todoctl applied, in the API's own form (FieldsV1)."""
    for entry in item["metadata"].get("managedFields", ()):
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return entry.get("fieldsV1")
    return None


def _differences(live: Any, result: Any, path: str) -> Iterator[str]:
    """Yield the paths of the values that differ, as deep as both sides have the same shape."""
    if isinstance(live, dict) and isinstance(result, dict):
        for key in sorted({*live, *result}):
            yield from _differences(live.get(key), result.get(key), f"{path}.{key}" if path else key)
    elif isinstance(live, list) and isinstance(result, list) and len(live) == len(result):
        for index, (before, after) in enumerate(zip(live, result, strict=True)):
            name = after.get("name") if isinstance(after, dict) else None
            yield from _differences(before, after, f"{path}[{name or index}]")
    elif live != result:
        yield path
