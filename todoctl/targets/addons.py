"""See to it that the cluster has an ingress controller and the metrics API, whoever brought them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import ApiError
from todoctl.adapters.kinds import DEPLOYMENT, Kind
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError
from todoctl.reporter import Reporter

API_SERVICE = Kind("apiregistration.k8s.io/v1", "APIService", "apiservices", namespaced=False)
METRICS_API = "v1beta1.metrics.k8s.io"

INGRESS_CLASS = "nginx"
"""The IngressClass that the manifests use: ingress-nginx's, whose namespace their NetworkPolicies admit."""

_NGINX = ("ingress-nginx-controller", "ingress-nginx")
_PAUSE_SECONDS = 0.5


class Addons(Protocol):
    """What can enable an addon, as Minikube can."""

    def enable_addon(self, addon: str, reporter: Reporter, deadline: Deadline) -> None:
        """Enable an addon by its name."""


def ingress_classes(cluster: Cluster) -> tuple[str, ...]:
    """Return the names of the cluster's IngressClasses; none at all says that it has no ingress controller."""
    classes, _ = cluster.list(kinds.INGRESS_CLASS)
    return tuple(sorted(one["metadata"]["name"] for one in classes))


def metrics_trouble(cluster: Cluster) -> str | None:
    """Return why the metrics API does not serve: no one offers it, or its own words; None when it does."""
    service = cluster.get(API_SERVICE, METRICS_API)
    if service is None:
        return "no one offers it"
    conditions = (service.get("status") or {}).get("conditions") or ()
    available = next((one for one in conditions if one["type"] == "Available"), None)
    if available is None or available["status"] == "True":
        return None
    return str(available.get("message") or available.get("reason"))


def missing(cluster: Cluster) -> tuple[str, ...]:
    """Return the addons that `ensure_ingress` and `ensure_metrics` would enable."""
    found = () if ingress_classes(cluster) else ("ingress",)
    return found if cluster.get(API_SERVICE, METRICS_API) is not None else (*found, "metrics-server")


def ensure_ingress(
    addons: Addons,
    cluster: Cluster,
    reporter: Reporter,
    deadline: Deadline,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Enable the ingress addon where the cluster has no IngressClass; return whether it had to.

    Returns once the API server admits an Ingress: the addon's webhook refuses every one until it answers. Raises
    ClusterError when that is not so by the deadline, with what was seen last.
    """
    enabled = not ingress_classes(cluster)
    if enabled:
        reporter.note("enabling addon `ingress`")
        addons.enable_addon("ingress", reporter, deadline)
    _await_controller(cluster, deadline, enabled=enabled, sleep=sleep)
    _await_admission(cluster, deadline, sleep=sleep)
    return enabled


def ensure_metrics(addons: Addons, cluster: Cluster, reporter: Reporter, deadline: Deadline) -> bool:
    """Enable the metrics-server addon where no one offers the metrics API; return whether it had to.

    Its first metrics come minutes later, and nothing here waits for them. Raises ClusterError.
    """
    if cluster.get(API_SERVICE, METRICS_API) is not None:
        return False
    reporter.note("enabling addon `metrics-server`")
    addons.enable_addon("metrics-server", reporter, deadline)
    if cluster.get(API_SERVICE, METRICS_API) is None:
        raise ClusterError(
            "minikube.addon",
            "addon `metrics-server` was not enabled",
            because=f"Minikube said so, but there is no APIService `{METRICS_API}`",
            hint=f"see `minikube addons enable metrics-server -p {cluster.context}`",
        )
    return True


def _await_controller(cluster: Cluster, deadline: Deadline, *, enabled: bool, sleep: Callable[[float], None]) -> None:
    """Wait until ingress-nginx is Available, where it is what the cluster has."""
    while True:
        deployment = cluster.within(deadline).get(DEPLOYMENT, *_NGINX)
        if deployment is None and not enabled:
            return  # installed under another name: whether it admits an Ingress is seen next
        conditions = ((deployment or {}).get("status") or {}).get("conditions") or ()
        available = next((one for one in conditions if one["type"] == "Available"), None)
        if available is not None and available["status"] == "True":
            return
        if deadline.expired():
            said = available.get("message") if available else "its Deployment has no status yet"
            raise ClusterError(
                "cluster.ingress",
                "the ingress controller is not Available",
                because=str(said if deployment else "its Deployment is not there"),
                hint=f"see `kubectl --context {cluster.context} -n ingress-nginx get pods`",
            )
        sleep(min(_PAUSE_SECONDS, deadline.remaining()))


def _await_admission(cluster: Cluster, deadline: Deadline, *, sleep: Callable[[float], None]) -> None:
    """Wait until the API server admits an Ingress, which it refuses with a 500 while a webhook does not answer.

    A dry run asks the webhooks too. Being Available is not enough: a job patches the webhook's certificate later.
    """
    backend = {"service": {"name": "todoctl-probe", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    probe = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "todoctl-probe", "namespace": "default"},
        "spec": {
            "ingressClassName": INGRESS_CLASS,
            "rules": [{"host": "todoctl-probe.invalid", "http": {"paths": [path]}}],
        },
    }
    while True:
        try:
            cluster.within(deadline).apply(probe, dry_run=True)
        except ApiError as error:
            if error.status < 500:  # noqa: PLR2004 - HTTP's server errors
                return  # refused for what it says: so it was read
            if deadline.expired():
                raise ClusterError(
                    "cluster.ingress",
                    "the cluster does not admit an Ingress",
                    because=error.because,
                    hint=f"see `kubectl --context {cluster.context} get validatingwebhookconfigurations`, "
                    "and the pods that they call",
                ) from error
        else:
            return
        sleep(min(_PAUSE_SECONDS, deadline.remaining()))
