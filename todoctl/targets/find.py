"""Which kind of place a context leads to."""

from __future__ import annotations

from todoctl.errors import PreflightError
from todoctl.settings import Settings
from todoctl.targets.containers import K3D, KIND, Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.remote import Remote

TOOLS = (KIND, K3D)


def target(settings: Settings) -> Minikube | Containers | Remote:
    """Return the target of the settings: the profile, unless the context is that of another tool's cluster.

    An environment that takes its images from a registry may be any cluster. Only a context that is named as kind and
    k3d name theirs has Docker asked, for containers with that cluster's label. Raises PreflightError where none has it,
    and what Containers raises.
    """
    if settings.environment != "development":
        return Remote(settings.context)
    if settings.context == settings.profile:
        return Minikube(settings.profile, offline=settings.bundle is not None)
    for tool in TOOLS:
        if settings.context.startswith(tool.prefix):
            cluster = settings.context.removeprefix(tool.prefix)
            found = Containers(tool, cluster)
            if not found.exists():
                raise PreflightError(
                    "context.containers",
                    f"this Docker has no {tool.name} cluster `{cluster}`",
                    because=f"no container has the label `{tool.cluster_label}={cluster}`",
                    hint="see which Docker is asked with `docker context ls`; a cluster elsewhere takes its images "
                    "from a registry, in environment staging or production",
                )
            return found
    return Minikube(settings.profile, offline=settings.bundle is not None)
