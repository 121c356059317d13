"""The steps of an installation, wired to one engine, one target and one cluster; each can be taken alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from todoctl import __version__, payload
from todoctl.applying import Applying
from todoctl.errors import LockedError, TodoctlError, UsageError
from todoctl.settings import BUILD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from todoctl.access.advice import Advice
    from todoctl.access.hosts import HostsEntry
    from todoctl.adapters.kubernetes import Object
    from todoctl.images.build import Built, Plan
    from todoctl.images.digests import ConfigDigests
    from todoctl.images.push import Pushed
    from todoctl.images.sideload import Pending, Sideloaded
    from todoctl.objects.rollout import WorkloadStatus
    from todoctl.objects.wait import Rolled
    from todoctl.preflight.check import Repair
    from todoctl.targets.minikube import Minikube

ACCESS_SECONDS = 60.0
"""How long an Ingress controller may take to notice a new Ingress and its endpoints."""


@dataclass(frozen=True)
class Access:
    """How the app is reached, after it has answered: its URL, the advice, and what the hosts file says of the host."""

    url: str
    advice: Advice
    hosts_entry: HostsEntry


@dataclass(frozen=True)
class RemoteAccess:
    """How the app on a cluster elsewhere is reached. `answered` is False where its host is not in DNS yet.

    `addresses` are what the Ingress has, addresses or names, if its controller tells.
    """

    url: str
    host: str
    answered: bool
    addresses: tuple[str, ...]


class Steps(Applying):
    """One installation's steps. What one finds, such as the engine, the next ones use; nothing is asked twice."""

    def preflight(self) -> None:
        """Check what an install needs, and bring a Minikube up, with ingress and metrics-server.

        Raises what the first check that is fatal found, and ConsentError where starting Minikube was not wanted.
        """
        from todoctl.preflight.table import checks, cluster_checks
        from todoctl.targets.minikube import Minikube

        with self.in_turn("install"):  # what another run is starting is looked at when that is done
            self.require(checks(self.settings))
            start = self._start()
        if start is not None:
            self.reporter.confirm(start.question)
            with self.in_turn("install"):
                start.do(self.reporter, self.deadline())  # nothing, where another run did meanwhile
                self.require(cluster_checks(self.settings))
        if isinstance(self.target, Minikube):
            self.ensure_addons(self.target)

    def ensure_addons(self, minikube: Minikube) -> None:
        """See to it that the cluster admits an Ingress, and offers the metrics API."""
        from todoctl.targets import addons

        with self.in_turn("install"):
            addons.ensure_ingress(minikube, self.cluster, self.reporter, self.deadline())
            addons.ensure_metrics(minikube, self.cluster, self.reporter, self.deadline())

    def _start(self) -> Repair | None:
        """Return what has the Minikube profile run; None where it does, or the cluster is another tool's."""
        from todoctl.preflight.minikube import start
        from todoctl.targets.minikube import Minikube
        from todoctl.targets.profile import Status

        if not isinstance(self.target, Minikube):
            return None
        state = self.target.state()
        if state.status is Status.RUNNING:
            return None
        return start(self.settings, self.target, self.engine.engine(), state)

    def env_file(self) -> dict[str, str]:
        """Read the env file, if one is named. Raises UsageError, and SecretsError for a DATABASE_URL that is none."""
        from todoctl import secrets
        from todoctl.envfile import parse_env_file

        path = self.settings.env_file
        if path is None:
            return {}
        try:
            given = parse_env_file(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "env-file.unreadable",
                f"`{path}` cannot be read",
                because=error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text",
                hint="name a text file with one KEY=value a line",
            ) from error
        secrets.check(given)
        return given

    def database_ca(self) -> dict[str, str]:
        """Read the CA of an external database, if one is named. Raises UsageError for what is no certificate."""
        from todoctl import secrets

        path = self.settings.database_ca
        if path is None:
            return {}
        try:
            text = path.read_text(encoding="ascii")
            secrets.check_certificates(text)
        except (OSError, ValueError) as error:
            # An SSLError is an OSError, whose text begins with where OpenSSL found the fault.
            raise UsageError(
                "database-ca.unreadable",
                f"`{path}` is not a usable CA certificate",
                because=error.strerror or str(error) if isinstance(error, OSError) else str(error),
                hint="name a PEM file with one or more certificates",
            ) from error
        return {"DATABASE_CA": text}

    def fingerprint(self, platform: str | None = None) -> list[Plan]:
        """Give each image that todoctl builds the tag that its build inputs make, for the engine's own platform."""
        from todoctl.images import build
        from todoctl.images.image import BUILT

        platform = platform or f"linux/{self.engine.engine().architecture}"
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
            deadline=self.deadline(BUILD_SECONDS),
            extra_ca=Path(extra_ca) if extra_ca else None,
        )

    def sideload(self, built: Sequence[Built], *, with_version: bool = False) -> list[Sideloaded]:
        """Bring the images, and Postgres, to every node; `with_version` also under the app's version as a tag."""
        from todoctl.images import host, sideload
        from todoctl.images.image import POSTGRES

        deadline = self.deadline()
        host.pull_missing(POSTGRES, engine=self.engine, reporter=self.reporter, deadline=deadline)
        references = [image.reference for image in built]
        if with_version:
            aliases = [image.image.reference(__version__) for image in built]
            for reference, alias in zip(list(references), aliases, strict=True):
                self.engine.tag(reference, alias)
            references += aliases
        return sideload.sideload(
            [*references, POSTGRES],
            target=self.target,
            engine=self.engine,
            digests=self._digests(),
            reporter=self.reporter,
            deadline=deadline,
        )

    def pending(self, references: Sequence[str]) -> list[Pending]:
        """Tell what of these images each node holds."""
        from todoctl.images import sideload

        return sideload.pending(references, target=self.target, engine=self.engine, digests=self._digests())

    def bring_back(self, references: Sequence[str]) -> list[Sideloaded]:
        """Have every node hold these images of a release again. Raises SideloadError where one is gone."""
        from todoctl.images import sideload

        return sideload.bring_back(
            references,
            target=self.target,
            engine=lambda: self.engine,
            digests=self._digests(),
            reporter=self.reporter,
            deadline=self.deadline(),
        )

    def _digests(self) -> ConfigDigests:
        import platformdirs

        from todoctl.images.digests import ConfigDigests

        return ConfigDigests(platformdirs.user_cache_path("todoctl", appauthor=False) / "config-digests.json")

    def push(self, built: Sequence[Built]) -> list[Pushed]:
        """Have the registry hold the images. Raises RegistryError, and UsageError where none is named."""
        from todoctl.images import push

        return push.push(
            built,
            self._registry(),
            platform=f"linux/{self.engine.engine().architecture}",
            engine=self.engine,
            reporter=self.reporter,
            deadline=self.deadline(),
        )

    def pin(self, plans: Sequence[Plan]) -> list[Plan]:
        """Have the images that the registry holds already pinned by their digest, the others named by their tag.

        Where the nodes take images from this host, they are named as they are.
        """
        from todoctl.images import push
        from todoctl.images.at_once import at_once

        if not self.settings.elsewhere:
            return list(plans)
        registry, platform = self._registry(), f"linux/{self.engine.engine().architecture}"
        references = [f"{registry}/{plan.reference}" for plan in plans]
        asked = [partial(push.digest, one, platform=platform, deadline=self.deadline()) for one in references]
        return [
            replace(plan, pinned=f"{registry}/{plan.image.name}@{digest}" if digest else reference)
            for plan, reference, digest in zip(plans, references, at_once(asked), strict=True)
        ]

    def _registry(self) -> str:
        if self.settings.registry is None:
            raise UsageError(
                "registry.none",
                f"{self.settings.environment} needs a registry",
                because="its nodes pull the images",
                hint="name it with `--registry HOST/PATH`",
            )
        return self.settings.registry

    def remember_volume(self) -> bool:
        """Note the database's volume, so that a later install knows when it is lost, and where its data are.

        Tells whether that is done: not before there is one.
        """
        from todoctl import secrets
        from todoctl.database import volume
        from todoctl.targets.minikube import Minikube

        if self.settings.elsewhere:
            return True
        namespace = self.settings.namespace
        if not secrets.remember_volume(self.cluster, namespace):
            return False
        if isinstance(self.target, Minikube):
            node = volume.node(self.cluster, namespace)
            if node is not None and node != self.target.context:
                volume.remember(self.cluster, namespace, node)
        return True

    def wait(self, objects: Sequence[Object], *, volume: bool = False) -> Rolled:
        """Wait until every workload is Available; `volume` notes the database's as soon as it is there.

        So what comes of the wait, and whether it ends at all, does not matter to it.
        """
        from todoctl.adapters.apiserver import may_pass
        from todoctl.objects.status import Status
        from todoctl.objects.wait import wait

        told: dict[str, str] = {}
        noted = not volume

        def observe(statuses: Sequence[WorkloadStatus]) -> None:
            nonlocal noted
            try:
                noted = noted or self.remember_volume()
            except TodoctlError as error:
                if not may_pass(error):  # a server that is away is waited for, and it is noted later
                    raise
            for one in statuses:
                label, message = f"{one.kind}/{one.name}", one.verdict.message
                if told.get(label) == message:
                    continue
                told[label] = message
                if one.verdict.status is Status.CURRENT:
                    self.reporter.done(label, message)
                else:
                    ready, wanted = one.verdict.pods or (0, None)
                    self.reporter.progress(label, ready, wanted, "pods", message)

        rolled = wait(self.cluster, objects, deadline=self.deadline(), observe=observe, tell=self.reporter.warn)
        if not noted:  # nothing may have changed since the server was away
            self.remember_volume()
        return rolled

    def access(self, objects: Sequence[Object]) -> Access | RemoteAccess:
        """Ask frontend and backend through the Ingress, and tell how to reach it. Raises AccessError."""
        from todoctl.access import advice, forward, hosts, probe
        from todoctl.adapters import system
        from todoctl.objects import manifests
        from todoctl.targets.minikube import Minikube
        from todoctl.targets.remote import Remote

        host = manifests.host_of(objects)
        target = self.target
        if isinstance(target, Remote):
            return self._remote_access(objects, host)
        advised = advice.advise(
            system.host_system(),
            target.driver,
            advice.DockerKind.DESKTOP if self.engine.engine().desktop else advice.DockerKind.ENGINE,
            node_address=target.address(),
            host=host,
            profile=self.settings.profile,
        )
        endpoint = probe.Endpoint(advised.address, host)
        deadline = self.deadline().within(ACCESS_SECONDS)
        if advised.tunnel is None and isinstance(target, Minikube):
            probe.probe(endpoint, deadline=deadline)
        else:
            # kind's and k3d's ports are led to this host as their makers chose: the way through the API server is sure.
            with forward.to_controller(self.connect, self.reporter) as port:
                probe.probe(probe.Endpoint(advice.LOOPBACK, host, port), deadline=deadline)
        return Access(endpoint.url, advised, hosts.look_up(advised.hosts_file, host, advised.address))

    def record(self, objects: Sequence[Object], reason: str) -> int:
        """Record what was applied as a release, unless the newest one is the same; return its revision."""
        from todoctl.objects import releases

        revision, new = releases.record(
            self.cluster, self.settings.namespace, objects, version=__version__, reason=reason
        )
        if new:
            self.reporter.note(f"release {revision}")
        return revision

    def remove_old_images(self, verb: str, *, changed: bool) -> None:
        """Remove the app's old images from host and nodes, after a run that changed something.

        Not where the nodes pull: there the images are the registry's. Nor while another run of this user works, on
        another installation or a cluster: it may be about to apply one. One that begins meanwhile waits for its turn on
        the cluster, before it relies on any. What goes wrong is told, and stops nothing.
        """
        if not changed or self.settings.elsewhere:
            return
        from todoctl.locks import file

        installation = file.path_of(self.settings.context, self.settings.namespace)
        cluster = file.path_of_cluster(self.target.context)
        try:
            with file.locked(cluster, verb, self.target.title):
                if not file.others_work(installation, cluster):
                    self._remove_old_images()
                    return
        except LockedError:
            pass
        except TodoctlError as error:
            self.reporter.warn(f"old images could not be removed: {error.what}: {error.because}")
            return
        self.reporter.debug("old images stay: another run may be about to apply one")

    def _remove_old_images(self) -> None:
        from todoctl.images import old
        from todoctl.objects import in_use, releases

        history = releases.history(self.cluster, self.settings.namespace)
        gone = old.remove(
            newest_first=[image for release in history for image in release.images],
            in_use=in_use.images(self.cluster),
            target=self.target,
            engine=self.engine,
            deadline=self.deadline(),
        )
        for one in gone:
            self.reporter.debug(f"removed {one}")

    def _remote_access(self, objects: Sequence[Object], host: str) -> RemoteAccess:
        """Ask through the Ingress where its host is in DNS; else there is only where it would lead to."""
        from todoctl.access import hosts, probe
        from todoctl.objects.plan import read

        resolved = hosts.resolve(host)
        # cert-manager's issuer of staging is one that nobody trusts, so that its limits are not production's.
        verify = self.settings.environment == "production"
        endpoint = probe.Endpoint(resolved or host, host, 443, tls=True, verify=verify)
        if resolved is not None:
            probe.probe(endpoint, deadline=self.deadline().within(ACCESS_SECONDS))
        ingress = read(self.cluster, next(item for item in objects if item["kind"] == "Ingress")) or {}
        found = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        addresses = tuple(str(one.get("ip") or one.get("hostname")) for one in found)
        return RemoteAccess(endpoint.url, host, resolved is not None, addresses)
