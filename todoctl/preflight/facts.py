"""What several checks look at, asked for once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from todoctl.adapters import docker
from todoctl.deadline import Deadline
from todoctl.settings import DEFAULT_HOST, Settings
from todoctl.targets import find, minikube
from todoctl.targets.containers import Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.profile import Profile, State
from todoctl.targets.remote import Remote

if TYPE_CHECKING:
    from todoctl.adapters.kubernetes import Cluster

CLUSTER_SECONDS = 10.0
"""How long a check's question to the cluster may take, new tries included."""


class Facts:
    """The world as it is during one run of the checks.

    Each fact is read when it is first asked for, by the one check that the others which use it need.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.minikube = Minikube(settings.profile, offline=settings.bundle is not None)

    @cached_property
    def target(self) -> Minikube | Containers | Remote:
        """What the context leads to. Raises PreflightError for a context of a tool whose cluster is not there."""
        return find.target(self.settings)

    @cached_property
    def host(self) -> str:
        """The Ingress's host: the one that is asked for, or the environment's own."""
        if self.settings.host or not self.settings.elsewhere:
            return self.settings.host or DEFAULT_HOST
        from todoctl.objects import manifests

        return manifests.host_of(manifests.load(self.settings.environment))

    @cached_property
    def docker_client(self) -> str:
        """The version of the `docker` command."""
        return docker.client_version()

    @cached_property
    def engine(self) -> docker.Engine:
        """What the Docker engine says about itself."""
        return docker.connect().engine()

    @cached_property
    def minikube_version(self) -> str:
        """The version of the `minikube` command."""
        return minikube.version()

    @cached_property
    def state(self) -> State:
        """What Minikube says about the profile."""
        return self.minikube.state()

    @property
    def profile(self) -> Profile:
        """The profile, for checks that need one."""
        profile = self.state.profile
        if profile is None:
            raise LookupError("this check has to need `minikube.profile`")
        return profile

    @cached_property
    def _connected(self) -> Cluster:
        from todoctl.adapters.kubernetes import Cluster

        return Cluster.connect(self.settings.context)

    @property
    def cluster(self) -> Cluster:
        """The cluster, with a deadline of its own for each question."""
        return self._connected.within(Deadline(CLUSTER_SECONDS))
