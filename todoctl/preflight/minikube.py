"""Checks of the Minikube command and the profile."""

from __future__ import annotations

from todoctl.errors import PreflightError
from todoctl.preflight.check import Check, Severity
from todoctl.preflight.facts import Facts
from todoctl.preflight.versions import at_least
from todoctl.targets import minikube
from todoctl.targets.profile import Profile, State, Status

MIN_VERSION = "1.33"
"""The first that makes clusters of Kubernetes 1.30 by itself."""
MIN_KUBERNETES = "1.30"
"""The manifests use `preStop.sleep` (KEP-3960), on by default since 1.30."""


def checks(facts: Facts) -> list[Check]:
    """Return the checks of Minikube; those of the profile hold before it is started too."""
    command, profile = ("minikube.command",), ("minikube.profile",)
    # Minikube takes a Docker that does not answer for a machine that is gone.
    ready = ("docker.engine", "minikube.profile")
    name = facts.settings.profile
    return [
        Check("minikube.command", "Minikube command", Severity.FATAL, lambda: facts.minikube_version),
        Check("minikube.version", "Minikube version", Severity.FATAL, lambda: version(facts.minikube_version), command),
        Check("minikube.profile", "Minikube profile", Severity.WARNING, lambda: exists(facts), command),
        Check("minikube.driver", "Minikube driver", Severity.FATAL, lambda: driver(facts.profile), profile),
        Check("minikube.runtime", "Container runtime", Severity.FATAL, lambda: runtime(facts.profile), profile),
        Check("minikube.kubernetes", "Kubernetes version", Severity.FATAL, lambda: kubernetes(facts.profile), profile),
        Check("minikube.running", "Minikube cluster", Severity.WARNING, lambda: runs(facts.state, name), ready),
    ]


def version(found: str) -> str:
    """Hold from the oldest Minikube that todoctl takes."""
    if not at_least(found, MIN_VERSION):
        raise PreflightError(
            "minikube.version",
            f"Minikube {found} is too old",
            because=f"todoctl needs {MIN_VERSION} or newer",
            hint="update Minikube: https://minikube.sigs.k8s.io/docs/start/",
        )
    return found


def exists(facts: Facts) -> str:
    """Hold where the profile was made."""
    profile, name = facts.state.profile, facts.settings.profile
    if profile is None:
        raise PreflightError(
            "minikube.profile",
            f"there is no profile `{name}` yet",
            hint="`todoctl install` makes it; another one: `--profile`",
        )
    nodes = f"{len(profile.nodes)} nodes" if len(profile.nodes) > 1 else "1 node"
    return f"`{name}`, {nodes}, {profile.cpus} CPUs, {profile.memory_mib} MiB"


def driver(profile: Profile) -> str:
    """Hold for drivers whose nodes are machines of their own."""
    if profile.driver == "none":
        raise PreflightError(
            "minikube.driver",
            "Minikube driver `none` is not supported",
            because="it has no nodes that images could be sent to: it runs Kubernetes on this host itself",
            hint="make another profile, for example `todoctl install --profile todo --driver docker`",
        )
    return profile.driver


def runtime(profile: Profile) -> str:
    """Hold for container runtimes that todoctl knows how to send images into."""
    if profile.container_runtime not in minikube.RUNTIMES:
        raise PreflightError(
            "minikube.runtime",
            f"container runtime `{profile.container_runtime}` is not known",
            because=f"todoctl sends images into {', '.join(sorted(minikube.RUNTIMES))}",
            hint="make another profile, for example `todoctl install --profile todo`",
        )
    return profile.container_runtime


def kubernetes(profile: Profile) -> str:
    """Hold from the oldest Kubernetes that has all that the manifests use."""
    if not at_least(profile.kubernetes_version, MIN_KUBERNETES):
        raise PreflightError(
            "minikube.kubernetes",
            f"Kubernetes {profile.kubernetes_version} is too old",
            because=f"the manifests need {MIN_KUBERNETES} or newer (`preStop.sleep`)",
            hint=f"`minikube start -p {profile.name} --kubernetes-version=stable` upgrades the cluster",
        )
    return profile.kubernetes_version


def runs(state: State, name: str) -> str:
    """Hold for a state in which nothing has to be started."""
    if state.status is Status.RUNNING:
        return "running"
    if state.status is Status.BROKEN:
        raise PreflightError(
            "minikube.running",
            f"profile `{name}` does not run as a whole",
            because=state.trouble,
            hint=f"`todoctl install` tries to mend it; `minikube delete -p {name}` removes it, data too",
        )
    raise PreflightError("minikube.running", f"profile `{name}` is {state.status.value}", hint=_wakes(state.status))


def _wakes(status: Status) -> str:
    return "`todoctl install` unpauses it" if status is Status.PAUSED else "`todoctl install` starts it"
