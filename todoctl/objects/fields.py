"""Sets of fields as the API server keeps them for each manager (FieldsV1). Pure.

The form is that of https://kubernetes.io/docs/reference/using-api/server-side-apply: `f:name` is a key, `k:{…}` the
item of a list with these keys, `v:…` the item of a set, `i:0` one by its place. What is empty, or has a `.`, is itself
a member; the rest only leads to members.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Fields = Mapping[str, Any]
Path = tuple[str, ...]


def union(one: Fields, other: Fields) -> dict[str, Any]:
    """Return the set of what is in either."""
    merged = {**one}
    for key, below in other.items():
        # An empty node is a member, which a node with others below it says by a `.`.
        both = merged.get(key)
        if both is None or both == below:
            merged[key] = below
        else:
            merged[key] = union(*({".": {}} if not node and key != "." else node for node in (both, below)))
    return merged


def minus(fields: Fields, path: Path) -> dict[str, Any]:
    """Return the set without one member, and without what only led to it."""
    first, *rest = path
    if first not in fields:
        return {**fields}
    below = minus(fields[first], tuple(rest)) if rest else {}
    kept = {key: value for key, value in fields.items() if key != first}
    return {**kept, first: below} if below else kept


def members(fields: Fields, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each member."""
    for key, below in fields.items():
        if key == ".":
            yield path
        elif below:
            yield from members(below, (*path, key))
        else:
            yield (*path, key)


def left_over(gone: Fields, kept: Iterable[Fields]) -> list[Path]:
    """Return the members of `gone` that go away when nobody but `kept` has fields, each without those below it."""
    staying = {path[:length] for fields in kept for path in members(fields) for length in range(1, len(path) + 1)}
    going = {path for path in members(gone) if path not in staying}
    return sorted(path for path in going if not any(path[:length] in going for length in range(1, len(path))))


def without(item: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """Return a copy of an object without the values at some paths."""
    left = copy.deepcopy(dict(item))
    for path in paths:
        parent: Any = left
        for key in path[:-1]:
            parent = _step(parent, key)
        place = _place(parent, path[-1])
        if place is not None:
            del parent[place]
    return left


def taken(value: Any, fields: Fields) -> Any:
    """Return a copy of the part of a value that a set of fields names."""
    inner = {key: below for key, below in fields.items() if key != "."}
    if not inner:
        return copy.deepcopy(value)
    if isinstance(value, list):
        return [taken(item, below) for item in value for key, below in inner.items() if _names(key, item)]
    return {key[2:]: taken(value[key[2:]], below) for key, below in inner.items() if key[2:] in value}


def beyond(fields: Fields, value: Any, other: Any) -> bool:
    """Tell whether a set names a field that `value` has and `other` has not. Items of lists are paired by place."""
    places = ((_place(value, key), below) for key, below in fields.items() if key != ".")
    return any(
        not _has(other, place) or beyond(below, value[place], other[place])
        for place, below in places
        if place is not None
    )


def _has(parent: Any, place: str | int) -> bool:
    if isinstance(place, str):
        return isinstance(parent, dict) and place in parent
    return isinstance(parent, list) and place < len(parent)


def _step(parent: Any, key: str) -> Any:
    place = _place(parent, key)
    return None if place is None else parent[place]


def _place(parent: Any, key: str) -> str | int | None:
    """Return the key or index at which a step of a path leads on; None where it leads nowhere."""
    form, _, rest = key.partition(":")
    if form == "f":
        return rest if isinstance(parent, dict) and rest in parent else None
    if not isinstance(parent, list):
        return None
    if form == "i":
        return int(rest) if int(rest) < len(parent) else None
    return next((index for index, item in enumerate(parent) if _names(key, item)), None)


def _names(key: str, item: Any) -> bool:
    """Tell whether a `k:` or a `v:` names this item of a list."""
    form, _, text = key.partition(":")
    wanted = json.loads(text)
    return bool(item == wanted) if form == "v" else isinstance(item, dict) and wanted.items() <= item.items()
