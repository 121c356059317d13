"""On which node the data of the built-in Postgres are, by what a cluster shows."""

from __future__ import annotations

from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.database import volume
from todoctl.settings import Settings
from todoctl.steps import Steps
from todoctl.targets.minikube import Minikube

POD, SET, CLAIM = kinds.POD, kinds.STATEFUL_SET, kinds.PERSISTENT_VOLUME_CLAIM


def pod(node: str | None) -> dict[str, Any]:
    return {"spec": {"nodeName": node} if node else {}}


def kept_to(node: str | None) -> dict[str, Any]:
    spec = {"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}
    return {"spec": {"template": {"spec": spec}}}


def claim(**annotations: str) -> dict[str, Any]:
    metadata = {"name": volume.CLAIM, "uid": "7", **({"annotations": annotations} if annotations else {})}
    return {"metadata": metadata}


class Holding:
    """A cluster that holds one object of each kind at most, and takes notes of what is written."""

    def __init__(self, **held: Any) -> None:
        self.held = held
        self.patched: list[tuple[str, Any]] = []

    def get(self, kind: Any, name: str, namespace: str) -> Any:
        assert namespace == "todo-app"
        assert name in {"todo-postgres", "todo-postgres-0", volume.CLAIM}
        return self.held.get(kind.name)

    def patch(self, kind: Any, name: str, _namespace: str, changes: Any) -> None:
        self.patched.append((f"{kind.name}/{name}", changes["metadata"]["annotations"]))


NOTED = claim(**{volume.NODE: "m02"})
CHOSEN = claim(**{"volume.kubernetes.io/selected-node": "m02"})


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param({}, None, id="nothing yet"),
        pytest.param({"Pod": pod("m02"), "StatefulSet": kept_to(None)}, "m02", id="a pod that nobody keeps to a node"),
        pytest.param({"Pod": pod(None), "StatefulSet": kept_to("m02")}, "m02", id="one that waits for its node"),
        pytest.param({"StatefulSet": kept_to("m02"), "PersistentVolumeClaim": claim()}, "m02", id="no pod for now"),
        pytest.param({"StatefulSet": kept_to(None), "PersistentVolumeClaim": NOTED}, "m02", id="kept to none, noted"),
        pytest.param({"PersistentVolumeClaim": NOTED}, "m02", id="after an uninstall"),
        pytest.param(
            {"PersistentVolumeClaim": claim(**{"volume.kubernetes.io/selected-node": "m02"})},
            "m02",
            id="Kubernetes' note",
        ),
        pytest.param({"PersistentVolumeClaim": claim()}, None, id="a claim of which nothing is known"),
    ],
)
def test_the_node_of_the_data(held: Any, expected: str | None) -> None:
    assert volume.node(Holding(**held), "todo-app") == expected  # type: ignore[arg-type]


def steps(cluster: Any, heard: Any) -> Steps:
    made = Steps(Settings(), heard)
    made.cluster, made.target = cluster, Minikube("minikube")
    return made


@pytest.mark.parametrize(("held", "node"), [({}, "minikube"), ({"Pod": pod("minikube-m02")}, "minikube-m02")])
def test_minikube_s_postgres_is_kept_to_the_node_of_its_data_or_begins_on_the_primary_one(held, node, heard) -> None:
    found = steps(Holding(**held), heard)
    [postgres] = [item for item in found.manifests([]) if item["kind"] == "StatefulSet"]
    assert "nodeSelector" not in postgres["spec"]["template"]["spec"], "for a look by name nothing is asked"
    [postgres] = [item for item in found.on_its_node([postgres]) if item["kind"] == "StatefulSet"]
    assert postgres["spec"]["template"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": node}


@pytest.mark.parametrize(
    ("held", "noted"),
    [
        ({"Pod": pod("minikube-m02")}, {volume.NODE: "minikube-m02"}),
        ({"Pod": pod("minikube")}, None),
        ({"Pod": pod(None), "StatefulSet": kept_to("minikube")}, None),
    ],
    ids=["on a node that only the pod tells of", "on the primary one", "not scheduled yet"],
)
def test_data_that_are_not_on_the_primary_node_are_noted_on_their_claim(held, noted, heard) -> None:
    cluster = Holding(**held, PersistentVolumeClaim=claim())
    assert steps(cluster, heard).remember_volume()
    assert cluster.patched == ([(f"PersistentVolumeClaim/{volume.CLAIM}", noted)] if noted else [])


def test_a_volume_that_is_not_there_yet_is_looked_for_again(heard) -> None:
    assert not steps(Holding(), heard).remember_volume()
