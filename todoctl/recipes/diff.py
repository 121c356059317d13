"""`diff`: what an install would do to the cluster's objects, by dry runs. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from todoctl.adapters import kinds
from todoctl.errors import PreflightError
from todoctl.images.build import Plan
from todoctl.objects.plan import ApplyPlan, plan
from todoctl.secrets import SecretsReport
from todoctl.steps import Steps


@dataclass(frozen=True)
class Diff:
    """What an install would make of the Secrets and of the objects."""

    secrets: SecretsReport
    objects: ApplyPlan

    @property
    def empty(self) -> bool:
        """Tell whether an install would change nothing in the cluster."""
        return self.objects.changes.empty and not self.secrets.changed


def diff(steps: Steps) -> Diff:
    """Compare the cluster with what an install would make of it. Needs the cluster; images need not be built.

    Raises ClusterError, and SecretsError where an install would.
    """
    return compare(steps, _fingerprint(steps))


def compare(steps: Steps, plans: list[Plan]) -> Diff:
    """Compare the cluster with what an install with these images would make of it."""
    secrets = steps.secrets(steps.env_file(), dry_run=True)
    return Diff(secrets, plan(steps.cluster, steps.manifests(plans, secrets)))


def _fingerprint(steps: Steps) -> list[Plan]:
    """Fingerprint for the engine's platform; where there is no engine, for that of the node."""
    try:
        return steps.fingerprint()
    except PreflightError as error:
        nodes, _ = steps.cluster.list(kinds.NODE)
        platform = f"linux/{nodes[0]['status']['nodeInfo']['architecture']}"
        steps.reporter.warn(f"{error.what}: the images are taken to be for the node's platform, {platform}")
        return steps.fingerprint(platform)
