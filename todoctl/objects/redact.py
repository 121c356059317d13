"""Objects without their secrets, for a report; and the secrets that must not show elsewhere. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from todoctl.objects.hidden import MASK, SECRET_NAME, hidden

_LONGEST = 8192
_SHORTEST, _SHORTEST_TOLD = 8, 4
"""A value that is shorter is an ordinary word; one that is called a password counts from fewer characters."""


def redacted(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with its secrets masked, and without what only the API server needs.

    Of a Secret the keys stay; of what is long or binary, such as a recorded release, its length.
    """
    kind = item.get("kind", "")
    shown = {key: hidden(kind, key, value) for key, value in item.items()}
    metadata = {key: value for key, value in shown.get("metadata", {}).items() if key != "managedFields"}
    if metadata.get("annotations"):
        metadata["annotations"] = _by_name(metadata["annotations"])
    shown["metadata"] = metadata
    if kind == "ConfigMap":
        for field in {"data", "binaryData"} & set(shown):
            shown[field] = _by_name(shown[field], binary=field == "binaryData")
    return shown


def _by_name(values: Mapping[str, str] | None, *, binary: bool = False) -> dict[str, str]:
    return {
        name: f"({len(value)} characters)"
        if binary or len(value) > _LONGEST
        else MASK
        if SECRET_NAME.search(name)
        else value
        for name, value in (values or {}).items()
    }


def secrets_of(objects: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the values that must not show: of Secrets, of environment variables with a telling name, and in URLs."""
    return {
        part
        for name, value in _named_values(objects)
        for part in parts(value)
        if len(part) >= (_SHORTEST_TOLD if SECRET_NAME.search(name) or part != value else _SHORTEST)
    }


def parts(value: str) -> set[str]:
    """Return a value, and the password in it where it is a URL, as it is there and decoded."""
    found = {value.strip()}
    try:
        password = urlsplit(value).password
    except ValueError:
        password = None
    if password:
        found |= {password, unquote(password)}
    return found


def _named_values(objects: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in objects:
        if item.get("kind") == "Secret":
            for name, encoded in (item.get("data") or {}).items():
                try:
                    yield name, base64.b64decode(encoded).decode("utf-8", "replace")
                except binascii.Error:
                    yield name, encoded
        for entry in _environment(item):
            name, value = str(entry.get("name", "")), entry.get("value")
            if isinstance(value, str) and (SECRET_NAME.search(name) or len(parts(value)) > 1):
                yield name, value


def _environment(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the environment variables of all containers that there are in an object."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "env" and isinstance(item, list):
                yield from (entry for entry in item if isinstance(entry, Mapping))
            else:
                yield from _environment(item)
    elif isinstance(value, list):
        for item in value:
            yield from _environment(item)
