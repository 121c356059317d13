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


def cluster_checks(settings: Settings) -> list[Check]:
    """Return those that only a running cluster answers, to run once more after it was started."""
    facts = Facts(settings)
    return [*context.checks(facts), *cluster.checks(facts)]
