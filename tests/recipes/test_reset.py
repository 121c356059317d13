"""What `secrets reset` brings up, to a cluster that only takes notes."""

from __future__ import annotations

from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.recipes import reset
from todoctl.settings import Settings
from todoctl.steps import Steps
from todoctl.targets.minikube import Minikube


class Noting:
    """A cluster in which a pod of Postgres waits on the second node, without its Secret."""

    def __init__(self) -> None:
        self.applied: list[Any] = []

    def get(self, kind: Any, *_: Any) -> Any:
        return {"spec": {"nodeName": "minikube-m02"}} if kind == kinds.POD else None

    def apply(self, manifest: Any, *, dry_run: bool = False, **_: Any) -> Any:
        if not dry_run:
            self.applied.append(manifest)
        return manifest

    def create(self, manifest: Any) -> Any:
        return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": "1"}}

    def list(self, *_: Any, **__: Any) -> Any:
        return [], "1"


def test_postgres_is_brought_up_on_the_node_of_its_data(heard, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: Any = Steps(Settings(), heard)
    steps.cluster, steps.target = Noting(), Minikube("minikube")
    monkeypatch.setattr(Steps, "wait", lambda *_: None)
    reset._bring_up(steps)
    [postgres] = [item for item in steps.cluster.applied if item["kind"] == "StatefulSet"]
    assert postgres["spec"]["template"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "minikube-m02"}
