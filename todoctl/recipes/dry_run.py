"""`install --dry-run`: all that an install would do, from starting the cluster to the last object. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from todoctl.adapters.kinds import Kind
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.images.image import POSTGRES
from todoctl.images.sideload import Pending
from todoctl.preflight.minikube import start
from todoctl.preflight.table import checks
from todoctl.recipes.diff import Diff, compare
from todoctl.steps import Steps
from todoctl.targets import addons
from todoctl.targets.minikube import Minikube
from todoctl.targets.profile import Status


@dataclass(frozen=True)
class DryRun:
    """What an install would do, step by step."""

    start: str | None
    """What the cluster lacks before anything can go into it; None: it runs."""
    addons: tuple[str, ...]
    images: tuple[tuple[str, bool], ...]
    """Each image, and whether the engine has it."""
    transfers: tuple[Pending, ...]
    pushes: tuple[tuple[str, bool], ...]
    """For an environment elsewhere: each image, and whether the registry has it."""
    diff: Diff | None
    """None where nothing can be known before the cluster runs."""

    @property
    def empty(self) -> bool:
        """Tell whether an install would find nothing to do."""
        work = self.start or self.addons or not all(there for _, there in (*self.images, *self.pushes))
        return not work and all(one.held for one in self.transfers) and self.diff is not None and self.diff.empty


class NoCluster(Cluster):
    """A cluster that is still to be made: nothing is in it, and it would take whatever it is given."""

    def __init__(self) -> None:
        """Know of no server."""

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """Return None."""

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool = False, force: bool = False) -> Object:
        """Return the manifest, for a dry run."""
        if not dry_run:
            raise NotImplementedError(force)
        return dict(manifest)


def dry_run(steps: Steps) -> DryRun:
    """Go through the steps of an install, and only look. Raises what an install would raise before its first change.

    Where there is no cluster yet everything would be created. What is in one that does not run cannot be known.
    """
    say = steps.reporter.step
    steps.recreate()
    with say("Preflight"):
        status, question = _start(steps)
    with say("Fingerprint"):
        plans = steps.fingerprint()
    references = [plan.reference for plan in plans] + ([] if steps.settings.elsewhere else [POSTGRES])
    images = tuple((reference, steps.engine.image(reference) is not None) for reference in references)
    if status is Status.ABSENT:
        steps.cluster = NoCluster()
        return DryRun(question, ("ingress", "metrics-server"), images, (), (), compare(steps, plans))
    if status is not Status.RUNNING:
        return DryRun(question, (), images, (), (), None)
    if steps.settings.elsewhere:
        with say("Push"):
            plans = steps.pin(plans)
        pushes = tuple((plan.runs, "@" in plan.runs) for plan in plans)
        with say("Apply"):
            return DryRun(None, (), images, (), pushes, compare(steps, plans))
    with say("Sideload"):
        transfers = tuple(steps.pending(references))
    missing = addons.missing(steps.cluster) if isinstance(steps.target, Minikube) else ()
    with say("Apply"):
        return DryRun(None, missing, images, transfers, (), compare(steps, plans))


def _start(steps: Steps) -> tuple[Status, str | None]:
    """Check what an install needs; tell what a Minikube does, and what would be asked before it is started."""
    steps.require(checks(steps.settings))
    if not isinstance(steps.target, Minikube):
        return Status.RUNNING, None
    state = steps.target.state()
    if state.status is Status.RUNNING:
        return state.status, None
    return state.status, start(steps.settings, steps.target, steps.engine.engine(), state).question
