"""What todoctl applied of an object, read back from the object itself. Pure.

To change one field of what is there by server-side apply, all that was applied must be sent again: what is left out
goes. The manifests of another version of todoctl may say something else; the object's own `managedFields` do not.
See https://kubernetes.io/docs/reference/using-api/server-side-apply/ and FieldsV1 in the API's reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from todoctl.adapters.kubernetes import Object
from todoctl.errors import ConflictError
from todoctl.objects.diff import owned
from todoctl.objects.fields import taken


def applied(live: Mapping[str, Any]) -> Object:
    """Return the manifest that todoctl applied last, with the values that the fields have now.

    Raises ConflictError for an object that todoctl never applied.
    """
    owned_fields = owned(live)
    if owned_fields is None:
        label = f"{live['kind']}/{live['metadata']['name']}"
        raise ConflictError(
            "objects.not-applied",
            f"{label} is not todoctl's to change",
            because="it was not applied by todoctl",
            hint="let `todoctl install` apply it first",
        )
    manifest: Object = taken(live, owned_fields)
    names = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    metadata = {**names, **manifest.pop("metadata", {})}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, **manifest}
