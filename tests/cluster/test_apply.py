"""Planning and applying on a real cluster, in namespaces that are removed again."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from on_cluster import IMAGE, RUN, Object, Recorder, config_map, deployment, kubectl
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.errors import ClusterError, ConflictError
from todoctl.objects import manifests
from todoctl.objects.apply import apply, execute
from todoctl.objects.diff import Action, Difference
from todoctl.objects.plan import plan

pytestmark = pytest.mark.minikube


def written(cluster: Cluster, objects: list[Object]) -> list[tuple[Any, ...]]:
    """What the objects ask for, and when todoctl wrote it. How many pods is the autoscaler's to say, at any time."""
    live = [cluster.get(kinds.of(one), one["metadata"]["name"], one["metadata"].get("namespace")) for one in objects]
    return [
        (
            {**one.get("spec", {}), "replicas": None},
            [entry["time"] for entry in one["metadata"]["managedFields"] if entry["manager"] == "todoctl"],
        )
        for one in live
        if one is not None
    ]


def test_a_second_apply_of_the_bundled_manifests_writes_nothing(
    cluster: Cluster, namespace: str, recorder: Recorder
) -> None:
    objects = manifests.customise(
        manifests.load("development"),
        namespace=namespace,
        host=f"{namespace}.test",
        images={name: f"{name}:{namespace}" for name in ("todo-backend", "todo-frontend")},
    )
    first = apply(cluster, objects)
    assert len(first.of(Action.CREATED)) == len(objects) - 1  # the fixture made the Namespace
    before = written(cluster, objects)
    recorder.requests.clear()
    time.sleep(1.1)  # times in managedFields are whole seconds
    second = apply(cluster, objects)
    assert second.empty
    assert recorder.writes() == []
    # A webhook that was busy is asked again.
    assert [status for _, _, status in recorder.requests if status == 200] == [200] * (2 * len(objects))
    assert written(cluster, objects) == before
    assert len(before) == len(objects)


def test_values_in_another_spelling_are_no_drift(cluster: Cluster, namespace: str) -> None:
    resources = {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "0.05", "memory": "0.0625Gi"}}
    web = deployment(namespace, RUN, resources=resources, ports=[{"containerPort": 8000}])
    web["spec"]["replicas"] = 0
    apply(cluster, [web])
    assert apply(cluster, [web]).empty


def test_only_what_drifted_is_written(cluster: Cluster, namespace: str, recorder: Recorder) -> None:
    settings = config_map(namespace, greeting="grüß dich 🎉")
    other = {**settings, "metadata": {**settings["metadata"], "name": "other"}}
    apply(cluster, [settings, other])
    kubectl("--namespace", namespace, "label", "configmap", "settings", "app.kubernetes.io/part-of-")
    recorder.requests.clear()
    (drifted, untouched) = apply(cluster, [settings, other]).changes
    assert (drifted.action, drifted.fields) == (Action.CONFIGURED, ("metadata.labels",))
    assert untouched.action is Action.UNCHANGED
    assert len(recorder.writes()) == 1
    live = cluster.get(kinds.CONFIG_MAP, "settings", namespace)
    assert live is not None
    assert live["data"]["greeting"] == "grüß dich 🎉"


def test_a_field_that_the_manifests_no_longer_have_goes_away(cluster: Cluster, namespace: str) -> None:
    apply(cluster, [config_map(namespace, stays="1", goes="2")])
    (change,) = apply(cluster, [config_map(namespace, stays="1")]).changes
    assert change.fields == ("data.goes",)
    live = cluster.get(kinds.CONFIG_MAP, "settings", namespace)
    assert live is not None
    assert live["data"] == {"stays": "1"}


def test_a_conflict_names_field_owner_and_both_values_and_writes_nothing(
    cluster: Cluster, namespace: str, recorder: Recorder
) -> None:
    web = deployment(namespace, RUN)
    web["spec"]["replicas"] = 0
    apply(cluster, [web])
    kubectl("--namespace", namespace, "scale", "deployment", "web", "--replicas=1")
    kubectl("--namespace", namespace, "set", "image", "deployment/web", "app=python:other")
    recorder.requests.clear()
    with pytest.raises(ConflictError) as caught:
        apply(cluster, [web])
    image = '.spec.template.spec.containers[name="app"].image'
    assert set(caught.value.details) == {
        "Deployment/web .spec.replicas: kubectl has 1, the manifests have 0",
        f'Deployment/web {image}: kubectl-set has "python:other", the manifests have "{IMAGE}"',
    }
    assert recorder.writes() == []


