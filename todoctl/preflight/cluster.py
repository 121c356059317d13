"""Checks of the cluster that the context leads to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from http import HTTPStatus

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import ApiError
from todoctl.deadline import Deadline
from todoctl.errors import ConsentError, PreflightError, TodoctlError
from todoctl.preflight.check import Check, Fix, Repair, Severity
from todoctl.preflight.facts import Facts
from todoctl.preflight.minikube import MIN_KUBERNETES
from todoctl.preflight.versions import at_least
from todoctl.reporter import Reporter
from todoctl.targets import addons
from todoctl.targets.containers import Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.remote import Remote

METRICS_SECONDS = 180.0
"""How long metrics-server may take to be served, once it was enabled."""

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_PROFILE_LABEL = "minikube.k8s.io/name"


def checks(facts: Facts) -> list[Check]:
    """Return the checks of a cluster that runs."""
    identity = _identity(facts)
    ours = tuple(check.id for check in identity)
    led = ("minikube.running", "context.named", "context.entry")
    # Only Minikube's addons bring what is missing.
    ingress_severity = Severity.WARNING if isinstance(facts.target, Minikube) else Severity.FATAL
    return [
        Check("cluster.reachable", "API server", Severity.FATAL, lambda: reaches(facts), led),
        *identity,
        Check("cluster.version", "Kubernetes in the cluster", Severity.FATAL, lambda: version(facts), ours),
        Check(
            "cluster.storage",
            "Default storage class",
            Severity.FATAL,
            lambda: storage(facts),
            ours,
            fix=_by_addons(facts, "storage-provisioner", "default-storageclass"),
        ),
        Check(
            "cluster.ingress",
            "Ingress controller",
            ingress_severity,
            lambda: ingress(facts),
            ours,
            fix=_by_addons(facts, "ingress", wait=partial(_await_ingress, facts)),
        ),
        Check(
            "cluster.ingress-class",
            "The manifests' IngressClass",
            Severity.FATAL,
            lambda: ingress_class(addons.ingress_classes(facts.cluster)),
            ("cluster.ingress",),
        ),
        Check(
            "cluster.metrics",
            "Metrics API",
            Severity.WARNING,
            lambda: metrics(facts),
            ours,
            fix=_by_addons(facts, "metrics-server", wait=partial(_await_metrics, facts)),
        ),
        Check("cluster.host", "The app's host", Severity.FATAL, lambda: host_is_free(facts), ours),
    ]


def _by_addons(facts: Facts, *names: str, wait: Callable[[Minikube, Reporter, Deadline], object] | None = None) -> Fix:
    """Return the fix of what addons of Minikube bring; `wait` waits for their work. Other tools have no addons."""

    def fix(_: TodoctlError) -> Repair | None:
        target = facts.target
        if not isinstance(target, Minikube):
            return None

        def do(reporter: Reporter, deadline: Deadline) -> None:
            for name in names:
                reporter.note(f"enabling addon `{name}`")
                target.enable_addon(name, reporter, deadline)
            if wait is not None:
                wait(target, reporter, deadline)

        return Repair(f"Enable {_listed(names)} of Minikube's addons?", do, of_cluster=True)

    return fix


def _identity(facts: Facts) -> list[Check]:
    """Return the check that the context leads to the cluster whose nodes the images go to."""
    reachable = ("cluster.reachable",)
    match facts.target:
        case Minikube():
            profile = partial(is_profile, facts)
            return [Check("cluster.profile", "The cluster's profile", Severity.FATAL, profile, reachable)]
        case Containers() as target:
            nodes = partial(has_nodes, facts, target)
            return [Check("cluster.nodes", "The cluster's nodes", Severity.FATAL, nodes, reachable)]
        case Remote():
            not_minikube = partial(is_meant, facts)
            return [Check("cluster.minikube", "The kind of cluster", Severity.FATAL, not_minikube, reachable)]


def reaches(facts: Facts) -> str:
    """Hold where the kubeconfig has the context and its API server answers."""
    cluster = facts.cluster
    cluster.version()
    return f"{cluster.server} answers"


def is_profile(facts: Facts) -> str:
    """Hold where the context leads to the profile's own nodes: they are labelled with its name."""
    nodes, _ = facts.cluster.list(kinds.NODE)
    names = {node["metadata"].get("labels", {}).get(_PROFILE_LABEL) for node in nodes}
    context, profile = facts.settings.context, facts.settings.profile
    if names != {profile}:
        found = ", ".join(sorted(f"`{name}`" for name in names if name)) or "no Minikube profile"
        raise PreflightError(
            "cluster.profile",
            f"context `{context}` is not of Minikube profile `{profile}`",
            because=f"its nodes are of {found}",
            hint=f"leave `--context` out, or name its profile with `--profile`; `--context {profile}` would fit. "
            "A cluster elsewhere is of environment staging or production",
        )
    return f"`{context}`"


def is_meant(facts: Facts) -> str:
    """Hold where the cluster is not a Minikube, or a Minikube is wanted all the same."""
    sign = _sign_of_minikube(facts)
    if sign is None:
        return f"`{facts.settings.context}` is not a Minikube"
    if not facts.settings.minikube_too:
        raise ConsentError(
            "cluster.minikube",
            f"context `{facts.settings.context}` is a Minikube",
            because=f"{sign}, which is not where {facts.settings.environment} belongs; nothing was done",
            hint="name another cluster with `--context`, or add `--yes-really`",
        )
    return f"a Minikube, as wanted: {sign}"


