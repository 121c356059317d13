"""`rollback`: go back to a release. release → sideload → secrets → apply → wait → access."""

from __future__ import annotations

from dataclasses import dataclass

from todoctl.adapters import kinds
from todoctl.images.sideload import Sideloaded
from todoctl.objects import manifests, releases
from todoctl.objects.diff import ChangeSet
from todoctl.objects.releases import Release
from todoctl.steps import Access, RemoteAccess, Steps


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did; `revision` is the release that it made, or the newest one where nothing differed."""

    release: Release
    sideloaded: tuple[Sideloaded, ...]
    changes: ChangeSet
    revision: int
    access: Access | RemoteAccess


def rollback(steps: Steps, revision: int | None) -> RolledBack:
    """Go back to a release, by default to the newest one that is not what runs; that makes a new release.

    Nothing is applied before every node holds its images again. Secrets stay as they are, the data too: a schema that a
    newer release made works with an older one, as migrations only expand.

    Raises UsageError where there is no such release, SideloadError where an image is gone, and what the steps raise.
    """
    say = steps.reporter.step
    recreate = steps.recreate()
    steps.require_identity()
    steps.require_running()
    with steps.locked("rollback"):
        with say("Release"):
            release = _choose(steps, revision)
            steps.reporter.note(f"release {release.revision}, {release.reason} of {release.time}")
            # The release may be from when the database was elsewhere, or not yet.
            expected = steps.secrets({}, dry_run=True)
            objects = steps.for_database([dict(item) for item in release.objects], expected)
        with say("Sideload"), steps.in_turn("rollback"):
            sideloaded = steps.bring_back(releases.sideloaded(objects))
        with say("Secrets"):
            secrets = steps.secrets({})
        with say("Apply"):
            manifests.set_secret_versions(objects, secrets.versions)
            # Where a move to another database did not end, the pods of before still use theirs.
            before, _ = steps.cluster.list(kinds.NETWORK_POLICY, steps.settings.namespace, labels=manifests.PART_OF)
            opened = steps.widen(objects, before)
            changes, recorded = steps.apply(opened, recreate=recreate)
        with say("Wait"):
            steps.wait(objects)
            changes += steps.narrow(objects, opened) + steps.prune(objects, recorded)
        with say("Access"):
            # Before the app is asked: what an Ingress or a certificate still waits for is no matter of the release.
            made = steps.record(objects, f"rollback to {release.revision}")
            access = steps.access(objects)
            changed = secrets.changed or not changes.empty or any(transfer.sent for transfer in sideloaded)
            steps.remove_old_images("rollback", changed=changed)
    return RolledBack(release, tuple(sideloaded), changes, made, access)


def _choose(steps: Steps, revision: int | None) -> Release:
    cluster, namespace = steps.cluster, steps.settings.namespace
    return releases.choose(releases.history(cluster, namespace), revision, releases.workloads(cluster, namespace))
