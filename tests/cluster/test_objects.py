"""Objects on a real cluster, in namespaces that are removed again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from harness import PROFILE
from on_cluster import RUN, Object, Recorder, config_map, deployment, kubectl
from todoctl.adapters import kinds
from todoctl.adapters.apiserver import GoneError
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, RolloutError
from todoctl.objects.apply import apply
from todoctl.objects.delete import uninstall
from todoctl.objects.rollout import Rollout, WorkloadStatus
from todoctl.objects.status import Status, container_statuses
from todoctl.objects.wait import wait

pytestmark = pytest.mark.minikube

CRASH = ["python", "-c", "print('postgresql://todo:hunter2@db/todo is away'); raise SystemExit(7)"]


def test_a_rollout_ends_when_its_workloads_are_available(cluster: Cluster, namespace: str) -> None:
    seen: list[str] = []
    web = deployment(namespace, RUN)

    def observe(statuses: Sequence[WorkloadStatus]) -> None:
        if not seen:  # now, so that the rollout cannot end before it is looked at
            apply(cluster, [web])
        seen.extend(str(one) for one in statuses)

    rolled = wait(cluster, [web], deadline=Deadline(120), observe=observe)
    assert [str(one) for one in rolled.workloads] == ["Deployment/web: 1 pod available"]
    assert seen[0] == "Deployment/web: not there"
    assert seen[-1] == "Deployment/web: 1 pod available"
    assert all(this != following for this, following in pairwise(seen)), "each change is told once"
    again: list[str] = []
    wait(cluster, [web], deadline=Deadline(120), observe=lambda statuses: again.extend(map(str, statuses)))
    assert again == ["Deployment/web: 1 pod available"]


def test_an_autoscaler_without_figures_is_reported_and_not_waited_for(cluster: Cluster, namespace: str) -> None:
    web = deployment(namespace, RUN)  # which requests no CPU, so that a share of it never comes
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 1,
            "maxReplicas": 2,
        },
    }
    del web["spec"]["replicas"]
    apply(cluster, [web, scaler])
    rolled = wait(cluster, [web, scaler], deadline=Deadline(120))
    assert rolled.warming_up == ("web",)


@pytest.mark.parametrize(
    ("container", "reason", "expected"),
    [
        pytest.param(
            {"image": "todo-absent:1"},
            "ErrImageNeverPull",
            f"hint: bring the image to the node with `todoctl load -p {PROFILE}`",
        ),
        pytest.param(
            {
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "todo-secrets", "key": "database-url"}}},
                ]
            },
            "CreateContainerConfigError",
            'secret "todo-secrets" not found',
        ),
        pytest.param({"command": CRASH}, "CrashLoopBackOff", "it exited with code 7 (Error)"),
    ],
    ids=["an image that is not on the node", "a missing Secret", "a crash loop"],
)
def test_a_failing_pod_is_explained_before_the_deadline(
    cluster: Cluster, namespace: str, container: Object, reason: str, expected: str
) -> None:
    web = deployment(namespace, **{"command": RUN, **container})
    apply(cluster, [web])
    with pytest.raises(RolloutError) as caught:
        wait(cluster, [web], deadline=Deadline(300))
    error = caught.value
    text = "\n".join([error.what, f"because: {error.because}", f"hint: {error.hint}", *error.details])
    assert error.what == f"`web` does not start: {reason} (container `app`)"
    assert expected in text
    if reason == "CrashLoopBackOff":
        assert "postgresql://todo:***@db/todo is away" in text
    assert "hunter2" not in text


def test_an_image_that_cannot_be_pulled_is_explained(cluster: Cluster, namespace: str) -> None:
    web = deployment(namespace, RUN, image="registry.invalid/todo:1", imagePullPolicy="IfNotPresent")
    apply(cluster, [web])
    with pytest.raises(RolloutError) as caught:
        wait(cluster, [web], deadline=Deadline(300))
    assert caught.value.what in {
        f"`web` does not start: {reason} (container `app`)" for reason in ("ErrImagePull", "ImagePullBackOff")
    }
    assert "registry.invalid" in str(caught.value.because)


def test_a_pod_that_fits_no_node_is_explained_before_the_deadline(cluster: Cluster, namespace: str) -> None:
    web = deployment(namespace, RUN, resources={"requests": {"cpu": "500"}})
    apply(cluster, [web])
    with pytest.raises(RolloutError) as caught:
        wait(cluster, [web], deadline=Deadline(300))
    assert caught.value.what == "`web` does not start: Unschedulable"
    assert "Insufficient cpu" in str(caught.value.because)


class Answered(Deadline):
    """A deadline that is over once `over` is set, or else after three minutes."""

    def __init__(self) -> None:
        super().__init__(180)
        self.over = False

    def remaining(self) -> float:
        return 0.0 if self.over else super().remaining()


def test_a_pod_that_never_gets_ready_is_explained_at_the_deadline(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = {"httpGet": {"path": "/missing", "port": 8000}, "periodSeconds": 1}
    web = deployment(namespace, RUN, readinessProbe=probe)
    answer = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    deadline, feed = Answered(), Rollout.feed

    def fed(rollout: Rollout, kind: kinds.Kind, items: Sequence[Object]) -> None:
        feed(rollout, kind, items)
        # The event may come before the kubelet has told that the container runs.
        states = [entry["state"] for pod in rollout._live.get(kinds.POD, ()) for entry in container_statuses(pod)]
        answered = any(answer in event.get("message", "") for event in rollout._events())
        deadline.over = answered and any("running" in state for state in states)

    monkeypatch.setattr(Rollout, "feed", fed)

    def observe(statuses: Sequence[WorkloadStatus]) -> None:
        if statuses[0].verdict.status is Status.NOT_FOUND:  # now, so that no probe is asked before it is looked at
            apply(cluster, [web])

    with pytest.raises(RolloutError) as caught:
        wait(cluster, [web], deadline=deadline, observe=observe)
    error = caught.value
    assert error.what == "`web` not Available after 180 s"
    assert error.because == f"0 of 1 pods are available; {answer}"
    text = "\n".join(error.details)
    assert "container app: running, not ready" in text
    assert f"Unhealthy: {answer}" in text


def test_a_crashing_pod_of_the_old_revision_does_not_fail_the_new_one(cluster: Cluster, namespace: str) -> None:
    broken, mended = deployment(namespace, CRASH), deployment(namespace, RUN)
    apply(cluster, [broken])
    with pytest.raises(RolloutError):
        wait(cluster, [broken], deadline=Deadline(300))
    apply(cluster, [mended])
    assert wait(cluster, [mended], deadline=Deadline(180)).workloads


def test_a_pod_that_failed_before_is_started_anew(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = {"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}}
    web = deployment(namespace, RUN, env=[{"name": "COLOUR", **reads}])
    apply(cluster, [web])
    with pytest.raises(RolloutError):
        wait(cluster, [web], deadline=Deadline(180))
    apply(cluster, [config_map(namespace, colour="blue")])
    monkeypatch.setattr("todoctl.objects.wait.STALE_SECONDS", 0.0)
    assert wait(cluster, [web], deadline=Deadline(180)).workloads


def test_a_watch_from_a_version_that_is_too_old_is_gone(cluster: Cluster) -> None:
    with pytest.raises(GoneError), cluster.watch(kinds.POD, "kube-system", "1") as events:
        list(events)


def test_closing_a_watch_ends_its_iteration_in_another_thread(cluster: Cluster) -> None:
    watch = cluster.watch(kinds.POD, "kube-system", cluster.list(kinds.POD, "kube-system")[1])
    thread = threading.Thread(target=lambda: list(watch))
    thread.start()
    watch.close()
    thread.join(60)
    assert not thread.is_alive()


def volume_claim(namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "data-todo-postgres-0",
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "todo-app"},
        },
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }


def secret(namespace: str) -> Object:
    metadata = {"name": "todo-secrets", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": "b"}}


def test_uninstall_keeps_data_unless_asked_and_does_nothing_twice(cluster: Cluster, namespace: str) -> None:
    web = deployment(namespace, RUN)
    objects = [web, config_map(namespace, a="b"), volume_claim(namespace)]
    apply(cluster, objects)
    cluster.create(secret(namespace))
    kept = uninstall(cluster, namespace, objects, deadline=Deadline(180))
    assert [str(change) for change in kept.deleted.changes] == ["Deployment/web deleted", "ConfigMap/settings deleted"]
    assert set(kept.kept) == {
        "PersistentVolumeClaim/data-todo-postgres-0",
        "Secret/todo-secrets",
        f"Namespace/{namespace}",
    }
    assert cluster.list(kinds.POD, namespace)[0] == []
    assert uninstall(cluster, namespace, objects, deadline=Deadline(180)).deleted.empty
    gone = uninstall(cluster, namespace, objects, data=True, deadline=Deadline(180))
    assert gone.kept == ()
    assert cluster.get(kinds.NAMESPACE, namespace) is None
    assert uninstall(cluster, namespace, objects, data=True, deadline=Deadline(180)).deleted.empty


def test_uninstall_leaves_what_is_somebody_else_s(cluster: Cluster, namespace: str) -> None:
    apply(cluster, [config_map(namespace, a="b")])
    kubectl("--namespace", namespace, "create", "configmap", "theirs")
    kubectl("--namespace", namespace, "create", "configmap", "alike")
    kubectl("--namespace", namespace, "label", "configmap", "alike", "app.kubernetes.io/part-of=todo-app")
    gone = uninstall(cluster, namespace, [], data=True, deadline=Deadline(180))
    assert [str(change) for change in gone.deleted.changes] == ["ConfigMap/settings deleted"]
    assert gone.kept == (f"Namespace/{namespace}",)
    left = {item["metadata"]["name"] for item in cluster.list(kinds.CONFIG_MAP, namespace)[0]}
    assert left - {"kube-root-ca.crt"} == {"theirs", "alike"}, "the other comes some time after its namespace"


def test_a_pod_s_port_is_reached_whatever_proxies_the_environment_names(
    cluster: Cluster, namespace: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web = deployment(namespace, RUN)
    apply(cluster, [web])
    wait(cluster, [web], deadline=Deadline(180))
    (pod,) = (item["metadata"]["name"] for item in cluster.list(kinds.POD, namespace)[0])
    connection = cluster.open_port(namespace, pod, 8000)
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    received = b"".join(iter(connection.recv, b""))
    assert received.startswith(b"HTTP/1.0 200 OK")
    connection.close()
    connection.close()
    assert connection.recv() == b""
    with pytest.raises(OSError, match="closed"):
        connection.sendall(b"more")
    assert recorder.requests[-1][:2] == ("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports=8000")

    refused = cluster.open_port(namespace, pod, 8001)
    with pytest.raises(ClusterError) as caught:
        refused.recv()
    assert "connection refused" in str(caught.value.because)

    waiting = cluster.open_port(namespace, pod, 8000)
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(waiting.recv)
        time.sleep(0.2)
        waiting.abort()
        assert ended.result(60) == b""
    waiting.close()

    with pytest.raises(ClusterError) as caught:
        cluster.open_port(namespace, "absent", 8000)
    assert caught.value.because == 'pods "absent" not found'
