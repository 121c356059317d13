"""What `start` writes, to a cluster that only takes notes."""

from __future__ import annotations

from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.errors import ClusterError
from todoctl.objects import pause

NOTED = {"f:metadata": {"f:annotations": {f"f:{pause.REPLICAS_BEFORE}": {}}}}


def stopped(name: str, before: int, *, ours: bool = True) -> dict[str, Any]:
    """Return a Deployment as `stop` left it; unless `ours`, somebody has scaled it since."""
    fields = {**NOTED, "f:spec": {"f:replicas": {}} if ours else {"f:paused": {}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": "todo-app",
            "annotations": {pause.REPLICAS_BEFORE: str(before)},
            "managedFields": [
                {"manager": "todoctl", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": fields},
            ],
        },
        "spec": {"replicas": 0 if ours else 1, "paused": False},
    }


class Noting:
    """A cluster with Deployments, of which autoscalers rule some, that refuses to apply others."""

    def __init__(self, *deployments: dict[str, Any], ruled: tuple[str, ...] = (), refused: tuple[str, ...] = ()):
        self.deployments = list(deployments)
        self.scalers = [{"spec": {"scaleTargetRef": {"name": name}}} for name in ruled]
        self.refused = refused
        self.scaled: list[tuple[str, int]] = []
        self.applied: dict[str, Any] = {}

    def list(self, kind, *_, **__):
        return (self.deployments if kind == kinds.DEPLOYMENT else self.scalers), "1"

    def scale(self, _kind, name, _namespace, replicas):
        self.scaled.append((name, replicas))

    def apply(self, manifest, *, force=False):
        name = manifest["metadata"]["name"]
        if name in self.refused:
            raise ClusterError("cluster.refused", f"`{name}` was refused")
        assert force
        self.applied[name] = manifest


@pytest.mark.parametrize("ours", [True, False], ids=["as stop left it", "scaled since"])
def test_what_an_autoscaler_rules_is_started_and_its_number_left_out(ours) -> None:
    cluster = Noting(stopped("web", 3, ours=ours), ruled=("web",))
    pause.start(cluster, "todo-app")
    assert cluster.scaled == [("web", 3)]
    assert "replicas" not in cluster.applied["web"]["spec"]
    assert "annotations" not in cluster.applied["web"]["metadata"]


@pytest.mark.parametrize("ours", [True, False], ids=["as stop left it", "scaled since"])
def test_the_number_that_was_noted_is_taken_back_by_force(ours) -> None:
    cluster = Noting(stopped("web", 3, ours=ours))
    pause.start(cluster, "todo-app")
    assert cluster.applied["web"]["spec"]["replicas"] == 3


def test_one_that_is_refused_keeps_no_other_from_starting() -> None:
    cluster = Noting(stopped("a", 1), stopped("b", 2), stopped("c", 3), refused=("a", "b"))
    with pytest.raises(ClusterError, match="`a` was refused"):
        pause.start(cluster, "todo-app")
    assert list(cluster.applied) == ["c"]
