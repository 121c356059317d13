from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from todoctl import __version__
from todoctl.adapters import kinds
from todoctl.objects import inventory, manifests
from todoctl.objects.inventory import Member, Obsolete

BACKEND = Member("apps/v1", "Deployment", "todo-backend", "1")
CONFIG = Member("v1", "ConfigMap", "todo-config", "2")
NEW = Member("v1", "Service", "todo-backend")


def item(api_version: str, kind: str, name: str, uid: str | None = None) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "uid": uid}}


def test_the_parent_has_the_shape_of_an_apply_set() -> None:
    parent = inventory.manifest("todo-app", [BACKEND, CONFIG, NEW])
    labels, annotations = parent["metadata"]["labels"], parent["metadata"]["annotations"]
    digest = hashlib.sha256(b"todo-inventory.todo-app.ConfigMap.").digest()
    assert labels["applyset.kubernetes.io/id"] == f"applyset-{base64.urlsafe_b64encode(digest).decode()[:-1]}-v1"
    assert annotations["applyset.kubernetes.io/tooling"] == f"todoctl/v{__version__}"
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap,Deployment.apps,Service"
    assert re.fullmatch(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", labels["applyset.kubernetes.io/id"])
    assert len(labels["applyset.kubernetes.io/id"]) <= 63


def test_every_member_carries_the_id_and_the_namespace_and_what_holds_data_does_not() -> None:
    objects = manifests.customise(manifests.load("development"), namespace="mine", host="mine.test", images={})
    carried = {one["metadata"].get("labels", {}).get(inventory.MEMBER) for one in objects if one["kind"] != "Namespace"}
    assert carried == {inventory.set_id("mine")}
    (namespace,) = (one for one in objects if one["kind"] == "Namespace")
    assert inventory.MEMBER not in namespace["metadata"]["labels"]


def test_pods_do_not_carry_it_so_that_no_selector_and_no_rollout_is_touched() -> None:
    objects = manifests.customise(manifests.load("development"), namespace="mine", host="mine.test", images={})
    for one in objects:
        template = one.get("spec", {}).get("template")
        assert template is None or inventory.MEMBER not in template["metadata"]["labels"]


def test_what_is_recorded_is_read_again() -> None:
    recorded = (BACKEND, CONFIG, NEW)
    assert inventory.parse(inventory.manifest("todo-app", recorded)) == tuple(sorted(recorded))


def test_what_is_still_to_go_is_named_until_it_has_gone() -> None:
    going = (
        Obsolete("todo-app", "sh.helm.release.v1.todo.v1", "7"),
        Obsolete("todo-app", "sh.helm.release.v1.todo.v2", "8"),
    )
    noted = inventory.manifest("todo-app", [BACKEND], going)
    assert inventory.obsolete(noted) == going
    assert inventory.parse(noted) == (BACKEND,)
    without = inventory.manifest("todo-app", [BACKEND])
    assert inventory.obsolete(without) == ()
    assert not inventory.fits(noted, without), "so that the next install has something to do"


@pytest.mark.parametrize("live", [None, {}, {"data": None}, {"data": {"objects": "three words only\n\n"}}], ids=str)
def test_what_is_no_inventory_names_nothing(live: dict[str, Any] | None) -> None:
    assert inventory.parse(live) == ()


def test_what_holds_data_is_no_member_and_would_not_be_pruned() -> None:
    held = [
        item("v1", "Namespace", "todo-app"),
        item("v1", "PersistentVolumeClaim", "data-todo-postgres-0"),
        item("v1", "Secret", "todo-secrets"),
    ]
    assert inventory.members(held, [None, None, None]) == ()
    assert [Member(one["apiVersion"], one["kind"], "x").known for one in held] == [None, None, None]
    assert Member("of.tomorrow/v1", "Thing", "x").known is None
    assert BACKEND.known == kinds.DEPLOYMENT


def test_members_have_the_uid_of_what_is_there() -> None:
    objects = [item("apps/v1", "Deployment", "todo-backend"), item("v1", "Service", "todo-backend")]
    live = [item("apps/v1", "Deployment", "todo-backend", "1"), None]
    assert inventory.members(objects, live) == (BACKEND, NEW)


def test_before_an_apply_the_inventory_names_what_was_and_what_comes() -> None:
    again = Member("apps/v1", "Deployment", "todo-backend", "9")
    assert inventory.union([BACKEND, CONFIG], [again, NEW]) == tuple(sorted([again, CONFIG, NEW]))


def test_what_the_manifests_no_longer_have_is_stale() -> None:
    objects = [item("apps/v1", "Deployment", "todo-backend")]
    assert inventory.stale([BACKEND, CONFIG], objects) == (CONFIG,)


def labelled(uid: str, value: str | None) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "labels": {} if value is None else {inventory.MEMBER: value}}}


@pytest.mark.parametrize(
    ("live", "uid", "member"),
    [
        (labelled("1", inventory.set_id("mine")), "1", True),
        (labelled("1", inventory.set_id("mine")), "", True),
        (labelled("2", inventory.set_id("mine")), "1", False),
        (labelled("1", inventory.set_id("other")), "1", False),
        (labelled("1", None), "1", False),
    ],
    ids=["label and UID", "UID not known yet", "another of its name", "another set's", "label taken away"],
)
def test_a_member_is_known_by_label_and_uid(live: dict[str, Any], uid: str, member: bool) -> None:  # noqa: FBT001 - a row
    assert inventory.is_member(live, "mine", uid) is member


def test_an_inventory_fits_whatever_others_add_to_its_metadata() -> None:
    wanted = inventory.manifest("todo-app", [BACKEND])
    live = inventory.manifest("todo-app", [BACKEND])
    live["metadata"]["labels"]["theirs"] = "x"
    assert inventory.fits(live, wanted)
    assert not inventory.fits(None, wanted)
    assert not inventory.fits(inventory.manifest("todo-app", [CONFIG]), wanted)
    live["metadata"]["annotations"] = None
    assert not inventory.fits(live, wanted)