@pytest.mark.parametrize(
    "words",
    [
        ("scale", "deployment", "web", "--replicas=1"),
        ("set", "image", "deployment/web", "app=python:other"),
        ("patch", "deployment", "web", "-p", '{"spec": {"replicas": 1}}'),
        ("edit", "deployment", "web"),
    ],
    ids=lambda words: words[0],
)
def test_what_somebody_changes_with_kubectl_is_a_conflict(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    web = nowhere(scaled(namespace, 0))
    apply(cluster, [web])
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/replicas: 0/replicas: 1/'")
    kubectl("--namespace", namespace, *words)
    with pytest.raises(ConflictError):
        apply(cluster, [web])


def test_a_scale_to_zero_has_no_owner_and_is_drift(cluster: Cluster, namespace: str) -> None:
    web = nowhere(scaled(namespace, 1))
    apply(cluster, [web])
    kubectl("--namespace", namespace, "scale", "deployment", "web", "--replicas=0")
    (change,) = apply(cluster, [web]).changes
    assert change.differences == (Difference("spec.replicas", 0, 1),)
    live = cluster.get(kinds.DEPLOYMENT, "web", namespace)
    assert live is not None
    assert live["spec"]["replicas"] == 1


def test_nothing_of_a_stage_is_written_when_the_server_refuses_one_object(cluster: Cluster, namespace: str) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"ports": [{"port": 99999}]},
    }
    with pytest.raises(ClusterError) as caught:
        apply(cluster, [config_map(namespace, a="b"), service])
    assert "spec.ports[0].port" in str(caught.value.because)
    assert cluster.get(kinds.CONFIG_MAP, "settings", namespace) is None


def test_a_plan_names_each_field_with_both_values_and_writes_nothing(
    cluster: Cluster, namespace: str, recorder: Recorder
) -> None:
    apply(cluster, [config_map(namespace, stays="1", goes="2", changes="3")])
    recorder.requests.clear()
    (planned,) = plan(cluster, [config_map(namespace, stays="1", changes="4", comes="5")]).objects
    assert planned.change.differences == (
        Difference("data.changes", "3", "4"),
        Difference("data.comes", None, "5"),
        Difference("data.goes", "2", None),
    )
    assert recorder.writes() == []


def test_a_plan_for_a_namespace_that_is_not_there_creates_everything(cluster: Cluster, recorder: Recorder) -> None:
    objects = manifests.customise(manifests.load("development"), namespace="t-absent", host="t.test", images={})
    planned = plan(cluster, objects)
    assert {one.change.action for one in planned.objects} == {Action.CREATED}
    assert recorder.writes() == []
    assert cluster.get(kinds.NAMESPACE, "t-absent") is None


def test_what_another_wrote_after_it_was_read_is_no_drift(cluster: Cluster, namespace: str) -> None:
    settings = config_map(namespace, a="b")
    apply(cluster, [settings])
    live = [cluster.get(kinds.CONFIG_MAP, "settings", namespace)]
    kubectl("--namespace", namespace, "annotate", "configmap", "settings", "note=theirs")
    assert plan(cluster, [settings], live=live).changes.empty


def test_what_another_took_away_after_it_was_read_is_drift(cluster: Cluster, namespace: str) -> None:
    settings = config_map(namespace, a="b")
    apply(cluster, [settings])
    live = [cluster.get(kinds.CONFIG_MAP, "settings", namespace)]
    kubectl("--namespace", namespace, "label", "configmap", "settings", "app.kubernetes.io/part-of-")
    (change,) = plan(cluster, [settings], live=live).changes.changes
    assert change.fields == ("metadata.labels",)


def test_an_unknown_field_is_refused(cluster: Cluster, namespace: str, recorder: Recorder) -> None:
    recorder.requests.clear()
    with pytest.raises(ClusterError) as caught:
        apply(cluster, [{**config_map(namespace), "dada": {}}])
    assert "dada" in str(caught.value.because)
    refused = [status for method, _, status in recorder.requests if method == "PATCH"]
    assert len(refused) == 1, "it was tried again"


def test_warnings_of_the_server_are_passed_on_once(cluster: Cluster, namespace: str, recorder: Recorder) -> None:
    web = deployment(namespace, RUN, securityContext={"privileged": True})
    web["spec"]["replicas"] = 0
    apply(cluster, [web])
    assert len(recorder.warnings) == 1
    assert "would violate PodSecurity" in recorder.warnings[0]


