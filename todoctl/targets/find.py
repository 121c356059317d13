"""Which kind of place a context leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from todoctl.adapters import kubeconfig
from todoctl.errors import PreflightError
from todoctl.settings import Settings
from todoctl.targets.containers import K3D, KIND, Containers, published
from todoctl.targets.minikube import Minikube
from todoctl.targets.remote import Remote

TOOLS = (KIND, K3D)
_HERE = frozenset({"127.0.0.1", "0.0.0.0", "localhost", "::1"})  # noqa: S104 - k3d writes it into the kubeconfig


def target(settings: Settings) -> Minikube | Containers | Remote:
    """Return the target of the settings: the profile, unless the context is that of another tool's cluster.

    An environment that takes its images from a registry may be any cluster. A context that is named as kind and k3d
    name theirs has Docker asked for containers with that cluster's label; one that was renamed, where its server is at
    the loopback address, for the container that publishes the port. Raises PreflightError where no container has the
    label that the context's name asks for, and what Containers raises.
    """
    if settings.elsewhere:
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
    return _renamed(settings.context) or Minikube(settings.profile, offline=settings.bundle is not None)


def _renamed(context: str) -> Containers | None:
    """Return the cluster of a tool one of whose containers publishes the port of the context's server."""
    try:
        server = urlsplit(kubeconfig.server(context) or "")
        port = server.port if server.hostname in _HERE else None
    except ValueError:  # no URL: for the kubeconfig's own check to tell
        port = None
    if port is None:
        return None
    return next((Containers(tool, name) for tool in TOOLS for name in published(tool, port)), None)
