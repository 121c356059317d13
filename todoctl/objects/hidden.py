"""What must not be shown of an object's fields. Pure."""

from __future__ import annotations

import re
from typing import Any

from todoctl.mask import mask

MASK = "***"

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which `kubectl apply` keeps all that it was given, the values of Secrets too."""

SECRET_NAME = re.compile(
    r"password|passwd|passphrase|secret|token|api[_-]?key|auth[_-]?config|database[_-]?url", re.IGNORECASE
)


def hidden(kind: str, path: str, value: Any) -> Any:
    """Return a value of an object's field with its secrets masked; what is not there (None) stays None.

    These are the data of a Secret, what `kubectl apply` remembers, environment variables with a telling name, and all
    that `mask` sees in a text.
    """
    if value is None:
        return None
    if path.endswith(LAST_APPLIED) or (kind == "Secret" and path.split(".", maxsplit=1)[0] in {"data", "stringData"}):
        return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK
    name = re.search(r"\.env\[([^]]+)\]\.value$", path)
    if name and SECRET_NAME.search(name[1]):
        return MASK
    if isinstance(value, dict):
        if isinstance(value.get("value"), str) and SECRET_NAME.search(str(value.get("name", ""))):
            value = {**value, "value": MASK}
        return {key: hidden(kind, f"{path}.{key}", item) for key, item in value.items()}
    if isinstance(value, list):
        return [hidden(kind, f"{path}[{index}]", item) for index, item in enumerate(value)]
    return mask(value) if isinstance(value, str) else value
