"""One installation, and the way to all that it is made of: the engine, the target and the cluster.

Every recipe works on one of these, so nothing is connected or asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from todoctl.deadline import Deadline
from todoctl.errors import PreflightError
from todoctl.settings import BUILD_SECONDS, WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from todoctl.adapters.docker import Docker
    from todoctl.adapters.kubernetes import Cluster, Object
    from todoctl.images.build import Plan
    from todoctl.locks.file import Holder
    from todoctl.objects.diff import Change
    from todoctl.preflight.check import Check
    from todoctl.reporter import Reporter
    from todoctl.secrets import SecretsReport
    from todoctl.settings import Settings
    from todoctl.targets.containers import Containers
    from todoctl.targets.minikube import Minikube
    from todoctl.targets.remote import Remote

MENDED = frozenset({"minikube.profile", "minikube.running", "cluster.ingress", "cluster.metrics"})
"""Checks whose warnings install does something about on Minikube, so that it need not show them."""


class Installation:
    """Settings, a reporter, and what they lead to; each is connected to when it is first used."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self.settings = settings
        self.reporter = reporter
        self._locks = ExitStack()
        self._holder: Holder | None = None

    @cached_property
    def engine(self) -> Docker:
        """The Docker engine. Raises PreflightError where there is none."""
        from todoctl.adapters import docker

        return docker.connect()

    @cached_property
    def target(self) -> Minikube | Containers | Remote:
        """What the context leads to: the Minikube profile, asked nothing yet, unless it is another tool's.

        Raises PreflightError for a context of a tool whose cluster is not there.
        """
        from todoctl.targets import find

        return find.target(self.settings)

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster of the settings' context, asked nothing yet. Raises ClusterError for a bad kubeconfig."""
        return self.connect()

    def connect(self) -> Cluster:
        """Read the kubeconfig anew and return its cluster: one that was restarted may have another address."""
        from todoctl.adapters.kubernetes import Cluster

        return Cluster.connect(
            self.settings.context,
            on_request=lambda method, path, status, ms: self.reporter.debug(f"{method} {path} {status} {ms:.0f} ms"),
            on_warning=lambda text: self.reporter.warn(f"the cluster says: {text}"),
        )

    @contextmanager
    def locked(self, verb: str, *, lease: bool = True) -> Iterator[None]:
        """Keep every other run of todoctl off this installation while the block runs: what changes it runs in one.

        A lock file keeps off those on this machine, at once; a Lease in the namespace, where that is there, those on
        others. Should another run take the Lease over, the cluster's next write raises. Without `lease` that is left
        to `take_lease`. Raises LockedError when another run holds the installation.
        """
        from todoctl.locks import file

        context, namespace = self.settings.context, self.settings.namespace
        what = f"namespace `{namespace}` of context `{context}`"
        with self._locks:
            self._holder = self._locks.enter_context(file.locked(file.path_of(context, namespace), verb, what))
            if lease:
                self.take_lease()
            yield

    @contextmanager
    def in_turn(self, verb: str) -> Iterator[None]:
        """Work on the cluster as a whole while the block runs: look at whether it runs, start it, change its addons.

        One run of this user at a time, on whatever installation; others wait, and say for whom. No block may be in
        another one. A cluster elsewhere is nobody's here: nothing is waited for. Raises LockedError where another run
        takes longer than a build may.
        """
        from todoctl.locks import file

        if self.settings.elsewhere:
            yield
            return
        path, deadline = file.path_of_cluster(self.target.context), self.deadline(BUILD_SECONDS)
        with file.in_turn(path, verb, self.target.title, self.reporter, deadline):
            yield

    def take_lease(self) -> None:
        """Have a `locked` block keep off runs on other machines too, from now on, if the namespace is there.

        Does nothing where it does already. Raises LockedError where another run holds the Lease.
        """
        from todoctl.adapters import kinds
        from todoctl.locks.lease import Lease

        cluster = self.cluster
        if self._holder is None or cluster.get(kinds.NAMESPACE, self.settings.namespace) is None:
            return
        lease = self._locks.enter_context(Lease(cluster, self.settings.namespace, self._holder, self.reporter))
        self._holder = None
        self._locks.callback(setattr, self, "cluster", cluster)
        self.cluster = cluster.guarded(lease.check)

    def require(self, checks: Sequence[Check]) -> None:
        """Run checks, and raise what the first fatal one found. Warnings are told."""
        from todoctl.preflight.check import Status, first_fatal, run
        from todoctl.targets.minikube import Minikube

        mended = MENDED if isinstance(self.target, Minikube) else ()
        findings = list(run(checks))
        for finding in findings:
            self.reporter.debug(f"{finding.status.value}: {finding.title}: {finding.found}")
            if finding.status is Status.WARNING and finding.id not in mended:
                self.reporter.warn(finding.found + (f": {finding.because}" if finding.because else ""))
        if fatal := first_fatal(findings):
            raise fatal

    def require_identity(self) -> None:
        """Raise unless the context leads to the cluster that is meant, for before anything is removed."""
        from todoctl.preflight.table import identity_checks

        self.require(identity_checks(self.settings))

    def require_running(self) -> None:
        """Raise PreflightError unless the nodes run, for what does not start them."""
        from todoctl.targets.minikube import Minikube
        from todoctl.targets.profile import Status

        if not isinstance(self.target, Minikube):
            self.target.nodes()
            return
        status = self.target.state().status
        if status is not Status.RUNNING:
            raise PreflightError(
                "minikube.running",
                f"Minikube profile `{self.settings.profile}` does not run",
                because=f"it is {status.value}",
                hint=f"start it with `minikube start -p {self.settings.profile}`, or run `todoctl install`",
            )

    def manifests(self, plans: Sequence[Plan], secrets: SecretsReport | None = None) -> list[Object]:
        """Return the environment's objects as this installation has them."""
        from todoctl.objects import manifests

        objects = manifests.load(self.settings.environment)
        if secrets:
            objects = self.for_database(objects, secrets)
            objects = self.on_its_node(objects)
        return manifests.customise(
            objects,
            namespace=self.settings.namespace,
            host=self.settings.host or manifests.host_of(objects),
            images={plan.image.name: plan.runs for plan in plans},
            image_pull_secret=self.settings.image_pull_secret,
            secret_versions=secrets.versions if secrets else None,
        )

    def for_database(self, objects: Sequence[Object], secrets: SecretsReport) -> list[Object]:
        """Return an environment's objects, or a release's, as they are with the database that the Secrets lead to.

        Only development's come with a Postgres, which they are without where that database is elsewhere. Those that
        were made for one elsewhere get the Postgres of this todoctl's manifests.
        """
        from todoctl.objects import manifests, order

        if self.settings.elsewhere:
            return [*objects]
        if secrets.external_port is not None:
            return manifests.without_postgres(objects, secrets.external_port)
        if any(item["metadata"]["name"] == manifests.POSTGRES for item in order.workloads(objects)):
            return [*objects]
        return manifests.with_postgres(objects, self.manifests((), secrets))

    def on_its_node(self, objects: Sequence[Object]) -> list[Object]:
        """Return objects with their Postgres, if they have it, kept to the node of its data.

        Only on Minikube, whose volumes do not name theirs: its provisioner makes folders on the primary node, and a pod
        on another one begins with an empty folder there. So the primary one it is, which has the profile's name, unless
        there are data elsewhere, as `kubectl apply` and Helm keep Postgres to no node.
        """
        from todoctl.database import volume
        from todoctl.objects import manifests
        from todoctl.targets.minikube import Minikube

        if not isinstance(self.target, Minikube):
            return [*objects]
        node = volume.node(self.cluster, self.settings.namespace) or self.target.context
        return manifests.with_postgres_on(objects, node)

    def tell(self, change: Change) -> None:
        """Note what became of an object, unless nothing did."""
        from todoctl.objects.diff import Action

        if change.action is not Action.UNCHANGED:
            self.reporter.note(f"{change}{': ' + ', '.join(change.fields) if change.fields else ''}")

    def deadline(self, default: float = WAIT_SECONDS) -> Deadline:
        """Return a new deadline: the settings' timeout, or else this default, bounds each wait on its own."""
        return Deadline(self.settings.timeout or default)
