"""Releases: the rules alone, and one suite for a cluster made up in memory and for a real one."""

import base64
import secrets as random

import pytest

from harness import PROFILE
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.errors import UsageError
from todoctl.objects import releases
from todoctl.objects.releases import Release, choose, history, record

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hush"}, "data": {"key": "aHVzaA=="}}


def workload(image, annotations=None, **container):
    pod = {"metadata": {"annotations": annotations or {}}, "spec": {"containers": [{"name": "main", "image": image}]}}
    pod["spec"]["containers"][0].update(container)
    pod["spec"]["containers"][0].setdefault("env", [])
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "todo"}, "spec": {"template": pod}}


def applied(item, template):
    """The workload as a cluster has it whose pod template todoctl applied with these fields."""
    fields = {"f:spec": {"f:template": template}}
    entry = {"manager": "todoctl", "operation": "Apply", "fieldsV1": fields}
    return {**item, "metadata": {**item["metadata"], "managedFields": [entry]}}


def release(revision, image="todo:1", annotations=None):
    return Release(revision, "", "0.1.0", "install", (workload(image, annotations),))


@pytest.mark.parametrize(
    ("live", "runs"),
    [
        ([workload("todo:1", {"checksum/config": "a"})], True),
        ([workload("todo:1", {"checksum/config": "a"}, resources={"limits": {"cpu": "1"}})], True),
        ([workload("todo:1", {"checksum/config": "a", "kubectl.kubernetes.io/restartedAt": "now"})], True),
        ([workload("todo:2", {"checksum/config": "a"})], False),
        ([workload("todo:1", {"checksum/config": "b"})], False),
        ([workload("todo:1", {"checksum/config": "a"}, env=[{"name": "MORE"}])], False),
        ([], False),
    ],
)
def test_a_release_runs_where_the_pods_are_asked_to_be_its_own(live, runs):
    assert release(1, annotations={"checksum/config": "a"}).runs(live) is runs


MAIN = 'k:{"name":"main"}'
NAMED = {"f:containers": {MAIN: {".": {}, "f:image": {}, "f:name": {}}}}
VERSION = "todoctl.dev/secrets-version"


@pytest.mark.parametrize(
    ("item", "template", "runs"),
    [
        pytest.param(workload("todo:1"), {"f:spec": NAMED}, True, id="nothing"),
        pytest.param(workload("todo:1", stdin=True), {"f:spec": NAMED}, True, id="what others added"),
        pytest.param(
            workload("todo:1", readinessProbe={}),
            {"f:spec": {"f:containers": {MAIN: {"f:readinessProbe": {}}}}},
            False,
            id="a probe",
        ),
        pytest.param(
            workload("todo:1", {"more": "1"}),
            {"f:metadata": {"f:annotations": {"f:more": {}}}},
            False,
            id="an annotation",
        ),
        pytest.param(
            workload("todo:1", {VERSION: "7"}),
            {"f:metadata": {"f:annotations": {f"f:{VERSION}": {}}}},
            True,
            id="which Secret the pods read, as no release has it",
        ),
    ],
)
def test_what_todoctl_added_since_is_another_version_and_what_others_added_is_not(item, template, runs):
    assert release(1).runs([applied(item, template)]) is runs


def test_a_workload_that_todoctl_added_since_is_another_version_and_that_of_others_is_not():
    other = {**workload("other:1"), "metadata": {"name": "other"}}
    assert release(1).runs([workload("todo:1"), other])
    assert not release(1).runs([workload("todo:1"), applied(other, {"f:spec": {}})])


def test_whether_the_apps_own_database_is_there_makes_no_other_version():
    database = {**workload("postgres:17"), "kind": "StatefulSet", "metadata": {"name": "todo-postgres"}}
    app, with_it = workload("todo:1"), Release(1, "", "", "", (workload("todo:1"), database))
    assert with_it.runs([app])
    assert release(1).runs([app, applied(database, {"f:spec": {}})])
    assert not with_it.runs([app, {**workload("postgres:18"), **{key: database[key] for key in ("kind", "metadata")}}])


@pytest.mark.parametrize(
    ("revision", "live", "chosen"),
    [
        (None, "todo:3", 2),  # the newest runs: back to the one before
        (None, "todo:2", 3),
        (None, "todo:9", 3),  # something failed on top of the newest: back to that
        (1, "todo:3", 1),
        (3, "todo:3", 3),
    ],
)
def test_the_release_to_go_back_to_is_the_last_one_that_is_not_what_runs(revision, live, chosen):
    there = [release(number, f"todo:{number}") for number in (3, 2, 1)]
    assert choose(there, revision, [workload(live)]).revision == chosen


