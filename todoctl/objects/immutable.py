"""Fields that cannot change once they are set: which they are, and what may be made anew for their sake. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import Cause
from todoctl.adapters.kinds import Kind
from todoctl.errors import UsageError

HOLDS_DATA: Mapping[Kind, str] = {
    kinds.NAMESPACE: "everything in it would go too",
    kinds.PERSISTENT_VOLUME_CLAIM: "its volume, with every account and task, would go with it",
    kinds.STATEFUL_SET: "the database that it runs would stop, and might not find its volume again",
    kinds.SECRET: "its values were made once, and what they protect would be lost",
}
"""Kinds that are never deleted to be made anew, and why."""

_IMMUTABLE = re.compile(
    r"immutable|may not change once set|cannot change|fields other than .* are forbidden", re.DOTALL
)
_FORM = re.compile(r"(\w+)\[\d+\]$")


@dataclass(frozen=True)
class Immutable:
    """The server's refusal to change an object: the fields, as `spec.selector`, and its own words."""

    fields: tuple[str, ...]
    because: str

    def __str__(self) -> str:
        """Return `spec.selector cannot be changed`."""
        return f"{', '.join(self.fields)} cannot be changed"


def made_anew(wanted: str, objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the label of the object that `wanted` names, as `Deployment/todo-backend`, in any letter case.

    Raises UsageError where `objects` have none of that name, and for one that holds data.
    """
    labels = {f"{item['kind']}/{item['metadata']['name']}": kinds.of(item) for item in objects}
    label = next((label for label in labels if label.lower() == wanted.lower()), wanted)
    kind = labels.get(label) or next((one for one in HOLDS_DATA if wanted.lower().startswith(f"{one}/".lower())), None)
    if kind is None:
        raise UsageError(
            "recreate.unknown",
            f"there is no object `{wanted}` in the manifests",
            because="they have " + ", ".join(sorted(one for one in labels if labels[one] not in HOLDS_DATA)),
            hint="name one of these as KIND/NAME",
        )
    if kind in HOLDS_DATA:
        raise UsageError(
            "recreate.data",
            f"`{label}` is never deleted to be recreated",
            because=HOLDS_DATA[kind],
            hint="keep the field as it is; `todoctl uninstall --data` removes everything, with all data",
        )
    return label


def refusal(causes: Sequence[Cause], live: Mapping[str, Any], manifest: Mapping[str, Any]) -> Immutable | None:
    """Return what the causes of a refusal say of immutable fields; None where they say anything else too.

    Of a StatefulSet the server only says which fields may change, so the others are compared.
    """
    if not causes or not all(_IMMUTABLE.search(cause.message) for cause in causes):
        return None
    fields = [field for cause in causes for field in _named(cause, live, manifest)]
    return Immutable(tuple(dict.fromkeys(fields)), "; ".join(_first_line(cause) for cause in causes))


def _named(cause: Cause, live: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    if cause.field == "spec":
        allowed = set(re.findall(r"'(\w+)'", cause.message))
        found = [f"spec.{field}" for field in _changed(manifest.get("spec", {}), live.get("spec", {}), allowed)]
        return found or ["spec"]
    # The server names the list that mirrors a field, such as `spec.clusterIPs[0]`: the manifests have the field.
    parent, _, last = cause.field.rpartition(".")
    mirrored = _FORM.match(last)
    single = mirrored[1].removesuffix("s") if mirrored else ""
    return [f"{parent}.{single}" if single in manifest.get(parent, {}) else cause.field]


def _changed(wanted: Mapping[str, Any], live: Mapping[str, Any], allowed: set[str]) -> Iterator[str]:
    return (field for field in wanted if field not in allowed and not _within(wanted[field], live.get(field)))


def _within(wanted: Any, live: Any) -> bool:
    """Tell whether `live` has all that is wanted; the server's defaults may have added more."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(_within(value, live.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(map(_within, wanted, live))
    return bool(wanted == live)


def _first_line(cause: Cause) -> str:
    return f"{cause.field}: {cause.message.splitlines()[0]}"
