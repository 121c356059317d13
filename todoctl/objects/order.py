"""The order of objects: what must be there first is applied first, and deleted last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.kinds import Kind

STAGES: tuple[tuple[Kind, ...], ...] = (
    (kinds.NAMESPACE,),
    (
        kinds.SERVICE_ACCOUNT,
        kinds.ROLE,
        kinds.ROLE_BINDING,
        kinds.CONFIG_MAP,
        kinds.SECRET,
        kinds.NETWORK_POLICY,
        kinds.PERSISTENT_VOLUME_CLAIM,
        kinds.SERVICE,
    ),
    (kinds.DEPLOYMENT, kinds.STATEFUL_SET),
    (kinds.HORIZONTAL_POD_AUTOSCALER, kinds.POD_DISRUPTION_BUDGET, kinds.INGRESS),
)
"""Kinds by stage. Within a stage the order does not matter."""

Manifest = Mapping[str, Any]


def in_stages(objects: Iterable[Manifest]) -> list[list[Manifest]]:
    """Return the objects by stage, without the empty ones.

    Raises LookupError for a kind that no stage has: a fault in the bundled manifests.
    """
    stages: list[list[Manifest]] = [[] for _ in STAGES]
    for item in objects:
        stages[stage_of(kinds.of(item))].append(item)
    return [stage for stage in stages if stage]


def stage_of(kind: Kind) -> int:
    """Return the number of a kind's stage. Raises LookupError, as `in_stages` does."""
    for index, stage in enumerate(STAGES):
        if kind in stage:
            return index
    raise LookupError(f"kind {kind} is in no stage")


def workloads(objects: Sequence[Manifest]) -> list[Manifest]:
    """Return the objects that make pods."""
    return [item for item in objects if kinds.of(item) in (kinds.DEPLOYMENT, kinds.STATEFUL_SET)]


def minimums(objects: Iterable[Manifest]) -> dict[tuple[str, str], int]:
    """Return the least number of pods of each workload that an autoscaler among the objects rules, by kind and name."""
    return {
        (target["kind"], target["name"]): item["spec"].get("minReplicas", 1)
        for item in objects
        if kinds.of(item) == kinds.HORIZONTAL_POD_AUTOSCALER
        for target in [item["spec"]["scaleTargetRef"]]
    }
