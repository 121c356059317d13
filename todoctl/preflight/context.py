"""Checks of the way from the kubeconfig to the profile's cluster; nothing is sent yet."""

from __future__ import annotations

from todoctl.adapters import kubeconfig
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, PreflightError
from todoctl.preflight.check import Check, Repair, Severity
from todoctl.preflight.facts import Facts
from todoctl.reporter import Reporter
from todoctl.targets.profile import Status


def checks(facts: Facts) -> list[Check]:
    """Return the checks of the kubeconfig and its context."""
    entry_needs = ("context.kubeconfig", "minikube.running")
    return [
        Check("context.kubeconfig", "Kubeconfig", Severity.FATAL, lambda: usable(facts)),
        Check("context.named", "Context", Severity.FATAL, lambda: named(facts), ("minikube.command",)),
        Check(
            "context.entry",
            "Minikube's kubeconfig entry",
            Severity.FATAL,
            lambda: entry(facts),
            entry_needs,
            fix=lambda _: correct(facts),
        ),
    ]


def checks_of_target(facts: Facts) -> list[Check]:
    """Return the check that takes the place of all these where the context's cluster is not found."""
    found = ("docker.engine",)
    return [Check("context.target", "The context's cluster", Severity.FATAL, lambda: facts.target.title, found)]


def usable(facts: Facts) -> str:
    """Hold for a kubeconfig that can be used, and for none, or none with the context: Minikube writes it then."""
    context = facts.settings.context
    try:
        kubeconfig.load(context)
    except ClusterError as error:
        if error.id == "cluster.context" or error.because == "there is no such file":
            return f"no context `{context}` yet"
        raise
    return f"has context `{context}`"


def named(facts: Facts) -> str:
    """Hold for the profile's own context, and for others where the cluster runs, so that its nodes can be looked at."""
    context, profile = facts.settings.context, facts.settings.profile
    if context != profile and facts.state.status is not Status.RUNNING:
        raise PreflightError(
            "context.named",
            f"context `{context}` is not known to be of profile `{profile}`",
            because=f"the profile is {facts.state.status.value}, and Minikube would name its context `{profile}`",
            hint="leave `--context` out, or name its profile with `--profile`",
        )
    return f"`{context}`"


def entry(facts: Facts) -> str:
    """Hold where the kubeconfig has the cluster's present address, or another context is asked for."""
    name = facts.settings.profile
    if facts.settings.context == name and not facts.state.kubeconfig_ok:
        raise PreflightError(
            "context.entry",
            f"the kubeconfig does not lead to profile `{name}`",
            because="the cluster's address changed, or KUBECONFIG names another file than when it was started",
            hint=f"`minikube update-context -p {name}`",
        )
    return "up to date"


def correct(facts: Facts) -> Repair:
    """Return the repair that has Minikube write its entry anew."""
    name = facts.settings.profile

    def update(_: Reporter, deadline: Deadline) -> None:
        facts.minikube.update_context(deadline)

    return Repair(f"Write the kubeconfig's entry again with `minikube update-context -p {name}`?", update)
