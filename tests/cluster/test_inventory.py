"""The inventory and pruning on a real cluster: what goes, and what stays whatever the inventory says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import PROFILE
from on_cluster import Object, Recorder, config_map, kubectl
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.applying import Applying
from todoctl.deadline import Deadline
from todoctl.objects import inventory, prune
from todoctl.objects.delete import uninstall
from todoctl.objects.diff import ChangeSet
from todoctl.objects.inventory import Member
from todoctl.settings import Settings

pytestmark = pytest.mark.minikube

Install = Callable[..., ChangeSet]


@pytest.fixture
def install(cluster: Cluster, namespace: str, heard: Any) -> Install:
    """Apply objects as an install does, and prune; tell what was pruned."""

    def of(*objects: Object) -> ChangeSet:
        steps = Applying(Settings(profile=PROFILE, context=PROFILE, namespace=namespace), heard)
        steps.cluster = cluster
        _, recorded = steps.apply(objects)
        return steps.prune(objects, recorded)

    return of


def named(namespace: str, name: str, **data: str) -> Object:
    """A ConfigMap that is a member of the set."""
    item = config_map(namespace, **data)
    item["metadata"]["name"] = name
    item["metadata"]["labels"][inventory.MEMBER] = inventory.set_id(namespace)
    return item


def recorded(cluster: Cluster, namespace: str) -> dict[str, str]:
    """What the inventory names, with its UIDs."""
    return {member.name: member.uid for member in inventory.parse(inventory.read(cluster, namespace))}


def there(cluster: Cluster, namespace: str) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.list(kinds.CONFIG_MAP, namespace)[0]} - {"kube-root-ca.crt"}


def test_what_the_manifests_no_longer_have_goes_and_the_inventory_shrinks(
    cluster: Cluster, namespace: str, install: Install, recorder: Recorder
) -> None:
    stays, goes = named(namespace, "stays"), named(namespace, "goes")
    assert install(stays, goes).empty
    assert set(recorded(cluster, namespace)) == {"stays", "goes"}
    assert all(recorded(cluster, namespace).values())
    assert [str(change) for change in install(stays).changes] == ["ConfigMap/goes pruned"]
    assert there(cluster, namespace) == {"stays", "todo-inventory"}
    assert set(recorded(cluster, namespace)) == {"stays"}
    recorder.requests.clear()
    assert install(stays).empty
    assert recorder.writes() == []


def test_before_the_first_write_the_inventory_names_what_was_and_what_comes(
    cluster: Cluster, namespace: str, install: Install, recorder: Recorder
) -> None:
    install(named(namespace, "first"))
    recorder.requests.clear()
    install(named(namespace, "second"))
    writes = [path.partition("?")[0].rpartition("/")[2] for _, path, _ in recorder.writes()]
    assert writes == ["todo-inventory", "second", "first", "todo-inventory"]


def test_what_was_not_pruned_after_a_failure_is_pruned_by_the_next_install(
    cluster: Cluster, namespace: str, install: Install, heard: Any
) -> None:
    install(named(namespace, "first"))
    steps = Applying(Settings(profile=PROFILE, context=PROFILE, namespace=namespace), heard)
    steps.cluster = cluster
    steps.apply([named(namespace, "second")])  # and then the rollout fails
    assert set(recorded(cluster, namespace)) == {"first", "second"}
    assert [str(change) for change in install(named(namespace, "second")).changes] == ["ConfigMap/first pruned"]


@pytest.mark.parametrize("what", ["label", "uid"])
def test_what_somebody_else_has_made_his_own_stays(
    cluster: Cluster, namespace: str, install: Install, what: str
) -> None:
    install(named(namespace, "stays"), named(namespace, "theirs"))
    if what == "label":
        kubectl("-n", namespace, "label", "configmap", "theirs", f"{inventory.MEMBER}-")
    else:
        kubectl("-n", namespace, "delete", "configmap", "theirs")
        kubectl("-n", namespace, "create", "configmap", "theirs")
        kubectl("-n", namespace, "label", "configmap", "theirs", f"{inventory.MEMBER}={inventory.set_id(namespace)}")
    assert install(named(namespace, "stays")).empty
    assert "theirs" in there(cluster, namespace)
    assert set(recorded(cluster, namespace)) == {"stays"}


def test_what_somebody_makes_his_own_while_others_are_pruned_stays(
    cluster: Cluster, namespace: str, install: Install
) -> None:
    goes: Object = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": named(namespace, "goes")["metadata"],
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "none"}}},
    }
    stays = named(namespace, "stays")
    install(stays, named(namespace, "theirs"), goes)
    members = inventory.parse(inventory.read(cluster, namespace))

    def take(method: str, *_: object) -> None:
        if method == "DELETE":
            kubectl("-n", namespace, "label", "configmap", "theirs", f"{inventory.MEMBER}-")

    seen = Cluster.connect(PROFILE, on_request=take)
    pruned = prune.prune(seen, namespace, [stays], members, deadline=Deadline(60))
    assert [str(change) for change in pruned.changes] == ["PodDisruptionBudget/goes pruned"]
    assert "theirs" in there(cluster, namespace)
    assert set(recorded(cluster, namespace)) == {"stays"}


def test_what_holds_data_stays_even_if_the_inventory_names_it(
    cluster: Cluster, namespace: str, install: Install
) -> None:
    label = {inventory.MEMBER: inventory.set_id(namespace)}
    claim: Object = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace, "labels": label},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    secret: Object = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "todo-secrets", "namespace": namespace, "labels": label},
        "data": {"a": "Yg=="},
    }
    held = [cluster.create(claim), cluster.create(secret)]
    stays = named(namespace, "stays")
    install(stays)
    forged = [Member(one["apiVersion"], one["kind"], one["metadata"]["name"], one["metadata"]["uid"]) for one in held]
    inventory.record(cluster, namespace, forged, inventory.read(cluster, namespace))
    assert install(stays).empty
    for one in held:
        found = cluster.get(kinds.of(one), one["metadata"]["name"], namespace)
        assert found is not None
        assert "deletionTimestamp" not in found["metadata"]


def test_uninstall_takes_the_recorded_members_and_the_inventory_last(
    cluster: Cluster, namespace: str, install: Install
) -> None:
    install(named(namespace, "one"), named(namespace, "two"))
    # An older todoctl's, of which only the inventory still tells.
    kubectl("-n", namespace, "label", "configmap", "two", "app.kubernetes.io/part-of-")
    gone = uninstall(cluster, namespace, [], deadline=Deadline(180))
    names = [change.name for change in gone.deleted.changes]
    assert names[-1] == "todo-inventory"
    assert set(names) == {"one", "two", "todo-inventory"}
    assert there(cluster, namespace) == set()
