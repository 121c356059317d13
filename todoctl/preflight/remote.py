"""Checks of a cluster anywhere, which may not let this user see all that Minikube shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import ApiError
from todoctl.errors import PreflightError
from todoctl.preflight import cluster
from todoctl.preflight.check import Check, Severity
from todoctl.preflight.facts import Facts


def checks(facts: Facts) -> list[Check]:
    """Return the checks of the cluster; those of what this user may not see hold."""
    architecture = Check(
        "cluster.architecture",
        "The nodes' architecture",
        Severity.FATAL,
        lambda: runs_our_images(facts),
        ("docker.engine", "cluster.minikube"),
    )
    of_cluster = [*cluster.checks(facts), architecture]
    return [replace(check, run=partial(_if_visible, check.run)) for check in of_cluster]


def _if_visible(run: Callable[[], str]) -> str:
    try:
        return run()
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return "this user may not see it"


def runs_our_images(facts: Facts) -> str:
    """Hold where every node runs images of the architecture that Docker here builds for."""
    built = facts.engine.architecture
    nodes, _ = facts.cluster.list(kinds.NODE)
    others = sorted({node["status"]["nodeInfo"]["architecture"] for node in nodes} - {built})
    if others:
        raise PreflightError(
            "cluster.architecture",
            f"the cluster has nodes of architecture {', '.join(others)}",
            because=f"Docker here builds for {built}, and a pod may be put on any node",
            hint="run todoctl on a machine, or with a Docker (`docker context use`), of the nodes' architecture",
        )
    return built
