"""The one table of all checks."""

from __future__ import annotations

from todoctl.preflight import cluster, context, docker, host, minikube
from todoctl.preflight.check import Check
from todoctl.preflight.facts import Facts
from todoctl.settings import Settings
from todoctl.targets.minikube import Minikube


def checks(settings: Settings) -> list[Check]:
    """Return every check for these settings, in the order in which they are shown.

    Minikube's are for a context that leads to it. Raises PreflightError as `find.target` does.
    """
    facts = Facts(settings)
    of_minikube = [*minikube.checks(facts), *context.checks(facts)]
    return [
        *host.checks(),
        *docker.checks(facts),
        *(of_minikube if isinstance(facts.target, Minikube) else []),
        *cluster.checks(facts),
    ]


def identity_checks(settings: Settings) -> list[Check]:
    """Return those that show that the context leads to the cluster that is meant, for before anything is removed."""
    wanted = {"context.kubeconfig", "cluster.reachable", "cluster.profile", "cluster.nodes"}
    return [check for check in cluster_checks(settings) if check.id in wanted]


def cluster_checks(settings: Settings) -> list[Check]:
    """Return those that only a running cluster answers, to run once more after it was started."""
    facts = Facts(settings)
    of_minikube = context.checks(facts) if isinstance(facts.target, Minikube) else []
    return [*of_minikube, *cluster.checks(facts)]
