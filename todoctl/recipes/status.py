"""`status`: look at what is there of an installation. Needs nothing but the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Object
from todoctl.installation import Installation
from todoctl.objects import manifests, order
from todoctl.objects.plan import read_all


@dataclass(frozen=True)
class Live:
    """What is there of an installation: its objects and pods; and the manifests of the workloads that are not."""

    objects: tuple[Object, ...]
    missing: tuple[Mapping[str, Any], ...]
    pods: tuple[Object, ...]


def live(installation: Installation) -> Live:
    """Look at what is there of the installation. Needs nothing but the cluster."""
    namespace = installation.settings.namespace
    objects = manifests.load(installation.settings.environment)
    wanted = manifests.customise(objects, namespace=namespace, host=manifests.host_of(objects), images={})
    found = read_all(installation.cluster, wanted)
    pods, _ = installation.cluster.list(kinds.POD, namespace, labels=manifests.PART_OF)
    missing = order.workloads([item for item, there in zip(wanted, found, strict=True) if there is None])
    lacks_postgres = any(item["metadata"]["name"] == manifests.POSTGRES for item in missing)
    if lacks_postgres and secrets.database_elsewhere(installation.cluster, namespace):
        missing = [item for item in missing if item["metadata"]["name"] != manifests.POSTGRES]
    return Live(tuple(item for item in found if item is not None), tuple(missing), tuple(pods))
