"""What an install from a bundle needs beside the rest: a cluster that is there, runs, and is of its platform.

And addons whose images can be had without a network.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache, partial

from todoctl.adapters import kinds
from todoctl.errors import PreflightError
from todoctl.preflight.check import Check, Severity
from todoctl.preflight.facts import Facts
from todoctl.targets import addons
from todoctl.targets.profile import Status
from todoctl.targets.reference import by_digest, qualified


def strict(facts: Facts, check: Check) -> Check:
    """Return the check as it is without a network: what install would mend with one is fatal."""
    strict_ones = {"minikube.profile": lambda: exists(facts), "minikube.running": lambda: runs(facts)}
    run = strict_ones.get(check.id)
    return replace(check, run=run, severity=Severity.FATAL, fix=None) if run else check


def exists(facts: Facts) -> str:
    """Hold where the profile was made: Minikube downloads what a new one takes."""
    name = facts.settings.profile
    if facts.state.status is Status.ABSENT:
        raise PreflightError(
            "minikube.profile",
            f"there is no profile `{name}`",
            because="without a network none can be made: Minikube would download what it takes",
            hint="make it where there is a network, with `todoctl install`, or name another one with `--profile`",
        )
    return f"`{name}`"


def runs(facts: Facts) -> str:
    """Hold where the profile runs: to start it, Minikube would look for updates, and for a registry."""
    name, state = facts.settings.profile, facts.state
    if state.status is not Status.RUNNING:
        raise PreflightError(
            "minikube.running",
            f"profile `{name}` does not run",
            because=state.trouble or f"it is {state.status.value}, and Minikube asks the network when it starts one",
            hint=f"start it yourself with `minikube start -p {name}`: it goes on where no one answers",
        )
    return "running"


def platform_check(facts: Facts, platform: str) -> Check:
    """Return the check that every node runs what the bundle has."""
    needs = ("cluster.profile", "cluster.nodes")
    return Check("bundle.platform", "Platform", Severity.FATAL, lambda: is_platform(facts, platform), needs)


def is_platform(facts: Facts, platform: str) -> str:
    """Hold where every node is of the bundle's platform."""
    nodes, _ = facts.cluster.list(kinds.NODE)
    found = {
        f"{node['status']['nodeInfo']['operatingSystem']}/{node['status']['nodeInfo']['architecture']}"
        for node in nodes
    }
    if others := sorted(found - {platform}):
        raise PreflightError(
            "bundle.platform",
            f"the bundle is for {platform}",
            because=f"the cluster has nodes of {', '.join(others)}",
            hint="make one with `todoctl bundle save` on a machine of that platform",
        )
    return platform


Wanted = Mapping[str, frozenset[str]]
"""Addons that are to be enabled, and what they run, as a runtime names it."""


def addons_checks(facts: Facts, references: Collection[str]) -> list[Check]:
    """Return the checks that addons which are to be enabled find their images in the bundle, or on the nodes.

    Where nobody tells which these are, that is a warning: they may be there.
    """
    wanted = cache(partial(wanted_images, facts))  # asked once for both
    held = frozenset(map(qualified, references))
    run = partial(has_addons, facts, wanted, held)
    needs = ("cluster.profile",)
    known = Check("bundle.addon-images", "What addons run", Severity.WARNING, lambda: named(wanted()), needs)
    return [known, Check("bundle.addons", "Images of addons", Severity.FATAL, run, (*needs, known.id))]


def wanted_images(facts: Facts) -> Wanted:
    """Return what the addons run that are not enabled yet. Raises AddonUntold."""
    images = {addon: facts.minikube.addon_images(addon) for addon in addons.missing(facts.cluster)}
    return {addon: frozenset(qualified(by_digest(one)) for one in found) for addon, found in images.items()}


def named(wanted: Wanted) -> str:
    """Hold: that there is an answer is what is looked at."""
    return ", ".join(f"`{image}`" for image in sorted(frozenset().union(*wanted.values()))) or "enabled already"


def has_addons(facts: Facts, wanted: Callable[[], Wanted], references: frozenset[str]) -> str:
    """Hold where the addons are enabled, or can be: a kubelet would ask the network for what is nowhere here."""
    missing = wanted()
    if not missing:
        return "enabled already"
    minikube = facts.minikube
    everywhere = frozenset.intersection(*(frozenset(minikube.node_images(node)) for node in minikube.nodes()))
    lacking = {addon: images - references - everywhere for addon, images in missing.items()}
    if bare := [addon for addon in missing if lacking[addon]]:
        images = ", ".join(f"`{image}`" for image in sorted(set().union(*lacking.values())))
        raise PreflightError(
            "bundle.addons",
            f"{' and '.join(f'`{addon}`' for addon in bare)} of Minikube's addons cannot be enabled without a network",
            because=f"neither the bundle nor every node has {images}",
            hint="where there is a network: "
            + " and ".join(f"`minikube addons enable {addon} -p {facts.settings.profile}`" for addon in bare),
        )
    return f"there are those of {' and '.join(f'`{addon}`' for addon in missing)}"
