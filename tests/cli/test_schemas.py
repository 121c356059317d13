"""The JSON Schemas of `-o json`. What the tests make todoctl print is held to them in conftest.py and harness.py."""

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError

from schemas import FOLDER, SCHEMAS, SHARED, check
from todoctl.access.hosts import Entry
from todoctl.objects import diff, status
from todoctl.preflight import check as preflight
from todoctl.recipes.doctor import Outcome
from todoctl.secrets import SecretAction
from verbs import VERBS


def test_every_verb_has_a_schema_of_its_data_and_every_schema_a_verb():
    assert {verb.replace(" ", "-") for verb in VERBS} == set(SCHEMAS) - SHARED


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_says_where_it_belongs(name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert SCHEMAS[name]["$id"] == f"https://todoctl.dev/schemas/v1/{name}.json"
    assert SCHEMAS[name]["title"]


def records(schema):
    """Yield every part of a schema that names properties."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from records(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from records(part)


@pytest.mark.parametrize("name", sorted(set(SCHEMAS) - {"common"}))
def test_a_schema_names_all_that_there_is_so_that_a_new_or_a_lost_field_shows(name):
    found = list(records(SCHEMAS[name]))
    assert found
    for record in found:
        assert record.get("additionalProperties") is False, record
        assert set(record["required"]) == set(record["properties"]), record


def test_shared_parts_name_all_that_there_is_too():
    for record in records(SCHEMAS["common"]["$defs"]):
        assert record["additionalProperties"] is False
        assert set(record["required"]) == set(record["properties"])


@pytest.mark.parametrize(
    ("name", "enum"),
    [
        ("action", diff.Action),
        ("secretAction", SecretAction),
        ("severity", preflight.Severity),
        ("checkStatus", preflight.Status),
        ("workloadStatus", status.Status),
        ("hostsEntry", Entry),
        ("fixOutcome", Outcome),
    ],
)
def test_a_schema_allows_the_words_that_the_code_has(name, enum):
    assert SCHEMAS["common"]["$defs"][name]["enum"] == [member.value for member in enum]


def envelope(**changed):
    data = {"version": "0.1.0", "python": "3.12.1", "system": "Linux", "machine": "x86_64"}
    return {"apiVersion": "todoctl/v1", "command": "version", "exitCode": 0, "data": data, "error": None, **changed}


ERROR = {"id": "usage", "what": "no such option", "because": None, "hint": None, "details": [], "log": None}


@pytest.mark.parametrize(
    "good",
    [
        envelope(),
        envelope(exitCode=2, data={}, error=ERROR),
        envelope(command="no verb", exitCode=2, data={}, error=ERROR),
    ],
)
def test_an_envelope_that_fits_is_let_through(good):
    check(good)


@pytest.mark.parametrize(
    "bad",
    [
        envelope(apiVersion="todoctl/v2"),
        envelope(exitCode="0"),
        envelope(extra=1),
        envelope(data={}),
        envelope(data={**envelope()["data"], "extra": 1}),
        envelope(error=ERROR),
        envelope(exitCode=0, data={}, error=ERROR),
        envelope(exitCode=2, data={}, error={**ERROR, "because": 1}),
        envelope(command="build", data={"images": [{"reference": "a"}]}),
    ],
    ids=str,
)
def test_an_envelope_that_drifted_is_found(bad):
    with pytest.raises(ValidationError):
        check(bad)


def test_the_files_are_written_in_one_way():
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        assert (FOLDER / f"{name}.json").read_text("utf-8") == text, name
