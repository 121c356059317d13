"""The one table of all checks."""

from __future__ import annotations

from collections.abc import Collection

from todoctl.errors import TodoctlError
from todoctl.preflight import access, cluster, context, docker, host, kubectl, minikube, network, offline, remote
from todoctl.preflight.check import Check
from todoctl.preflight.facts import Facts
from todoctl.settings import Settings
from todoctl.targets.minikube import Minikube
from todoctl.targets.remote import Remote


def checks(settings: Settings) -> list[Check]:
    """Return every check of what an install needs, in the order in which they are shown.

    Minikube's are for a context that leads to it. Raises PreflightError as `find.target` does.
    """
    return _checks(Facts(settings))


def doctor_checks(settings: Settings) -> list[Check]:
    """Return those, and the checks of what people need beside it.

    Where nobody can tell yet what the context leads to, that is a finding as well, after those of Docker.
    """
    facts = Facts(settings)
    try:
        of_install = _checks(facts)
    except TodoctlError:
        return [*host.checks(), *docker.checks(facts), *context.checks_of_target(facts), *kubectl.checks(facts)]
    return [*of_install, *kubectl.checks(facts), *access.checks(facts)]


def _checks(facts: Facts) -> list[Check]:
    if isinstance(facts.target, Remote):
        # This host only builds and pushes.
        beside = {"host.cpus", "host.memory", "host.disk", "docker.resources"}
        here = [check for check in [*host.checks(), *docker.checks(facts)] if check.id not in beside]
        return [*here, *remote.checks(facts)]
    of_minikube = [*minikube.checks(facts), *context.checks(facts), *network.checks(facts)]
    return [
        *host.checks(),
        *docker.checks(facts),
        *(of_minikube if isinstance(facts.target, Minikube) else []),
        *cluster.checks(facts),
    ]


def offline_checks(settings: Settings, platform: str, references: Collection[str]) -> list[Check]:
    """Return the checks of an install from a bundle for this platform, with images that are called so.

    None of them asks a network, or wants one.
    """
    facts = Facts(settings)
    dropped = {"docker.buildkit", "docker.disk", "network.proxy"}
    kept = [check for check in _checks(facts) if check.id not in dropped]
    of_bundle = [offline.platform_check(facts, platform)]
    if isinstance(facts.target, Minikube):
        of_bundle += offline.addons_checks(facts, references)
    return [*(offline.strict(facts, check) for check in kept), *of_bundle]


def identity_checks(settings: Settings) -> list[Check]:
    """Return those that show that the context leads to the cluster that is meant, for before anything is removed."""
    wanted = {"context.kubeconfig", "cluster.reachable", "cluster.profile", "cluster.nodes", "cluster.minikube"}
    return [check for check in cluster_checks(settings) if check.id in wanted]


def cluster_checks(settings: Settings) -> list[Check]:
    """Return those that only a running cluster answers, to run once more after it was started."""
    facts = Facts(settings)
    if isinstance(facts.target, Remote):
        return remote.checks(facts)
    of_minikube = context.checks(facts) if isinstance(facts.target, Minikube) else []
    return [*of_minikube, *cluster.checks(facts)]
