"""What an apply does with Helm's record of its release; tests/cluster adopts what the real Helm made."""

from __future__ import annotations

from typing import Any

from todoctl.applying import Applying
from todoctl.objects import inventory
from todoctl.objects.agree import Adoption
from todoctl.objects.inventory import Member, Obsolete
from todoctl.settings import Settings

RECORD = Obsolete("todo-app", "sh.helm.release.v1.todo.v1", "7")


class Noting:
    """A cluster whose inventory names Helm's record, as an adoption was killed, and which takes notes of all writes."""

    def __init__(self) -> None:
        self.inventory = inventory.manifest("todo-app", (), [RECORD])
        self.deleted: list[str] = []

    def get(self, _kind: Any, name: str, *_: Any) -> Any:
        return self.inventory if name == inventory.NAME else None

    def apply(self, manifest: Any, **_: Any) -> Any:
        self.inventory = manifest
        return manifest

    def delete(self, _kind: Any, name: str, *_: Any, **__: Any) -> None:
        self.deleted.append(name)


def applying(heard: Any) -> tuple[Applying, Noting]:
    steps, cluster = Applying(Settings(), heard), Noting()
    steps.cluster = cluster  # type: ignore[assignment]
    return steps, cluster


def test_helms_record_stays_noted_while_only_some_objects_are_applied(heard):
    steps, cluster = applying(heard)
    steps.apply([])
    assert cluster.deleted == []
    assert inventory.obsolete(cluster.inventory) == (RECORD,)


def test_helms_record_goes_with_an_install_that_adopts_nothing_more(heard):
    steps, cluster = applying(heard)
    steps.apply([], adoption=Adoption())
    assert cluster.deleted == [RECORD.name]
    assert inventory.obsolete(cluster.inventory) == ()


def test_helms_record_stays_noted_when_what_is_stale_goes_after_a_part_was_applied(heard):
    steps, cluster = applying(heard)
    gone = Member("v1", "ConfigMap", "gone", "7")
    steps.prune([], [gone])
    assert inventory.parse(cluster.inventory) == ()
    assert inventory.obsolete(cluster.inventory) == (RECORD,)