def scaled(namespace: str, replicas: int) -> Object:
    web = deployment(namespace, RUN)
    web["spec"]["replicas"] = replicas
    return web


def nowhere(web: Object) -> Object:
    """Have no node run its pods."""
    web["spec"]["template"]["spec"]["nodeSelector"] = {"no": "node"}
    return web


def test_what_was_shown_is_taken_over_and_the_next_apply_finds_nothing_to_do(
    cluster: Cluster, namespace: str, recorder: Recorder
) -> None:
    web = scaled(namespace, 0)
    apply(cluster, [web])
    kubectl("--namespace", namespace, "set", "image", "deployment/web", "app=python:other")
    shown = plan(cluster, [web])
    assert [(one.owner, one.theirs, one.ours) for one in shown.objects[0].conflicts] == [
        ("kubectl-set", "python:other", IMAGE)
    ]
    (change,) = execute(cluster, shown).changes
    assert change.differences == (Difference("spec.template.spec.containers[app].image", "python:other", IMAGE),)
    recorder.requests.clear()
    assert apply(cluster, [web]).empty
    assert recorder.writes() == []


@pytest.mark.parametrize(
    "meddle",
    [
        ("scale", "deployment", "web", "--replicas=2"),
        ("set", "image", "deployment/web", "app=python:third"),
    ],
    ids=["another field", "another value of the same field"],
)
def test_a_conflict_that_was_not_shown_is_not_taken_over(
    cluster: Cluster, namespace: str, recorder: Recorder, meddle: tuple[str, ...]
) -> None:
    web = nowhere(scaled(namespace, 1))
    apply(cluster, [web])
    kubectl("--namespace", namespace, "set", "image", "deployment/web", "app=python:other")
    shown = plan(cluster, [web])
    kubectl("--namespace", namespace, *meddle)
    recorder.requests.clear()
    with pytest.raises(ConflictError) as caught:
        execute(cluster, shown)
    assert recorder.writes() == []
    assert any("kubectl" in line and "the manifests have" in line for line in caught.value.details)


def test_a_conflict_that_comes_just_before_the_write_is_not_taken_over(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = nowhere(scaled(namespace, 1))
    apply(cluster, [web])
    kubectl("--namespace", namespace, "set", "image", "deployment/web", "app=python:other")
    shown = plan(cluster, [web])
    sent = Cluster.apply

    def late(self: Cluster, manifest: Any, *, dry_run: bool = False, force: bool = False) -> Object:
        if force and not dry_run:
            kubectl("--namespace", namespace, "scale", "deployment", "web", "--replicas=2")
        return sent(self, manifest, dry_run=dry_run, force=force)

    monkeypatch.setattr(Cluster, "apply", late)
    with pytest.raises(ConflictError):
        execute(cluster, shown)
    live = cluster.get(kinds.DEPLOYMENT, "web", namespace)
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "python:other"


def test_a_conflict_that_comes_after_a_plan_without_one_is_shown_in_full(cluster: Cluster, namespace: str) -> None:
    apply(cluster, [config_map(namespace, greeting="hello")])
    planned = plan(cluster, [config_map(namespace, greeting="good day")])
    assert planned.conflicting == ()
    kubectl("--namespace", namespace, "patch", "configmap", "settings", "-p", '{"data": {"greeting": "ahoy"}}')
    with pytest.raises(ConflictError) as caught:
        execute(cluster, planned)
    assert caught.value.details == (
        'ConfigMap/settings .data.greeting: kubectl-patch has "ahoy", the manifests have "good day"',
    )


@pytest.mark.parametrize("manager", ["todoctl", "kubectl"])
def test_replicas_that_are_left_to_an_autoscaler_stay_as_they_are(
    cluster: Cluster, namespace: str, manager: str
) -> None:
    web = nowhere(scaled(namespace, 2))
    if manager == "todoctl":
        apply(cluster, [web])
    else:
        kubectl("apply", "--server-side", "-f", "-", given=web)
    del web["spec"]["replicas"]
    planned = plan(cluster, [web])
    assert not any("replicas" in field for field in planned.objects[0].change.fields)
    execute(cluster, planned)
    live = cluster.get(kinds.DEPLOYMENT, "web", namespace)
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert plan(cluster, [web]).changes.empty


def autoscaler(namespace: str, minimum: int) -> Object:
    labels = {"app.kubernetes.io/part-of": "todo-app"}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    metrics = [{"type": "Resource", "resource": cpu}]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace, "labels": labels},
        "spec": {"scaleTargetRef": target, "minReplicas": minimum, "maxReplicas": 4, "metrics": metrics},
    }


