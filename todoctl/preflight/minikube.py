"""Checks of the Minikube command and the profile."""

from __future__ import annotations

from todoctl.adapters.docker import Engine
from todoctl.deadline import Deadline
from todoctl.errors import PreflightError
from todoctl.preflight import tools
from todoctl.preflight.check import Check, Repair, Severity
from todoctl.preflight.facts import Facts
from todoctl.preflight.versions import at_least
from todoctl.reporter import Reporter
from todoctl.settings import Settings
from todoctl.targets.minikube import RUNTIMES, Minikube, MinikubeMissing
from todoctl.targets.profile import Profile, State, Status
from todoctl.targets.resources import Resources, default_resources

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
        Check(
            "minikube.command",
            "Minikube command",
            Severity.FATAL,
            lambda: facts.minikube_version,
            fix=lambda error: download(facts) if isinstance(error, MinikubeMissing) else None,
        ),
        Check(
            "minikube.version",
            "Minikube version",
            Severity.FATAL,
            lambda: version(facts.minikube_version),
            command,
            # One on PATH would still come first.
            fix=lambda _: download(facts) if tools.is_ours("minikube") else None,
        ),
        Check(
            "minikube.profile",
            "Minikube profile",
            Severity.WARNING,
            lambda: exists(facts),
            command,
            fix=lambda _: start(facts.settings, facts.minikube, facts.engine, facts.state),
        ),
        Check("minikube.driver", "Minikube driver", Severity.FATAL, lambda: driver(facts.profile), profile),
        Check("minikube.runtime", "Container runtime", Severity.FATAL, lambda: runtime(facts.profile), profile),
        Check("minikube.kubernetes", "Kubernetes version", Severity.FATAL, lambda: kubernetes(facts.profile), profile),
        Check(
            "minikube.running",
            "Minikube cluster",
            Severity.WARNING,
            lambda: runs(facts.state, name),
            ready,
            fix=lambda _: start(facts.settings, facts.minikube, facts.engine, facts.state),
        ),
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
    if profile.container_runtime not in RUNTIMES:
        raise PreflightError(
            "minikube.runtime",
            f"container runtime `{profile.container_runtime}` is not known",
            because=f"todoctl sends images into {', '.join(sorted(RUNTIMES))}",
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


def download(facts: Facts) -> Repair:
    """Return the repair that downloads Minikube."""
    return tools.download(tools.MINIKUBE, mirror=facts.settings.mirror)


def start(settings: Settings, minikube: Minikube, engine: Engine, state: State) -> Repair:
    """Return the repair that makes, mends or wakes the profile, as an install does."""
    default = default_resources(engine.cpus, engine.memory_bytes)
    resources = Resources(settings.cpus or default.cpus, settings.memory_mib or default.memory_mib)
    question = f"Minikube profile `{settings.profile}` is {state.status.value}. Start it?"
    if state.status is Status.ABSENT:
        question = (
            f"There is no Minikube profile `{settings.profile}`. Make one with {resources.cpus} cores and "
            f"{resources.memory_mib} MiB of memory?"
        )

    def bring_up(reporter: Reporter, deadline: Deadline) -> None:
        minikube.bring_up(driver=settings.driver, resources=resources, reporter=reporter, deadline=deadline)

    return Repair(question, bring_up, of_cluster=True)


def _wakes(status: Status) -> str:
    return "`todoctl install` unpauses it" if status is Status.PAUSED else "`todoctl install` starts it"
