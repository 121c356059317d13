import copy
from typing import Any

import pytest

from todoctl.objects.diff import Action, ChangeSet, Difference, compare, lookup

LIVE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "ns",
        "uid": "1",
        "resourceVersion": "7",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"app.kubernetes.io/name": "web"},
        "managedFields": [
            {"manager": "todoctl", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}, "time": "t1"},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "time": "t2"},
        ],
    },
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "containers": [{"name": "app", "image": "app:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]
            }
        },
    },
    "status": {"replicas": 2},
}


def changed(**paths: Any) -> dict[str, Any]:
    """A copy of LIVE with the value at each path, its steps joined by __, replaced."""
    item = copy.deepcopy(LIVE)
    for path, value in paths.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        place = item
        for step in steps:
            place = place[step]
        place[last] = value
    return item


IMAGE = "spec__template__spec__containers__0__image"


@pytest.mark.parametrize(
    ("result", "action", "fields"),
    [
        pytest.param(LIVE, Action.UNCHANGED, (), id="the same"),
        pytest.param(
            changed(
                metadata__resourceVersion="8",
                metadata__generation=4,
                metadata__uid="2",
                metadata__creationTimestamp="x",
            ),
            Action.UNCHANGED,
            (),
            id="the server's own metadata does not count",
        ),
        pytest.param(changed(status={"replicas": 1}), Action.UNCHANGED, (), id="status does not count"),
        pytest.param(
            changed(metadata__managedFields__0__time="t3", metadata__managedFields__1__time="t4"),
            Action.UNCHANGED,
            (),
            id="times of managers do not count",
        ),
        pytest.param(changed(spec__replicas=3), Action.CONFIGURED, ("spec.replicas",), id="a value"),
        pytest.param(
            changed(**{IMAGE: "app:2"}),
            Action.CONFIGURED,
            ("spec.template.spec.containers[app].image",),
            id="a value in a named item of a list",
        ),
        pytest.param(
            changed(spec__template__spec__containers__0__ports__0__containerPort=81),
            Action.CONFIGURED,
            ("spec.template.spec.containers[app].ports[0].containerPort",),
            id="a value in a nameless item of a list",
        ),
        pytest.param(
            changed(metadata__labels={"app.kubernetes.io/name": "web", "new": "x"}),
            Action.CONFIGURED,
            ("metadata.labels.new",),
            id="a label more",
        ),
        pytest.param(
            changed(spec__template__spec__containers=[]),
            Action.CONFIGURED,
            ("spec.template.spec.containers",),
            id="a list of another length",
        ),
        pytest.param(
            changed(metadata__managedFields__0__fieldsV1={"f:spec": {}}),
            Action.CONFIGURED,
            ("metadata.managedFields",),
            id="the set of fields that todoctl owns",
        ),
        pytest.param(
            changed(metadata__managedFields__1__manager="kubectl"), Action.UNCHANGED, (), id="another manager's fields"
        ),
    ],
)
def test_drift_is_a_value_or_the_set_of_owned_fields(
    result: dict[str, Any], action: Action, fields: tuple[str, ...]
) -> None:
    change = compare(LIVE, result)
    assert (change.kind, change.name, change.namespace) == ("Deployment", "web", "ns")
    assert (change.action, change.fields) == (action, fields)


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        pytest.param({"spec": {"a": 1}}, {"spec": {"a": 2}}, [("spec.a", 1, 2)], id="a value"),
        pytest.param({"spec": {"a": 1}}, {"spec": {}}, [("spec.a", 1, None)], id="a field that goes away"),
        pytest.param({}, {"spec": {"a": {"b": 1}}}, [("spec", None, {"a": {"b": 1}})], id="a tree that is new"),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "A", "value": "3"}, {"name": "C", "value": "4"}]},
            [
                ("env[A].value", "1", "3"),
                ("env[B]", {"name": "B", "value": "2"}, None),
                ("env[C]", None, {"name": "C", "value": "4"}),
            ],
            id="named items that come and go",
        ),
        pytest.param(
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"name": "B"}, {"name": "A"}]},
            [("env[0].name", "A", "B"), ("env[1].name", "B", "A")],
            id="another order of named items",
        ),
        pytest.param({"args": ["a", "b"]}, {"args": ["a"]}, [("args", ["a", "b"], ["a"])], id="a shorter list"),
    ],
)
def test_a_difference_has_both_values(
    before: dict[str, Any], after: dict[str, Any], differences: list[tuple[str, Any, Any]]
) -> None:
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    change = compare({**head, **before}, {**head, **after})
    assert change.differences == tuple(Difference(*one) for one in differences)


def test_the_values_of_a_secret_are_not_in_its_change() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"kept": "YQ==", "gone": "YQ=="}}
    change = compare(secret, {**secret, "data": {"kept": "Yg==", "new": "Yw=="}})
    assert change.differences == (
        Difference("data.gone", "***", None),
        Difference("data.kept", "***", "***"),
        Difference("data.new", None, "***"),
    )


def test_what_is_not_there_is_created() -> None:
    assert compare(None, LIVE).action is Action.CREATED


def test_a_change_set_is_empty_when_nothing_changed() -> None:
    unchanged, created = compare(LIVE, LIVE), compare(None, LIVE)
    assert ChangeSet((unchanged,)).empty
    both = ChangeSet((unchanged,)) + ChangeSet((created,))
    assert not both.empty
    assert both.of(Action.CREATED) == (created,)
    assert str(created) == "Deployment/web created"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".spec.replicas", 2),
        (".metadata.labels.app.kubernetes.io/name", "web"),
        ('.spec.template.spec.containers[name="app"].image', "app:1"),
        ('.spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].protocol', "TCP"),
        ('.spec.template.spec.containers[name="other"].image', None),
        (".spec.missing", None),
        (".spec.replicas.deeper", None),
    ],
)
def test_a_field_path_of_the_api_finds_its_value(path: str, value: object) -> None:
    assert lookup(LIVE, path) == value