@pytest.mark.parametrize("by", ["todoctl", "kubectl scale"])
def test_what_its_autoscaler_would_leave_without_pods_gets_the_least_number(
    cluster: Cluster, namespace: str, by: str
) -> None:
    web = nowhere(scaled(namespace, 0 if by == "todoctl" else 3))
    apply(cluster, [web])
    del web["spec"]["replicas"]
    wanted = [web, autoscaler(namespace, 2)]
    if by == "kubectl scale":
        apply(cluster, wanted)
        kubectl("--namespace", namespace, "scale", "deployment", "web", "--replicas=0")
    planned = plan(cluster, wanted)
    assert Difference("spec.replicas", 0, 2) in planned.objects[0].change.differences
    execute(cluster, planned)
    live = cluster.get(kinds.DEPLOYMENT, "web", namespace)
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert plan(cluster, wanted).changes.empty


def with_selector(web: Object, value: str) -> Object:
    changed = copy.deepcopy(web)
    changed["spec"]["selector"]["matchLabels"] = {"tier": value}
    changed["spec"]["template"]["metadata"]["labels"]["tier"] = value
    return changed


def test_an_immutable_field_is_named_and_nothing_is_written(
    cluster: Cluster, namespace: str, recorder: Recorder
) -> None:
    web = scaled(namespace, 0)
    apply(cluster, [web])
    recorder.requests.clear()
    with pytest.raises(ClusterError) as caught:
        apply(cluster, [with_selector(web, "front"), config_map(namespace, a="b")])
    assert caught.value.id == "objects.immutable"
    assert caught.value.what == "Deployment/web: spec.selector cannot be changed"
    assert "--recreate Deployment/web" in str(caught.value.hint)
    assert recorder.writes() == []


def test_what_may_be_made_anew_is_and_nothing_else(cluster: Cluster, namespace: str) -> None:
    web, settings = scaled(namespace, 0), config_map(namespace, a="b")
    apply(cluster, [web, settings])
    before = [cluster.get(kinds.of(one), one["metadata"]["name"], namespace) for one in (web, settings)]
    labels = frozenset({"Deployment/web", "ConfigMap/settings"})
    changed = plan(cluster, [with_selector(web, "front"), config_map(namespace, a="c")])
    done = execute(cluster, changed, recreate=labels)
    assert {str(change) for change in done.changes} == {"Deployment/web recreated", "ConfigMap/settings configured"}
    after = [cluster.get(kinds.of(one), one["metadata"]["name"], namespace) for one in (web, settings)]
    uids = [[one["metadata"]["uid"] for one in side if one is not None] for side in (before, after)]
    assert uids[0][0] != uids[1][0]
    assert uids[0][1] == uids[1][1]
    assert plan(cluster, [with_selector(web, "front")]).changes.empty


def test_what_is_refused_and_has_fields_of_another_is_a_conflict_too(cluster: Cluster, namespace: str) -> None:
    web = scaled(namespace, 0)
    apply(cluster, [web])
    kubectl("--namespace", namespace, "set", "image", "deployment/web", "app=python:other")
    (one,) = plan(cluster, [with_selector(web, "front")]).objects
    assert one.refused is not None
    assert [conflict.owner for conflict in one.conflicts] == ["kubectl-set"]


def test_what_holds_data_is_not_offered_to_be_made_anew(cluster: Cluster, namespace: str) -> None:
    labels = {"app.kubernetes.io/name": "db"}
    database: Object = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": namespace},
        "spec": {
            "replicas": 0,
            "serviceName": "db",
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "db", "image": IMAGE}]},
            },
        },
    }
    apply(cluster, [database])
    database["spec"]["serviceName"] = "other"
    with pytest.raises(ClusterError) as caught:
        apply(cluster, [database])
    assert caught.value.what == "StatefulSet/db: spec.serviceName cannot be changed"
    assert "--recreate" not in str(caught.value.hint)


def test_a_service_s_address_is_immutable_and_a_service_can_be_made_anew(cluster: Cluster, namespace: str) -> None:
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"ports": [{"port": 80}]},
    }
    apply(cluster, [service])
    service["spec"]["clusterIP"] = "None"
    planned = plan(cluster, [service])
    assert [str(one.refused) for one in planned.objects] == ["spec.clusterIP cannot be changed"]
    execute(cluster, planned, recreate={"Service/web"})
    assert plan(cluster, [service]).changes.empty
