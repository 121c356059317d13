"""Have the app's pods read their Secrets anew, one after the other, so that no request fails."""

from __future__ import annotations

from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.objects import manifests, pods
from todoctl.objects.applied import applied
from todoctl.steps import Steps


def roll(steps: Steps) -> tuple[str, ...]:
    """Roll the Deployments that do not run with the Secrets' versions yet; return the names of all of them.

    It is over when no pod of before is left: one that still ends may still open a connection. Where nothing has
    changed nothing is done; where the app is not there, nothing is returned. Raises RolloutError and ClusterError.
    """
    cluster, namespace = steps.cluster, steps.settings.namespace
    secret = cluster.get(kinds.SECRET, secrets.APP, namespace)
    live = [
        item
        for kind in (kinds.DEPLOYMENT, kinds.HORIZONTAL_POD_AUTOSCALER)
        for item in cluster.list(kind, namespace, labels=manifests.PART_OF)[0]
    ]
    names = tuple(item["metadata"]["name"] for item in live if item["kind"] == "Deployment")
    if secret is None or not names:
        return ()
    objects = [applied(item) for item in live]
    manifests.set_secret_versions(objects, {secrets.APP: secret["metadata"]["resourceVersion"]})
    steps.apply(objects)
    steps.wait(objects)
    pods.wait_until_rolled(cluster, namespace, objects, deadline=steps.deadline())
    return names
