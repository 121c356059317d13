"""What an install from a bundle does in place of fetching anything: verify, check, unpack. No network is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from todoctl import bundle
from todoctl.bundle import Index
from todoctl.errors import ArchiveError
from todoctl.images import archives
from todoctl.images.build import Plan
from todoctl.images.sideload import Sideloaded
from todoctl.preflight.table import offline_checks
from todoctl.steps import Steps
from todoctl.targets.minikube import Minikube


@dataclass(frozen=True)
class Verified:
    """A bundle every byte of which is as it was written."""

    path: Path
    index: Index

    def require_images(self, plans: Sequence[Plan]) -> None:
        """Raise ArchiveError where the bundle has other images than this todoctl runs."""
        held = {reference for entry in self.index.images for reference in entry.references}
        if missing := [plan.reference for plan in plans if plan.reference not in held]:
            raise ArchiveError(
                "bundle.other",
                f"`{self.path}` is of another todoctl",
                because=f"it was made by {self.index.todoctl}, and has no {', '.join(f'`{one}`' for one in missing)}",
                hint=f"use the todoctl in it: `tar -xf {self.path} {bundle.ZIPAPP}`",
            )

    def unpack(self, steps: Steps) -> list[Sideloaded]:
        """Bring the images to every node, then see to the addons, whose images are among them.

        Raises ArchiveError where the file is not the one any more that was verified, SideloadError and ClusterError.
        """
        with bundle.opened(self.path) as found:
            if found.index != self.index:
                raise ArchiveError(
                    "bundle.changed",
                    f"`{self.path}` is not what it was",
                    because="it changed after it was verified",
                    hint="leave the file alone while it is installed from, and run the command again",
                )
            sideloaded = archives.bring(
                self.index.images,
                found.chunks,
                target=steps.target,
                reporter=steps.reporter,
                deadline=steps.deadline(),
            )
        if isinstance(steps.target, Minikube):
            steps.ensure_addons(steps.target)
        return sideloaded


def preflight(steps: Steps, path: Path) -> Verified:
    """Verify a bundle, then check what an install from it needs; touch nothing.

    A cluster must be there and run: Minikube would download to make one, and look for updates to start one. Raises
    UsageError, ArchiveError, and what the first check that is fatal found.
    """
    read = 0
    with bundle.opened(path) as found:

        def seen(count: int) -> None:
            nonlocal read
            read += count
            steps.reporter.progress(path.name, read, found.size, "B")

        found.verify(seen)
        steps.reporter.done(path.name, f"{found.size / 1e6:.0f} MB, every byte as it was written")
    references = {reference for entry in found.index.images for reference in entry.references}
    with steps.in_turn("install"):  # what another run is starting is looked at when that is done
        steps.require(offline_checks(steps.settings, found.index.platform, references))
    return Verified(path, found.index)
