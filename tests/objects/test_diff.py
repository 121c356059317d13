import copy
from typing import Any

import pytest

from todoctl.objects.diff import Action, Change, ChangeSet, compare, lookup

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
    assert compare(LIVE, result) == Change("Deployment", "web", "ns", action, fields)


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
