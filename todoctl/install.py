"""The recipe: preflight → fingerprint → build → sideload → secrets → apply → wait → access.

A cluster elsewhere pulls its images: there they are pushed to a registry in place of sideloading. Without a network
they come from a bundle: nothing is built.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from todoctl.bundle import Index
    from todoctl.images.build import Built
    from todoctl.images.push import Pushed
    from todoctl.images.sideload import Sideloaded
    from todoctl.objects.diff import ChangeSet
    from todoctl.objects.wait import Rolled
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
    never mix: the second one is refused at once, or, from another machine, as soon as the namespace is there.
    """
    with steps.locked("install", lease=False):
        return _install(steps)


def _install(steps: Steps) -> Installed:
    say = steps.reporter.step
    given, recreate = steps.env_file() | steps.database_ca(), steps.recreate()
    index: Index | None = None
    with say("Preflight"):
        if steps.settings.bundle:
            index = steps.preflight_offline()
        else:
            steps.preflight()
        if steps.elsewhere:
            # What is wrong with its database is told before minutes are spent on images.
            steps.secrets(given, dry_run=True)
    with say("Fingerprint"):
        plans = steps.fingerprint(index.platform if index else None)
    live = steps.look(plans)
    adoption = steps.adopt(plans, live, given)
    built: list[Built] = []
    sideloaded: list[Sideloaded] = []
    pushed: list[Pushed] = []
    if index is None:
        with say("Build"):
            built = steps.build(plans)
    if index is not None:
        with say("Sideload"):
            sideloaded = steps.unpack(index, plans)
    elif steps.elsewhere:
        with say("Push"):
            pushed = steps.push(built)
        plans = [replace(plan, pinned=one.pinned) for plan, one in zip(plans, pushed, strict=True)]
    else:
        with say("Sideload"):
            sideloaded = steps.sideload(built)
    with say("Secrets"):
        namespace = steps.apply_namespace(plans, adoption)
        steps.take_lease()
        secrets = steps.secrets(given, adoption)
    with say("Apply"):
        objects = steps.manifests(plans, secrets)
        changes, recorded = steps.apply(objects, live, adoption, recreate)
    with say("Wait"):
        rolled = steps.wait(objects)
        steps.remember_volume()
        changes = namespace + changes + steps.prune(objects, recorded)
    with say("Access"):
        access = steps.access(objects)
    release = steps.record(objects, "install")
    done = Installed(tuple(built), tuple(sideloaded), secrets, changes, rolled, access, release, tuple(pushed))
    if done.changed and not steps.elsewhere:
        steps.remove_old_images()
    return done
