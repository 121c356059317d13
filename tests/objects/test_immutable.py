"""The texts of the refusals are those of Kubernetes 1.35."""

from __future__ import annotations

from typing import Any

import pytest

from todoctl.adapters.apiserver import Cause
from todoctl.errors import UsageError
from todoctl.objects.immutable import Immutable, made_anew, refusal

STATEFUL_SET = Cause(
    "spec",
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
    "forbidden",
)
CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
DEFAULTED_CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"},
}
LIVE_SET = {
    "replicas": 1,
    "serviceName": "todo-postgres",
    "selector": {"matchLabels": {"a": "b"}},
    "volumeClaimTemplates": [DEFAULTED_CLAIM],
}
BIGGER_CLAIM = {**CLAIM, "spec": {"resources": {"requests": {"storage": "2Gi"}}}}


@pytest.mark.parametrize(
    ("causes", "live", "wanted", "fields"),
    [
        pytest.param(
            [Cause("spec.selector", 'Invalid value: {"matchLabels":{"a":"c"}}: field is immutable')],
            {},
            {"selector": {}},
            ("spec.selector",),
            id="a Deployment's selector",
        ),
        pytest.param(
            [Cause("spec.clusterIPs[0]", 'Invalid value: ["None"]: may not change once set')],
            {},
            {"clusterIP": "None"},
            ("spec.clusterIP",),
            id="a Service's address",
        ),
        pytest.param(
            [STATEFUL_SET],
            LIVE_SET,
            {**LIVE_SET, "serviceName": "other", "replicas": 2, "volumeClaimTemplates": [CLAIM]},
            ("spec.serviceName",),
            id="a StatefulSet's Service",
        ),
        pytest.param(
            [STATEFUL_SET],
            LIVE_SET,
            {**LIVE_SET, "volumeClaimTemplates": [BIGGER_CLAIM], "selector": {"matchLabels": {"a": "c"}}},
            ("spec.volumeClaimTemplates", "spec.selector"),
            id="a StatefulSet's claim and selector",
        ),
        pytest.param(
            [STATEFUL_SET], LIVE_SET, LIVE_SET, ("spec",), id="a StatefulSet in which nothing differs as written"
        ),
        pytest.param(
            [Cause("spec", "Forbidden: spec is immutable after creation except resources.requests\n@@ -10,7 +10,7 @@")],
            {"storageClassName": "x"},
            {"storageClassName": "y"},
            ("spec.storageClassName",),
            id="a claim's class",
        ),
        pytest.param(
            [Cause("data", "Forbidden: field is immutable when `immutable` is set")],
            {},
            {},
            ("data",),
            id="a ConfigMap",
        ),
        pytest.param([Cause("roleRef", "Invalid value: {}: cannot change roleRef")], {}, {}, ("roleRef",), id="a role"),
    ],
)
def test_a_refusal_names_the_field_that_cannot_change(
    causes: list[Cause], live: dict[str, Any], wanted: dict[str, Any], fields: tuple[str, ...]
) -> None:
    refused = refusal(causes, {"spec": live}, {"spec": wanted})
    assert refused is not None
    assert set(refused.fields) == set(fields)
    assert "\n" not in refused.because


@pytest.mark.parametrize(
    "causes",
    [
        [],
        [Cause("spec.replicas", "Invalid value: -1: must be greater than or equal to 0")],
        [
            Cause("spec.selector", "Invalid value: {}: field is immutable"),
            Cause("spec.replicas", "Invalid value: -1: must be greater than or equal to 0"),
        ],
    ],
    ids=["none", "another", "both"],
)
def test_a_refusal_that_says_anything_else_is_not_one_of_immutable_fields(causes: list[Cause]) -> None:
    assert refusal(causes, {}, {}) is None


def test_an_immutable_field_reads_well() -> None:
    assert str(Immutable(("spec.selector", "spec.serviceName"), "")) == (
        "spec.selector, spec.serviceName cannot be changed"
    )


OBJECTS = [
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "todo-backend"}},
    {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "todo-postgres"}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "todo-app"}},
]


@pytest.mark.parametrize("wanted", ["Deployment/todo-backend", "deployment/todo-backend"])
def test_what_holds_no_data_may_be_made_anew(wanted: str) -> None:
    assert made_anew(wanted, OBJECTS) == "Deployment/todo-backend"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ("StatefulSet/todo-postgres", "recreate.data"),
        ("persistentvolumeclaim/data-todo-postgres-0", "recreate.data"),
        ("Secret/todo-secrets", "recreate.data"),
        ("Namespace/todo-app", "recreate.data"),
        ("Namespace/another", "recreate.data"),
        ("Deployment/other", "recreate.unknown"),
        ("todo-backend", "recreate.unknown"),
        ("", "recreate.unknown"),
    ],
)
def test_what_holds_data_or_is_unknown_is_refused_by_name(wanted: str, error: str) -> None:
    with pytest.raises(UsageError) as caught:
        made_anew(wanted, OBJECTS)
    assert caught.value.id == error
    assert caught.value.because
