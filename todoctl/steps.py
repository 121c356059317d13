"""The steps of an installation, wired to one engine, one target and one cluster; each can be taken alone."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from todoctl import __version__, payload
from todoctl.deadline import Deadline
from todoctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from todoctl.adapters.docker import Docker
    from todoctl.adapters.kubernetes import Cluster, Object
    from todoctl.images.build import Built, Plan
    from todoctl.images.sideload import Sideloaded
    from todoctl.objects.diff import Change, ChangeSet
    from todoctl.objects.delete import Uninstalled
    from todoctl.objects.rollout import WorkloadStatus
    from todoctl.objects.wait import Rolled
    from todoctl.reporter import Reporter
    from todoctl.secrets import SecretsReport
    from todoctl.settings import Settings
    from todoctl.targets.minikube import Minikube
    from todoctl.targets.profile import Status
    from todoctl.targets.resources import Resources


class Steps:
    """One installation's steps. What one finds, such as the engine, the next ones use; nothing is asked twice."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self.settings = settings
        self.reporter = reporter

    @cached_property
    def engine(self) -> Docker:
        """The Docker engine. Raises PreflightError where there is none."""
        from todoctl.adapters import docker

        return docker.connect()

    @cached_property
    def target(self) -> Minikube:
        """The Minikube profile, asked nothing yet."""
        from todoctl.targets.minikube import Minikube

        return Minikube(self.settings.profile)

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster of the settings' context, asked nothing yet. Raises ClusterError for a bad kubeconfig."""
        from todoctl.adapters.kubernetes import Cluster

        return Cluster.connect(
            self.settings.context,
            on_request=lambda method, path, status, ms: self.reporter.debug(f"{method} {path} {status} {ms:.0f} ms"),
            on_warning=lambda text: self.reporter.warn(f"the cluster says: {text}"),
        )

    def preflight(self) -> None:
        """Check what an install needs, and bring the cluster up, with ingress and metrics-server.

        Raises PreflightError for what todoctl cannot mend, ConsentError where starting Minikube was not wanted.
        """
        self.bring_up()

    def bring_up(self) -> None:
        """Have the profile run, after a question where it does not."""
        from todoctl.targets import addons
        from todoctl.targets.profile import Status
        from todoctl.targets.resources import default_resources, Resources

        state = self.target.state()
        if state.status is not Status.RUNNING:
            engine = self.engine.engine()
            default = default_resources(engine.cpus, engine.memory_bytes)
            resources = Resources(
                self.settings.cpus or default.cpus, self.settings.memory_mib or default.memory_mib
            )
            self.reporter.confirm(_question(self.settings.profile, state.status, resources))
            state = self.target.bring_up(
                driver=self.settings.driver, resources=resources, reporter=self.reporter, deadline=self._deadline()
            )
        addons.ensure_ingress(self.target, self.cluster, self.reporter, self._deadline())
        addons.ensure_metrics(self.target, self.cluster, self.reporter, self._deadline())

    def env_file(self) -> dict[str, str]:
        """Read the env file, if one is named. Raises UsageError."""
        from todoctl.envfile import parse_env_file

        path = self.settings.env_file
        if path is None:
            return {}
        try:
            return parse_env_file(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "env-file.unreadable",
                f"`{path}` cannot be read",
                because=error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text",
                hint="name a text file with one KEY=value a line",
            ) from error

    def fingerprint(self) -> list[Plan]:
        """Give each image that todoctl builds the tag that its build inputs make."""
        from todoctl.images import build
        from todoctl.images.image import BUILT

        platform = f"linux/{self.engine.engine().architecture}"
        return [build.plan(image, payload.root(), platform=platform, version=__version__) for image in BUILT]

    def build(self, plans: Sequence[Plan]) -> list[Built]:
        """Build what the engine lacks."""
        from todoctl.images import build

        extra_ca = os.environ.get("TODOCTL_EXTRA_CA")
        return build.build(
            plans,
            payload.root(),
            engine=self.engine,
            reporter=self.reporter,
            deadline=self._deadline(),
            extra_ca=Path(extra_ca) if extra_ca else None,
        )

    def sideload(self, built: Sequence[Built], *, with_version: bool = False) -> list[Sideloaded]:
        """Bring the images, and Postgres, to every node; `with_version` also under the app's version as a tag."""
        import platformdirs

        from todoctl.images import host, sideload
        from todoctl.images.digests import ConfigDigests
        from todoctl.images.image import POSTGRES

        deadline = self._deadline()
        host.pull_missing(POSTGRES, engine=self.engine, reporter=self.reporter, deadline=deadline)
        references = [image.reference for image in built]
        if with_version:
            aliases = [image.image.reference(__version__) for image in built]
            for reference, alias in zip(list(references), aliases, strict=True):
                host.tag(reference, alias, deadline=deadline)
            references += aliases
        cache = platformdirs.user_cache_path("todoctl", appauthor=False)
        return sideload.sideload(
            [*references, POSTGRES],
            target=self.target,
            engine=self.engine,
            digests=ConfigDigests(cache / "config-digests.json"),
            reporter=self.reporter,
            deadline=deadline,
        )

    def manifests(self, plans: Sequence[Plan], secrets: SecretsReport | None = None) -> list[Object]:
        """Return the environment's objects as this installation has them."""
        from todoctl.objects import manifests

        objects = manifests.load(self.settings.environment)
        return manifests.customise(
            objects,
            namespace=self.settings.namespace,
            host=self.settings.host or manifests.host_of(objects),
            images={plan.image.name: plan.reference for plan in plans},
            secret_versions=secrets.versions if secrets else None,
        )

    def apply_namespace(self, plans: Sequence[Plan]) -> ChangeSet:
        """Apply the Namespace alone: the Secrets go into it before anything that reads them."""
        from todoctl.objects.apply import apply

        objects = self.manifests(plans)
        return apply(self.cluster, [item for item in objects if item["kind"] == "Namespace"], observe=self._tell)

    def secrets(self, given: dict[str, str]) -> SecretsReport:
        """Make the Secrets that are missing, keep the others."""
        from todoctl import secrets

        report = secrets.ensure(
            self.cluster,
            self.settings.namespace,
            given,
            built_in_postgres=self.settings.environment == "development",
        )
        for state in report.states:
            if state.keys:
                self.reporter.note(f"Secret/{state.name} {state.action.value}: {', '.join(state.keys)}")
        return report

    def apply(self, objects: Sequence[Object]) -> ChangeSet:
        """Apply everything but the Namespace, stage by stage."""
        from todoctl.objects.apply import apply

        return apply(self.cluster, [item for item in objects if item["kind"] != "Namespace"], observe=self._tell)

    def wait(self, objects: Sequence[Object]) -> Rolled:
        """Wait until every workload is Available."""
        from todoctl.objects.wait import wait

        told: dict[str, str] = {}

        def observe(statuses: Sequence[WorkloadStatus]) -> None:
            for one in statuses:
                if told.get(one.name) != one.verdict.message:
                    told[one.name] = one.verdict.message
                    self.reporter.note(f"{one.kind}/{one.name}: {one.verdict.message}")

        return wait(self.cluster, objects, deadline=self._deadline(), observe=observe)

    def uninstall(self, *, with_data: bool) -> Uninstalled:
        """Remove the app; with its data only after a question."""
        from todoctl.objects import manifests
        from todoctl.objects.delete import uninstall

        namespace = self.settings.namespace
        if with_data:
            self.reporter.confirm(
                f"Remove namespace `{namespace}` on `{self.settings.context}` with all accounts and tasks? "
                "They cannot be brought back."
            )
        return uninstall(
            self.cluster,
            namespace,
            manifests.load(self.settings.environment),
            data=with_data,
            deadline=self._deadline(),
            observe=self._tell,
        )

    def _tell(self, change: Change) -> None:
        from todoctl.objects.diff import Action

        if change.action is not Action.UNCHANGED:
            self.reporter.note(f"{change}{': ' + ', '.join(change.fields) if change.fields else ''}")

    def _deadline(self) -> Deadline:
        return Deadline(self.settings.timeout)


    def access(self, objects: Sequence[Object]) -> Access:
        raise NotImplementedError


def _question(profile: str, status: Status, resources: Resources) -> str:
    from todoctl.targets.profile import Status

    if status is Status.ABSENT:
        return (
            f"There is no Minikube profile `{profile}`. Make one with {resources.cpus} cores and "
            f"{resources.memory_mib} MiB of memory?"
        )
    return f"Minikube profile `{profile}` is {status.value}. Start it?"
