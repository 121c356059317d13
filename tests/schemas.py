"""The checked-in JSON Schemas, and the question whether an envelope fits them."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
SCHEMAS = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))}
SHARED = {"envelope", "common"}
"""Those that are no verb's own."""

_REGISTRY = Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()])


@cache
def _validator(name):
    return Draft202012Validator(SCHEMAS[name], registry=_REGISTRY)


def check(envelope):
    """Raise ValidationError unless the envelope fits its schema, and its data the verb's own."""
    _validator("envelope").validate(envelope)
    if envelope["error"] is None:
        _validator(envelope["command"].replace(" ", "-")).validate(envelope["data"])
