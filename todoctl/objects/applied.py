"""What todoctl applied of an object, read back from the object itself. Pure.

To change one field of what is there by server-side apply, all that was applied must be sent again: what is left out
goes. The manifests of another version of todoctl may say something else; the object's own `managedFields` do not.
See https://kubernetes.io/docs/reference/using-api/server-side-apply/ and FieldsV1 in the API's reference.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from todoctl.adapters.kubernetes import Object
from todoctl.errors import ConflictError
from todoctl.objects.diff import owned


def applied(live: Mapping[str, Any]) -> Object:
    """Return the manifest that todoctl applied last, with the values that the fields have now.

    Raises ConflictError for an object that todoctl never applied.
    """
    fields = owned(live)
    if fields is None:
        label = f"{live['kind']}/{live['metadata']['name']}"
        raise ConflictError(
            "objects.not-applied",
            f"{label} is not todoctl's to change",
            because="it was not applied by todoctl",
            hint="let `todoctl install` apply it first",
        )
    manifest: Object = _taken(live, fields)
    names = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    metadata = {**names, **manifest.pop("metadata", {})}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, **manifest}


def _taken(value: Any, fields: Mapping[str, Any]) -> Any:
    """Return the part of a value that a set of fields names; `f:` is a member, `k:` and `v:` an item of a list."""
    inner = {key: below for key, below in fields.items() if key != "."}
    if not inner:
        return copy.deepcopy(value)
    if isinstance(value, list):
        return [_taken(item, below) for item in value for key, below in inner.items() if _names(key, item)]
    return {key[2:]: _taken(value[key[2:]], below) for key, below in inner.items() if key[2:] in value}


def _names(key: str, item: Any) -> bool:
    kind, _, text = key.partition(":")
    wanted = json.loads(text)
    if kind == "v":
        return bool(item == wanted)
    return isinstance(item, dict) and all(item.get(name) == value for name, value in wanted.items())