@pytest.mark.parametrize(
    ("there", "revision", "words"), [([], None, "none"), ([release(1)], None, "1"), ([release(2)], 1, "2")]
)
def test_a_release_that_is_not_there_is_named_with_those_that_are(there, revision, words):
    with pytest.raises(UsageError, match="there is no release") as refused:
        choose(there, revision, [workload("todo:1")])
    assert refused.value.because.endswith(words)


def test_images_that_nodes_cannot_pull_are_told_apart():
    objects = (workload("todo:1", imagePullPolicy="Never"), workload("busybox:1"), workload("todo:1"))
    one = Release(1, "", "", "", objects)
    assert one.images == ("todo:1", "busybox:1")
    assert releases.sideloaded(objects) == ("todo:1",)


class InMemory:
    """The ConfigMaps of one namespace."""

    def __init__(self):
        self.items = {}

    def list(self, _kind, _namespace, *, labels):
        name, _, value = labels.partition("=")
        return [item for item in self.items.values() if item["metadata"]["labels"].get(name) == value], "1"

    def create(self, manifest):
        metadata = {**manifest["metadata"], "creationTimestamp": "2026-11-24T08:00:00Z"}
        self.items[metadata["name"]] = {**manifest, "metadata": metadata}

    def delete(self, _kind, name, _namespace, **_options):
        del self.items[name]


@pytest.fixture(params=["in memory", pytest.param("real", marks=pytest.mark.minikube)])
def world(request):
    if request.param == "in memory":
        yield InMemory(), "t-releases"
        return
    request.getfixturevalue("installed")
    cluster, namespace = Cluster.connect(PROFILE), f"t-releases-{random.token_hex(4)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    yield cluster, namespace
    cluster.delete(kinds.NAMESPACE, namespace, propagation="Background")


def test_a_release_is_what_was_applied_without_any_secret(world):
    assert record(*world, [workload("todo:1"), SECRET], version="0.1.0", reason="install") == (1, True)
    [one] = history(*world)
    assert (one.revision, one.version, one.reason) == (1, "0.1.0", "install")
    assert one.objects == (workload("todo:1"),)
    assert one.time.startswith("20")


def test_the_same_objects_again_are_no_new_release(world):
    for expected in ((1, True), (1, False)):
        assert record(*world, [workload("todo:1")], version="0.1.0", reason="install") == expected
    assert record(*world, [workload("todo:2")], version="0.1.0", reason="install") == (2, True)
    assert record(*world, [workload("todo:1")], version="0.1.0", reason="rollback to 1") == (3, True)
    assert [one.reason for one in history(*world)] == ["rollback to 1", "install", "install"]


def test_the_last_ten_are_kept_and_numbers_go_on(world):
    for number in range(1, 13):
        record(*world, [workload(f"todo:{number}")], version="0.1.0", reason="install")
    assert [one.revision for one in history(*world)] == list(range(12, 2, -1))


def flipped(packed):
    """Damage a byte of a gzip's compressed data, which begin after its header of ten bytes."""
    content = bytearray(base64.b64decode(packed))
    content[10] ^= 6
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    "damage",
    [lambda _: "bm8gZ3ppcA==", lambda packed: packed[: len(packed) // 8 * 4], flipped],
    ids=["no gzip", "cut", "a damaged byte"],
)
def test_a_release_that_somebody_damaged_is_left_out(world, damage):
    cluster, namespace = world
    record(*world, [workload("todo:1")], version="0.1.0", reason="install")
    damaged = releases._manifest(namespace, 2, [workload("todo:2")], "0.1.0", "install")
    damaged["binaryData"]["manifests.json.gz"] = damage(damaged["binaryData"]["manifests.json.gz"])
    cluster.create(damaged)
    assert [one.revision for one in history(*world)] == [1]
    assert record(*world, [workload("todo:1")], version="0.1.0", reason="install") == (3, True)


def test_another_version_of_a_secret_is_no_other_release(world):
    version = {"todoctl.dev/secrets-version": "17"}
    assert record(*world, [workload("todo:1", {**version, "a": "b"})], version="0.1.0", reason="install") == (1, True)
    assert record(*world, [workload("todo:1", {"a": "b"})], version="0.1.0", reason="install") == (1, False)
    [one] = history(*world)
    assert one.runs([workload("todo:1", {**version, "a": "b"})])
