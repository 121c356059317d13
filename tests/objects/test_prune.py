"""What prune looks at once more before each stage; tests/cluster prunes on a real cluster."""

from __future__ import annotations

from typing import Any

import pytest

from todoctl.adapters.kubernetes import Object
from todoctl.deadline import Deadline
from todoctl.objects import inventory, prune
from todoctl.objects.inventory import Member

SERVICE, CONFIG = Member("v1", "Service", "web", "s"), Member("v1", "ConfigMap", "settings", "c")
DEPLOYMENT, INGRESS = Member("apps/v1", "Deployment", "web", "d"), Member("networking.k8s.io/v1", "Ingress", "web", "i")
NEWER = Member("v1", "Pod", "of-no-stage", "p")
STALE = (SERVICE, CONFIG, DEPLOYMENT, INGRESS, NEWER)


class Live:
    """A cluster in which all of STALE are there; `when_gone` says what somebody does once an object is deleted."""

    def __init__(self) -> None:
        self.inventory = inventory.manifest("mine", STALE)
        self.objects = {one.key: labelled(one) for one in STALE}
        self.gone: list[tuple[str, str]] = []
        self.when_gone: dict[tuple[str, str], Any] = {}

    def get(self, kind: Any, name: str, _namespace: str) -> Object | None:
        return self.inventory if name == inventory.NAME else self.objects.get((kind.name, name))

    def apply(self, manifest: Object, **_: Any) -> Object:
        self.inventory = manifest
        return manifest

    def delete_all(self, _cluster: Any, _namespace: str, items: list[Object], _deadline: Deadline) -> None:
        """As todoctl.objects.delete does, which watches a real cluster."""
        for item in items:
            key = (item["kind"], item["metadata"]["name"])
            del self.objects[key]
            self.gone.append(key)
            self.when_gone.get(key, lambda: None)()

    def prune(self) -> list[str]:
        changes = prune.prune(self, "mine", [], STALE, deadline=Deadline(1)).changes  # type: ignore[arg-type]
        return [str(change) for change in changes]


def labelled(member: Member) -> Object:
    labels = {inventory.MEMBER: inventory.set_id("mine")}
    metadata = {"name": member.name, "namespace": "mine", "uid": member.uid, "labels": labels}
    return {"apiVersion": member.api_version, "kind": member.kind, "metadata": metadata}


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Live:
    made = Live()
    monkeypatch.setattr(prune, "delete_all", made.delete_all)
    return made


def test_what_is_deleted_last_in_an_apply_goes_first_and_the_inventory_names_what_is_left(live: Live) -> None:
    assert set(live.prune()) == {
        *("Ingress/web pruned", "Deployment/web pruned", "Service/web pruned", "ConfigMap/settings pruned")
    }
    assert live.gone[:2] == [INGRESS.key, DEPLOYMENT.key]
    assert inventory.parse(live.inventory) == (NEWER,), "what has no stage here is not forgotten"


@pytest.mark.parametrize("what", ["label", "uid"])
@pytest.mark.parametrize("before", [INGRESS, DEPLOYMENT], ids=lambda member: member.kind)
def test_what_somebody_makes_his_own_while_an_earlier_stage_goes_stays(live: Live, before: Member, what: str) -> None:
    def taken() -> None:
        metadata = live.objects[CONFIG.key]["metadata"]
        metadata.update({"labels": {}} if what == "label" else {"uid": "another"})

    live.when_gone[before.key] = taken
    assert "ConfigMap/settings pruned" not in live.prune()
    assert live.gone == [INGRESS.key, DEPLOYMENT.key, SERVICE.key]
    assert inventory.parse(live.inventory) == (NEWER,)
