"""The recipe: preflight → fingerprint → build → sideload → secrets → apply → wait → access.

A cluster elsewhere pulls its images: there they are pushed to a registry in place of sideloading. Without a network
they come from a bundle: nothing is built.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from todoctl.images.build import Built, Plan
    from todoctl.images.push import Pushed
    from todoctl.images.sideload import Sideloaded
    from todoctl.objects.diff import ChangeSet
    from todoctl.objects.wait import Rolled
    from todoctl.offline import Verified
    from todoctl.secrets import SecretsReport
    from todoctl.steps import Access, RemoteAccess, Steps


@dataclass(frozen=True)
class Installed:
    """What an install found and did, step by step."""

    built: tuple[Built, ...]
    sideloaded: tuple[Sideloaded, ...]
    secrets: SecretsReport
    changes: ChangeSet
    rolled: Rolled
    access: Access | RemoteAccess
    release: int
    pushed: tuple[Pushed, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether anything was built, sent, made or applied."""
        return (
            any(image.built for image in self.built)
            or any(transfer.sent for transfer in self.sideloaded)
            or any(image.pushed for image in self.pushed)
            or self.secrets.changed
            or not self.changes.empty
        )


def install(steps: Steps) -> Installed:
    """Bring the app up, or up to date: each step does what is not done already, and hands its result to the next.

    Raises what the steps raise; what is done then stays done, and the next run goes on from there. Two installs at once
    never mix: the second one is refused at once, or, from another machine, after its preflight, which may start
    Minikube and enable addons: before it builds, or writes to the namespace; where that is not there yet, as soon as it
    is.
    """
    with steps.locked("install", lease=False):
        return _install(steps)


def _install(steps: Steps) -> Installed:

    say = steps.reporter.step
    given, recreate = steps.env_file() | steps.database_ca(), steps.recreate()
    verified: Verified | None = None
    with say("Preflight"):
        if path := steps.settings.bundle:
            from todoctl import offline

            verified = offline.preflight(steps, path)
        else:
            steps.preflight()
        steps.take_lease()
        if steps.settings.elsewhere:
            # What is wrong with its database is told before minutes are spent on images.
            steps.secrets(given, dry_run=True)
    with say("Fingerprint"):
        plans = steps.fingerprint(verified.index.platform if verified else None)
        if verified:
            verified.require_images(plans)
        live = steps.look(plans)
        adoption = steps.adopt(plans, live, given)
    images = _supply(steps, plans, verified)
    plans = images.plans
    with say("Secrets"):
        steps.take_lease()  # somebody else may have made the namespace since
        namespace = steps.apply_namespace(plans, adoption)
        steps.take_lease()
        secrets = steps.secrets(given, adoption)
    with say("Apply"):
        objects = steps.manifests(plans, secrets)
        # Pods of before go on with their database: until they end, or for good where no new one starts.
        opened = steps.widen(objects, filter(None, live.values()))
        changes, recorded = steps.apply(opened, live, adoption, recreate)
    with say("Wait"):
        rolled = steps.wait(objects, volume=True)
        changes = namespace + changes + steps.narrow(objects, opened) + steps.prune(objects, recorded)
    with say("Access"):
        # Before the app is asked: what an Ingress or a certificate still waits for is no matter of the release.
        release = steps.record(objects, "install")
        access = steps.access(objects)
        done = Installed(images.built, images.sideloaded, secrets, changes, rolled, access, release, images.pushed)
        steps.remove_old_images("install", changed=done.changed)
    return done


@dataclass(frozen=True)
class _Supplied:
    """What was done so that every node can run the plans' images."""

    plans: list[Plan]
    built: tuple[Built, ...] = ()
    sideloaded: tuple[Sideloaded, ...] = ()
    pushed: tuple[Pushed, ...] = ()


def _supply(steps: Steps, plans: list[Plan], verified: Verified | None) -> _Supplied:
    """Have the images where the nodes find them: from the bundle, or built, then sideloaded or pushed."""
    say = steps.reporter.step
    if verified:
        with say("Sideload"):
            return _Supplied(plans, sideloaded=tuple(verified.unpack(steps)))
    with say("Build"):
        built = tuple(steps.build(plans))
    if steps.settings.elsewhere:
        with say("Push"):
            pushed = tuple(steps.push(built))
        pinned = [replace(plan, pinned=one.pinned) for plan, one in zip(plans, pushed, strict=True)]
        return _Supplied(pinned, built, pushed=pushed)
    with say("Sideload"):
        return _Supplied(plans, built, tuple(steps.sideload(built)))