def _sign_of_minikube(facts: Facts) -> str | None:
    """Return what shows that the cluster is a Minikube: its nodes; the kubeconfig to who may not see these."""
    try:
        nodes, _ = facts.cluster.list(kinds.NODE)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return "the kubeconfig has it as Minikube's" if facts.cluster.made_by_minikube else None
    profiles = {node["metadata"].get("labels", {}).get(_PROFILE_LABEL) for node in nodes} - {None}
    return f"its nodes are of profile {_listed(str(profile) for profile in profiles)}" if profiles else None


def has_nodes(facts: Facts, target: Containers) -> str:
    """Hold where the cluster's nodes are the containers that images would be sent to."""
    nodes, _ = facts.cluster.list(kinds.NODE)
    found, wanted = {node["metadata"]["name"] for node in nodes}, set(target.nodes())
    if found != wanted:
        raise PreflightError(
            "cluster.nodes",
            f"context `{facts.settings.context}` is not of this Docker's {target.title}",
            because=f"the cluster has nodes {_listed(found)}, this Docker {_listed(wanted)}",
            hint="see which Docker is asked with `docker context ls`, and what the kubeconfig's context leads to",
        )
    return f"{target.title}: {_listed(found)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"


def version(facts: Facts) -> str:
    """Hold from the oldest Kubernetes that has all that the manifests use."""
    found = facts.cluster.version()
    if not at_least(found, MIN_KUBERNETES):
        raise PreflightError(
            "cluster.version",
            f"Kubernetes {found} is too old",
            because=f"the manifests need {MIN_KUBERNETES} or newer (`preStop.sleep`)",
            hint="upgrade the cluster"
            + (" with `minikube start --kubernetes-version=stable`" if isinstance(facts.target, Minikube) else ""),
        )
    return found


def storage(facts: Facts) -> str:
    """Hold where Postgres's volume claim finds a class by itself, or the environment has no Postgres of ours."""
    if facts.settings.elsewhere:
        return "not needed: the database is external"
    classes, _ = facts.cluster.list(kinds.STORAGE_CLASS)
    default = [
        one["metadata"]["name"]
        for one in classes
        if (one["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    ]
    if not default:
        names = ", ".join(f"`{one['metadata']['name']}`" for one in classes) or "no class at all"
        raise PreflightError(
            "cluster.storage",
            "there is no default storage class",
            because=f"Postgres's volume would stay Pending; the cluster has {names}",
            hint=f"`minikube addons enable default-storageclass -p {facts.settings.profile}`"
            if isinstance(facts.target, Minikube)
            else f'give a class the annotation `{_DEFAULT_CLASS}: "true"`',
        )
    return f"`{default[0]}`"


def ingress(facts: Facts) -> str:
    """Hold where some controller offers an IngressClass."""
    found = addons.ingress_classes(facts.cluster)
    if not found:
        raise PreflightError(
            "cluster.ingress",
            "there is no ingress controller",
            because="the cluster has no IngressClass",
            hint="`todoctl install` enables the `ingress` addon"
            if isinstance(facts.target, Minikube)
            else "install ingress-nginx: https://kubernetes.github.io/ingress-nginx/deploy/",
        )
    return "IngressClass " + ", ".join(f"`{name}`" for name in found)


def ingress_class(names: Sequence[str]) -> str:
    """Hold where the IngressClass that the manifests use is one of `names`."""
    if addons.INGRESS_CLASS not in names:
        others = ", ".join(f"`{name}`" for name in names)
        raise PreflightError(
            "cluster.ingress-class",
            "the cluster's ingress controller is not ingress-nginx",
            because=f"there is no IngressClass `{addons.INGRESS_CLASS}`, but {others}",
            hint="disable the addon that brought it; or install the chart with Helm, "
            "and set `ingress.className` and `ingress.controllerNamespace`",
        )
    return f"`{addons.INGRESS_CLASS}`"


def _await_ingress(facts: Facts, target: Minikube, reporter: Reporter, deadline: Deadline) -> None:
    addons.ensure_ingress(target, facts.cluster.within(deadline), reporter, deadline)


def _await_metrics(facts: Facts, _: Minikube, reporter: Reporter, deadline: Deadline) -> None:
    """Wait until the metrics API serves, but not for its first metrics."""
    reporter.note("waiting for the metrics API")
    patience = deadline.within(METRICS_SECONDS)
    while addons.metrics_trouble(facts.cluster) is not None and not patience.expired():
        time.sleep(min(1.0, patience.remaining()))


def metrics(facts: Facts) -> str:
    """Hold where the metrics for the HPA are served."""
    trouble = addons.metrics_trouble(facts.cluster)
    if trouble is not None:
        raise PreflightError(
            "cluster.metrics",
            "the metrics API does not serve",
            because=trouble,
            hint="`todoctl install` enables the `metrics-server` addon; its first metrics take about two minutes"
            if isinstance(facts.target, Minikube)
            else "without it the backend is not scaled: https://github.com/kubernetes-sigs/metrics-server",
        )
    return "served"


def host_is_free(facts: Facts) -> str:
    """Hold where no other installation's Ingress has our host."""
    host, namespace = facts.host, facts.settings.namespace
    ingresses, _ = facts.cluster.list(kinds.INGRESS)
    for one in ingresses:
        rules = one["spec"].get("rules") or ()
        if one["metadata"]["namespace"] != namespace and any(rule.get("host") == host for rule in rules):
            raise PreflightError(
                "cluster.host",
                f"host `{host}` is taken",
                because=f"Ingress `{one['metadata']['name']}` in namespace `{one['metadata']['namespace']}` has it",
                hint="give this installation one of its own with `--host`",
            )
    return f"`{host}`"
