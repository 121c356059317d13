from __future__ import annotations

from typing import Any

import pytest

from todoctl.objects.fields import beyond, left_over, members, minus, union, without


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        pytest.param({}, {"f:a": {}}, {"f:a": {}}, id="nothing and something"),
        pytest.param({"f:a": {}}, {"f:a": {}}, {"f:a": {}}, id="the same"),
        pytest.param({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}}, {"f:a": {"f:b": {}, "f:c": {}}}, id="siblings"),
        pytest.param({"f:a": {}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}, id="a map and what is in it"),
        pytest.param(
            {"f:a": {".": {}, "f:b": {}}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}, id="a map with a dot"
        ),
        pytest.param(
            {"f:a": {'k:{"name":"x"}': {".": {}, "f:image": {}}}},
            {"f:a": {'k:{"name":"y"}': {".": {}}}},
            {"f:a": {'k:{"name":"x"}': {".": {}, "f:image": {}}, 'k:{"name":"y"}': {".": {}}}},
            id="items of a list",
        ),
    ],
)
def test_a_union_has_the_members_of_both(one: dict[str, Any], other: dict[str, Any], both: dict[str, Any]) -> None:
    assert union(one, other) == both
    assert set(members(union(other, one))) == set(members(both)) == {*members(one), *members(other)}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"f:spec": {"f:replicas": {}, "f:paused": {}}}, {"f:spec": {"f:paused": {}}}),
        ({"f:spec": {"f:replicas": {}}, "f:metadata": {}}, {"f:metadata": {}}),
        ({"f:spec": {".": {}, "f:replicas": {}}}, {"f:spec": {".": {}}}),
        ({"f:metadata": {}}, {"f:metadata": {}}),
    ],
)
def test_a_set_without_a_member_has_the_others(fields: dict[str, Any], left: dict[str, Any]) -> None:
    assert minus(fields, ("f:spec", "f:replicas")) == left


ITEM: dict[str, Any] = {
    "metadata": {"labels": {"a": "1", "b": "2"}, "annotations": {"x": "y"}},
    "spec": {
        "replicas": 2,
        "containers": [
            {"name": "app", "image": "a", "args": ["v"], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            {"name": "side", "image": "b"},
        ],
        "finalizers": ["one", "two"],
    },
}
APP = 'k:{"name":"app"}'
SIDE = 'k:{"name":"side"}'


@pytest.mark.parametrize(
    ("gone", "kept", "paths"),
    [
        pytest.param({"f:spec": {"f:replicas": {}}}, [], [("f:spec", "f:replicas")], id="nobody else has it"),
        pytest.param({"f:spec": {"f:replicas": {}}}, [{"f:spec": {"f:replicas": {}}}], [], id="another has it too"),
        pytest.param(
            {"f:metadata": {"f:annotations": {".": {}, "f:x": {}}}},
            [],
            [("f:metadata", "f:annotations")],
            id="a map goes as a whole",
        ),
        pytest.param(
            {"f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}}},
            [{"f:metadata": {"f:labels": {"f:b": {}}}}],
            [("f:metadata", "f:labels", "f:a")],
            id="a map stays for what another has in it",
        ),
        pytest.param(
            {"f:spec": {"f:containers": {APP: {".": {}, "f:image": {}}, SIDE: {".": {}, "f:image": {}}}}},
            [{"f:spec": {"f:containers": {APP: {".": {}, "f:image": {}}}}}],
            [("f:spec", "f:containers", SIDE)],
            id="an item of a list",
        ),
    ],
)
def test_what_nobody_keeps_is_left_over(
    gone: dict[str, Any], kept: list[dict[str, Any]], paths: list[tuple[str, ...]]
) -> None:
    assert left_over(gone, kept) == paths


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (("f:spec", "f:replicas"), lambda item: item["spec"].pop("replicas")),
        (("f:metadata", "f:labels", "f:a"), lambda item: item["metadata"]["labels"].pop("a")),
        (("f:spec", "f:containers", SIDE), lambda item: item["spec"]["containers"].pop(1)),
        (
            ("f:spec", "f:containers", APP, "f:ports", 'k:{"containerPort":80,"protocol":"TCP"}'),
            lambda item: item["spec"]["containers"][0]["ports"].pop(0),
        ),
        (("f:spec", "f:finalizers", 'v:"two"'), lambda item: item["spec"]["finalizers"].pop(1)),
        (("f:spec", "f:containers", APP, "f:args", "i:0"), lambda item: item["spec"]["containers"][0]["args"].pop(0)),
        (("f:spec", "f:absent"), lambda _: None),
        (("f:spec", "f:absent", "f:deeper"), lambda _: None),
        (("f:spec", "f:containers", 'k:{"name":"none"}', "f:image"), lambda _: None),
        (("f:spec", "f:replicas", "f:deeper"), lambda _: None),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_a_path_leads_to_what_is_taken_out_and_nothing_else_changes(path: tuple[str, ...], left: Any) -> None:
    expected = without(ITEM, [])
    left(expected)
    before = without(ITEM, [])
    assert without(ITEM, [path]) == expected
    assert before == ITEM


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"f:metadata": {"f:labels": {"f:a": {}}}}, False, id="what both have"),
        pytest.param({"f:metadata": {"f:labels": {".": {}, "f:b": {}}}}, True, id="a key"),
        pytest.param({"f:metadata": {"f:annotations": {}}}, True, id="a map as a whole"),
        pytest.param({"f:metadata": {"f:absent": {}}}, False, id="what the value has not either"),
        pytest.param({"f:spec": {"f:containers": {APP: {".": {}, "f:image": {}}}}}, False, id="within an item"),
        pytest.param({"f:spec": {"f:containers": {APP: {"f:args": {}}}}}, True, id="a key within an item"),
        pytest.param({"f:spec": {"f:containers": {SIDE: {".": {}, "f:name": {}}}}}, True, id="an item"),
        pytest.param({"f:spec": {"f:finalizers": {'v:"one"': {}}}}, False, id="a value of a list"),
        pytest.param({"f:spec": {"f:finalizers": {'v:"two"': {}}}}, True, id="another value of a list"),
        pytest.param(
            {"f:spec": {"f:containers": {APP: {"f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}}}}}}},
            False,
            id="an item whose key the server completed",
        ),
    ],
)
def test_what_a_set_names_beyond_another_value_is_found(fields, more):
    containers = [{"name": "app", "image": "other", "ports": [{"containerPort": 80}]}]
    other = {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": containers, "finalizers": ["one"]}}
    assert beyond(fields, ITEM, other) is more
