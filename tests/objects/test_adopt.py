from __future__ import annotations

from typing import Any

import pytest

from todoctl.objects.adopt import Release, adoptable, folded, hands_over, leaks, managers, predicted, releases
from todoctl.objects.hidden import LAST_APPLIED


def entry(manager: str, operation: str, fields: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "time": "2026-01-01T00:00:00Z",
        **rest,
    }


def deployment(*entries: dict[str, Any], **rest: Any) -> dict[str, Any]:
    metadata = {"name": "web", "resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 2}, **rest}


REPLICAS = {"f:spec": {"f:replicas": {}}}
IMAGE = {"f:spec": {"f:image": {}}}
CONTROLLER = entry("kube-controller-manager", "Update", {"f:status": {}}, subresource="status")
OURS = entry("todoctl", "Apply", IMAGE)


@pytest.mark.parametrize(
    ("manager", "operation", "rest", "adopted"),
    [
        ("kubectl-client-side-apply", "Update", {}, True),
        ("kubectl", "Apply", {}, True),
        ("kubectl-last-applied", "Apply", {}, True),
        ("helm", "Update", {}, True),
        ("helm", "Apply", {}, True),
        ("kubectl", "Update", {"subresource": "scale"}, False),
        ("kubectl", "Apply", {"apiVersion": "apps/v2"}, False),
        ("kubectl-edit", "Update", {}, False),
        ("kubectl-set", "Update", {}, False),
        ("argocd-controller", "Apply", {}, False),
        ("todoctl", "Apply", {}, False),
        ("todoctl", "Update", {}, False),
    ],
)
def test_who_is_adopted(manager: str, operation: str, rest: dict[str, Any], adopted: bool) -> None:  # noqa: FBT001 - a row
    live = deployment(CONTROLLER, entry(manager, operation, REPLICAS, **rest))
    assert managers(live) == ((manager,) if adopted else ())


def test_an_edit_of_what_kubectl_apply_made_is_adopted_with_it() -> None:
    edit = entry("kubectl-edit", "Update", REPLICAS)
    assert adoptable(deployment(edit, OURS)) == []
    assert managers(deployment(edit, entry("helm", "Apply", IMAGE))) == ("helm", "kubectl-edit")


def test_what_is_not_there_has_nobody_to_adopt() -> None:
    assert managers(None) == ()
    assert not leaks(None)
    assert releases([None]) == ()


def test_the_fold_gives_todoctl_the_fields_of_all_and_leaves_the_others() -> None:
    helm = entry("helm", "Apply", REPLICAS, time="2026-02-01T00:00:00Z")
    client = entry("kubectl-client-side-apply", "Update", {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}})
    mine, *rest = folded(deployment(OURS, helm, CONTROLLER, client), deployment())
    assert rest == [CONTROLLER]
    assert (mine["manager"], mine["operation"], mine["apiVersion"]) == ("todoctl", "Apply", "apps/v1")
    assert mine["time"] == "2026-02-01T00:00:00Z"
    assert mine["fieldsV1"] == {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {"f:replicas": {}, "f:image": {}},
    }
    assert adoptable(deployment(mine, *rest)) == []


def test_what_only_an_adopted_manager_has_is_predicted_to_go() -> None:
    helm = entry("helm", "Apply", {"f:spec": {"f:replicas": {}, "f:paused": {}, "f:note": {}}})
    other = entry("somebody", "Update", {"f:spec": {"f:note": {}}})
    live = deployment(helm, other, spec={"replicas": 2, "paused": True, "note": "x"})
    result = deployment(
        helm, other, entry("todoctl", "Apply", REPLICAS), spec={"replicas": 3, "paused": True, "note": "x"}
    )
    assert predicted(live, result, deployment())["spec"] == {"replicas": 3, "note": "x"}


WITHOUT_REPLICAS = deployment(spec={})
SCALED = entry("kube-controller-manager", "Update", REPLICAS, subresource="scale")


@pytest.mark.parametrize(
    ("live", "manifest", "expected"),
    [
        (deployment(entry("todoctl", "Apply", REPLICAS)), WITHOUT_REPLICAS, True),
        (deployment(entry("todoctl", "Apply", REPLICAS)), deployment(), False),
        (
            deployment(OURS, entry("kube-controller-manager", "Update", REPLICAS, subresource="scale")),
            WITHOUT_REPLICAS,
            False,
        ),
        (None, WITHOUT_REPLICAS, False),
    ],
    ids=["dropped", "kept", "another's", "not there"],
)
def test_replicas_that_the_manifest_drops_are_handed_over(live: Any, manifest: Any, expected: bool) -> None:  # noqa: FBT001 - a row
    assert hands_over(live, manifest) is expected


@pytest.mark.parametrize("replicas", [5, 0])
@pytest.mark.parametrize("manager", ["todoctl", "kubectl"])
def test_handed_over_replicas_are_nobody_s_and_stay(manager: str, replicas: int) -> None:
    both = {"f:spec": {"f:replicas": {}, "f:image": {}}}
    live = deployment(entry(manager, "Apply", both), spec={"replicas": replicas, "image": "a"})
    assert folded(live, WITHOUT_REPLICAS)[0]["fieldsV1"] == IMAGE
    result = deployment(entry("todoctl", "Apply", IMAGE), spec={"replicas": 1, "image": "a"})
    assert predicted(live, result, WITHOUT_REPLICAS)["spec"] == {"replicas": replicas, "image": "a"}


def test_a_release_is_known_by_its_annotations() -> None:
    def of(**annotations: str) -> dict[str, Any]:
        return {"metadata": {"annotations": annotations}}

    helm = {"meta.helm.sh/release-name": "todo", "meta.helm.sh/release-namespace": "todo-app"}
    assert releases([of(**helm), of(**helm), of(a="b"), {"metadata": {}}]) == (Release("todo-app", "todo"),)


def test_a_secret_leaks_by_what_kubectl_apply_was_given() -> None:
    assert leaks({"metadata": {"annotations": {LAST_APPLIED: "{}"}}})
    assert not leaks({"metadata": {"annotations": {"a": "b"}}})
    assert not leaks({"metadata": {}})
