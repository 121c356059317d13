"""What the environments ask of a node and of the database, at their worst moments. Needs no Helm and no cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from todoctl import payload

if TYPE_CHECKING:
    from manifests.conftest import Manifests

TWO_CORES_LEAVE_MILLICORES = 900
"""Of 2000, Kubernetes' own pods, the ingress controller and metrics-server ask for 1050 on a Minikube node."""
EXTERNAL_MAX_CONNECTIONS = {"staging": "values-staging.yaml", "production": "values-production.yaml"}
OTHER_CONNECTIONS = 10
"""Postgres keeps 3 for superusers; the rest is for a backup and a person with psql."""


def most_replicas(manifests: Manifests, workload: dict[str, Any]) -> int:
    """The most pods that a workload is to have."""
    for autoscaler in manifests.of("HorizontalPodAutoscaler"):
        if autoscaler["spec"]["scaleTargetRef"]["name"] == workload["metadata"]["name"]:
            return int(autoscaler["spec"]["maxReplicas"])
    return int(workload["spec"]["replicas"])


def surge(workload: dict[str, Any]) -> int:
    """The pods that a rollout adds; a StatefulSet replaces in place."""
    return int(workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"]) if workload["kind"] == "Deployment" else 0


def millicores(quantity: str) -> int:
    return int(quantity.removesuffix("m")) if quantity.endswith("m") else int(float(quantity) * 1000)


def effective_cpu_request(pod: dict[str, Any]) -> int:
    """What the scheduler sets aside for a pod: the sum of its containers, or its largest init container."""
    inits = [millicores(c["resources"]["requests"]["cpu"]) for c in pod.get("initContainers", ())]
    containers = sum(millicores(c["resources"]["requests"]["cpu"]) for c in pod["containers"])
    return max([*inits, containers])


@pytest.mark.parametrize(
    ("inits", "containers", "effective"),
    [([], ["50m"], 50), (["200m"], ["50m", "100m"], 200), (["50m", "60m"], ["0.1", "1"], 1100)],
)
def test_a_pod_asks_for_its_containers_or_its_largest_init_container(
    inits: list[str], containers: list[str], effective: int
) -> None:
    as_containers = [[{"resources": {"requests": {"cpu": cpu}}} for cpu in part] for part in (inits, containers)]
    assert effective_cpu_request(dict(zip(("initContainers", "containers"), as_containers, strict=True))) == effective


def test_development_fits_two_cores_with_every_backend_running_and_a_rollout_on_top(development: Manifests) -> None:
    total = sum(
        (most_replicas(development, workload) + surge(workload))
        * effective_cpu_request(workload["spec"]["template"]["spec"])
        for workload in development.workloads()
    )
    assert 0 < total <= TWO_CORES_LEAVE_MILLICORES


def test_python_and_node_may_use_enough_cpu_to_start_in_time(manifests: Manifests) -> None:
    for where, container in manifests.containers():
        assert millicores(container["resources"]["limits"]["cpu"]) >= 500, where


def max_connections(manifests: Manifests) -> int:
    """What Postgres is started with; of an external one, what the environment's values assume."""
    if values_file := EXTERNAL_MAX_CONNECTIONS.get(manifests.environment):
        text = (payload.root() / "bundled_manifests" / "chart" / values_file).read_text("utf-8")
        return int(yaml.safe_load(text)["database"]["maxConnections"])
    (container,) = manifests.pod("todo-postgres")["spec"]["containers"]
    (setting,) = [argument for argument in container["args"] if argument.startswith("max_connections=")]
    return int(setting.partition("=")[2])


def test_the_pools_of_all_replicas_fit_into_the_database_even_during_a_rollout(manifests: Manifests) -> None:
    pools = manifests.one("ConfigMap", "todo-config")["data"]
    total = OTHER_CONNECTIONS
    for component in ("backend", "frontend"):
        deployment = manifests.one("Deployment", f"todo-{component}")
        pool = int(pools[f"{component}-pool-size"])
        replicas = most_replicas(manifests, deployment)
        # An init container's one connection is over before its pod's pool opens: a pod never holds more than its pool.
        assert pool >= 1
        # Old pods drain beside the new ones: Kubernetes does not count terminating pods as surge.
        total += pool * (replicas + surge(deployment) + replicas)
    assert total <= max_connections(manifests)
