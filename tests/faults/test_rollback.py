"""Releases and the way back on the real cluster: lost images, a newer schema, a release that cannot be had."""

import json

import pytest

from harness import NAMESPACE, PROFILE, Browser, becomes, command, staying, until
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.minikube

OTHER_HOST = "rollback.local"


def image(kubectl, name="todo-backend"):
    deployment = kubectl.json("get", "deployment", name, "-n", NAMESPACE)
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


def releases(todoctl):
    return todoctl("history", "-o", "json").data["releases"]


@pytest.fixture(scope="module")
def other_release(todoctl):
    """A release on top of the one that ran: the app under another host. Returns the revisions of both."""
    before = todoctl("install", "--yes", "-o", "json").data["release"]
    outcome = todoctl("install", "--yes", "--host", OTHER_HOST, "-o", "json")
    assert outcome.code == 0, outcome.err
    return before, outcome.data["release"]


def test_an_install_that_changes_something_makes_a_release_and_one_that_does_not_makes_none(todoctl, other_release):
    before, after = other_release
    assert after == before + 1
    again = todoctl("install", "--yes", "--host", OTHER_HOST, "-o", "json")
    assert (again.data["changed"], again.data["release"]) == (False, after)
    assert [one["revision"] for one in releases(todoctl) if one["runs"]] == [after]


def test_a_release_holds_no_secret(kubectl, other_release):
    kept = kubectl("get", "configmaps", "-n", NAMESPACE, "-l", "todoctl.dev/object=release", "-o", "json")
    secrets = kubectl.json("get", "secrets", "-n", NAMESPACE)["items"]
    values = [value for secret in secrets for value in (secret.get("data") or {}).values()]
    packed = [item["binaryData"]["manifests.json.gz"] for item in json.loads(kept)["items"]]
    texts = [command("sh", "-c", "base64 -d | gzip -d", input=one) for one in packed]
    assert len(texts) >= 2
    assert all('"kind": "Secret"' not in text for text in texts)
    plain = [command("base64", "-d", input=value) for value in values]
    assert [value for value in plain if value and any(value in text for text in texts)] == []


def test_rollback_brings_lost_images_back_and_a_newer_schema_is_no_obstacle(todoctl, kubectl, address, other_release):
    before, _ = other_release
    psql = ["exec", "-n", NAMESPACE, "todo-postgres-0", "--", "psql", "-U", "postgres", "-d", "todo", "-Atc"]
    schema = kubectl(*psql, "SELECT version_num FROM alembic_version").strip()
    kubectl(*psql, "UPDATE alembic_version SET version_num = '9999'")
    lost = image(kubectl)
    command("docker", "exec", PROFILE, "crictl", "rmi", qualified(lost))
    try:
        outcome = todoctl("rollback", str(before), "-o", "json")
        assert outcome.code == 0, outcome.err
        assert outcome.data["to"] == before
        assert [one["references"] for one in outcome.data["sideloaded"] if one["sent"]] == [[lost]]
        newest = releases(todoctl)[0]
        assert (newest["revision"], newest["reason"]) == (outcome.data["release"], f"rollback to {before}")
        assert newest["runs"]
        # Again, where the autoscaler has taken a pod away, or has made one, which has not begun yet.
        until(lambda: all_told_of_a_newer_schema(kubectl), seconds=120)
        becomes(401, lambda: Browser(address)("GET", "/api/tasks")[0])
    finally:
        kubectl(*psql, f"UPDATE alembic_version SET version_num = '{schema}'")  # noqa: S608 - the test's own


def all_told_of_a_newer_schema(kubectl):
    running = [pod["metadata"]["name"] for pod in staying(kubectl, NAMESPACE, "todo-backend")]
    logs = [kubectl("logs", "-n", NAMESPACE, name, "-c", "migrate") for name in running]
    assert logs
    assert all("schema is at 9999, newer than this image's" in log for log in logs)


def test_a_conflict_stops_a_rollback_and_is_won_with_the_option_that_its_hint_names(todoctl, kubectl, other_release):
    before, _ = other_release
    level = kubectl.json("get", "configmap", "todo-config", "-n", NAMESPACE)["data"]["log-level"]
    kubectl("patch", "configmap", "todo-config", "-n", NAMESPACE, "-p", json.dumps({"data": {"log-level": "odd"}}))
    refused = todoctl("rollback", str(before), "-o", "json")
    assert (refused.code, refused.error["id"]) == (12, "cluster.conflict"), refused.err
    assert f'ConfigMap/todo-config .data.log-level: kubectl-patch has "odd", the manifests have "{level}"' in "".join(
        refused.error["details"]
    )
    assert "`--force-conflicts`" in refused.error["hint"]
    outcome = todoctl("rollback", str(before), "--force-conflicts", "--yes")
    assert outcome.code == 0, outcome.err
    assert kubectl.json("get", "configmap", "todo-config", "-n", NAMESPACE)["data"]["log-level"] == level


def test_a_release_whose_image_is_gone_everywhere_is_a_clear_error_and_nothing_is_applied(todoctl, kubectl):
    def generation():
        return kubectl.json("get", "deployment", "todo-backend", "-n", NAMESPACE)["metadata"]["generation"]

    lost, keep = image(kubectl), "todoctl-test-keep:1"
    command("docker", "tag", lost, keep)
    try:
        command("docker", "image", "rm", lost)
        command("docker", "exec", PROFILE, "crictl", "rmi", qualified(lost))
        before = generation()
        refused = todoctl("rollback")
        assert refused.code == 6, refused.err
        assert f"`{lost}` is gone" in refused.err
        assert f"neither node `{PROFILE}` nor this host's Docker has it" in refused.err
        assert generation() == before
    finally:
        command("docker", "tag", keep, lost)
        command("docker", "image", "rm", keep)
    assert todoctl("install", "--yes").code == 0


def test_a_release_that_is_not_there_is_named_with_those_that_are(todoctl):
    refused = todoctl("rollback", "9999")
    assert refused.code == 2
    assert "there is no release 9999" in refused.err
    assert ", ".join(str(one["revision"]) for one in releases(todoctl)) in refused.err
