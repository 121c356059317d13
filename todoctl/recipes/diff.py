"""`diff`: what an install would do to the cluster's objects, by dry runs. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Object
from todoctl.errors import PreflightError
from todoctl.images.build import Plan
from todoctl.objects import adopt, inventory, prune
from todoctl.objects.diff import Action, Change, Difference
from todoctl.objects.hidden import LAST_APPLIED, MASK
from todoctl.objects.plan import ApplyPlan, Live, name_of, plan
from todoctl.secrets import SecretsReport
from todoctl.steps import Steps


@dataclass(frozen=True)
class Diff:
    """What an install would make of the Secrets and of the objects."""

    secrets: SecretsReport
    objects: ApplyPlan
    others: tuple[Change, ...] = ()
    """What would be pruned, and what todoctl keeps for itself."""
    releases: tuple[str, ...] = ()
    """Helm's releases of which the objects would be adopted."""

    @property
    def empty(self) -> bool:
        """Tell whether an install would change nothing in the cluster."""
        return self.objects.changes.empty and not self.others and not self.secrets.changed


def diff(steps: Steps) -> Diff:
    """Compare the cluster with what an install would make of it. Needs the cluster; images need not be built.

    Raises ClusterError, and SecretsError where an install would.
    """
    return compare(steps, steps.pin(_fingerprint(steps)))


def compare(steps: Steps, plans: list[Plan]) -> Diff:
    """Compare the cluster with what an install with these images would make of it."""
    live = steps.look(plans)
    secrets = steps.expected_secrets(steps.env_file() | steps.database_ca(), live)
    leaking = [item for (kind, _), item in live.items() if item is not None and kind == "Secret" and adopt.leaks(item)]
    objects = steps.manifests(plans, secrets)
    planned = plan(steps.cluster, objects, live=[live[name_of(item)] for item in objects])
    others = [_forgetting(item) for item in leaking] + _bookkeeping(steps, planned, live)
    releases = tuple(one.name for one in adopt.releases(one.live for one in planned.adopting))
    return Diff(secrets, planned, tuple(others), releases)


def _forgetting(secret: Object) -> Change:
    """Return the change of a Secret that loses what `kubectl apply` keeps of its values."""
    difference = Difference(f"metadata.annotations.{LAST_APPLIED}", MASK, None)
    metadata = secret["metadata"]
    return Change("Secret", metadata["name"], metadata["namespace"], Action.CONFIGURED, (difference,))


def _bookkeeping(steps: Steps, planned: ApplyPlan, live: Live) -> list[Change]:
    """Return what would be pruned, and the inventory where it would be written."""
    namespace = steps.settings.namespace
    record = live["ConfigMap", inventory.NAME]
    manifests = [one.manifest for one in planned.objects]
    stale = inventory.stale(inventory.parse(record), manifests)
    pruned = [prune.pruned(item) for item in prune.doomed(steps.cluster, namespace, stale)]
    named = inventory.members(manifests, [one.live for one in planned.objects])
    if inventory.fits(record, inventory.manifest(namespace, named)):
        return pruned
    action = Action.CREATED if record is None else Action.CONFIGURED
    return [*pruned, Change("ConfigMap", inventory.NAME, namespace, action)]


def _fingerprint(steps: Steps) -> list[Plan]:
    """Fingerprint for the engine's platform; where there is no engine, for that of the node.

    Not for an environment elsewhere: only the engine's `docker` can ask the registry.
    """
    try:
        return steps.fingerprint()
    except PreflightError as error:
        if steps.settings.elsewhere:
            raise
        nodes, _ = steps.cluster.list(kinds.NODE)
        platform = f"linux/{nodes[0]['status']['nodeInfo']['architecture']}"
        steps.reporter.warn(f"{error.what}: the images are taken to be for the node's platform, {platform}")
        return steps.fingerprint(platform)
