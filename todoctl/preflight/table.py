"""The one table of all checks."""

from __future__ import annotations

from todoctl.preflight import cluster, context, docker, host, minikube
from todoctl.preflight.check import Check
from todoctl.preflight.facts import Facts
from todoctl.settings import Settings


def checks(settings: Settings) -> list[Check]:
    """Return every check for these settings, in the order in which they are shown."""
    facts = Facts(settings)
    return [
        *host.checks(),
        *docker.checks(facts),
        *minikube.checks(facts),
        *context.checks(facts),
        *cluster.checks(facts),
    ]


def identity_checks(settings: Settings) -> list[Check]:
    """Return those that show that the context leads to the profile's own cluster, for before anything is removed."""
    wanted = {"context.kubeconfig", "cluster.reachable", "cluster.profile"}
    return [check for check in cluster_checks(settings) if check.id in wanted]


def cluster_checks(settings: Settings) -> list[Check]:
    """Return those that only a running cluster answers, to run once more after it was started."""
    facts = Facts(settings)
    return [*context.checks(facts), *cluster.checks(facts)]
