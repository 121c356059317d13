"""The story of one installation, in order: from no cluster to an app, again, faults, and away."""

import json
import os
import re
import socket

import pytest

from harness import HOST, NAMESPACE, ROOT, Browser, becomes, command, forwarded, is_ready, staying, until
from todoctl import __version__

pytestmark = pytest.mark.minikube
EMAIL = "ada@example.org"


@pytest.fixture(scope="module")
def ada(address):
    """Ada's browser: signed up by whichever test runs first."""
    browser = Browser(address)
    status, answer = browser.sign_up(EMAIL)
    if status != 200:
        status, answer = browser.sign_in(EMAIL)
    assert status == 200, answer
    return browser


def test_from_no_cluster_the_install_ends_with_the_app_answering(installed, address):
    assert f"http://{HOST}" in installed.out
    assert f"{address} {HOST}" in installed.out.replace("\t", " ")
    becomes(200, lambda: Browser(address)("GET", "/healthz")[0])
    status, problem = Browser(address)("GET", "/api/tasks")
    assert (status, problem["status"]) == (401, 401)


def test_every_pod_is_ready_under_restricted_pod_security(installed, kubectl):
    namespace = kubectl.json("get", "namespace", NAMESPACE)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    # The documents' commands, which ran before, restart the Deployments.
    until(lambda: all_ready(kubectl), seconds=300)


def all_ready(kubectl):
    pods = staying(kubectl, NAMESPACE)
    assert {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods} == {
        "todo-backend",
        "todo-frontend",
        "todo-postgres",
    }
    assert [pod["metadata"]["name"] for pod in pods if not is_ready(pod)] == []


@pytest.mark.parametrize(
    ("name", "user", "limit"), [("todo-backend", "10001", 200_000_000), ("todo-frontend", "1001", 150_000_000)]
)
def test_the_images_are_small_and_run_as_nobody_without_a_shell(installed, kubectl, name, user, limit):
    template = kubectl.json("get", "deployment", name, "-n", NAMESPACE)["spec"]["template"]["spec"]
    reference = template["containers"][0]["image"]
    [image] = json.loads(command("docker", "image", "inspect", reference))
    assert 0 < image["Size"] < limit
    assert image["Config"]["User"] in {user, f"{user}:{user}"}
    assert "/bin/sh" not in [*(image["Config"]["Cmd"] or ()), *(image["Config"]["Entrypoint"] or ())]
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == name
    assert labels["org.opencontainers.image.version"] == __version__


def test_a_user_signs_up_through_the_ingress_and_works_with_tasks(ada):
    token = ada.token()
    status, task = ada("POST", "/api/tasks", {"title": "Water the plants"}, token=token)
    assert (status, task["done"]) == (201, False)
    status, task = ada("POST", f"/api/tasks/{task['id']}/toggle", token=token)
    assert (status, task["done"]) == (200, True)
    assert "Water the plants" in ada.titles()


def test_cookies_over_plain_http_are_not_secure(ada):
    assert ada.set_cookie
    assert not any("secure" in line.lower().split("; ") for line in ada.set_cookie)


def state(kubectl):
    """What each object asks for, and the times of todoctl's entries in managedFields.

    How many pods is the autoscaler's to say, at any time.
    """
    objects = []
    for kind in (
        "deployments,statefulsets,services,configmaps,serviceaccounts,networkpolicies",
        "horizontalpodautoscalers,poddisruptionbudgets,ingresses,secrets,persistentvolumeclaims",
    ):
        objects += kubectl.json("get", kind, "-n", NAMESPACE, "--show-managed-fields")["items"]
    objects.append(kubectl.json("get", "namespace", NAMESPACE, "--show-managed-fields"))
    return {
        f"{item['kind']}/{item['metadata']['name']}": (
            {**item.get("spec", {}), "replicas": None},
            [entry["time"] for entry in item["metadata"].get("managedFields", []) if entry["manager"] == "todoctl"],
        )
        for item in objects
    }


def test_a_second_install_finds_nothing_to_do(todoctl, kubectl, ada):
    before = state(kubectl)
    again = todoctl("install", "--yes", "--debug", "-o", "json")
    assert again.code == 0, again.err
    assert state(kubectl) == before
    requests = re.findall(r"(POST|PUT|PATCH|DELETE) (\S+)", again.err)
    assert re.search(r"GET \S+", again.err), "the request log is there"
    # Its own lock comes and goes; nothing else is written.
    writes = [request for request in requests if "dryRun=All" not in request[1]]
    taken, *renewed, released = [method for method, path in writes if "/leases" in path]
    assert (taken, {*renewed} - {"PATCH"}, released) == ("POST", set(), "DELETE")
    assert [path for _, path in writes if "/leases" not in path] == []
    assert again.data["changed"] is False
    assert not any(image["built"] for image in again.data["images"])
    assert not any(transfer["sent"] for transfer in again.data["sideloaded"])


def test_a_second_install_says_that_nothing_changed(todoctl, ada):
    again = todoctl("install")
    assert again.code == 0, again.err
    assert "nothing to do" in again.out


def test_a_restarted_pod_loses_no_task(kubectl, ada):
    before = ada.titles()
    # Returns when they are gone, so that none of them is taken for one that came after.
    kubectl("delete", "pod", "-n", NAMESPACE, "-l", "app.kubernetes.io/name in (todo-backend, todo-postgres)")
    until(lambda: all_ready(kubectl), seconds=300)
    becomes(before, ada.titles)


def test_the_browser_does_everything_through_the_ingress(ada, address, tmp_path):
    drive(f"http://{HOST}", tmp_path, rule=f"MAP {HOST} {address}")


def test_the_browser_does_everything_through_a_port_forward_to_the_frontend_alone(todoctl, ada, tmp_path):
    with forwarded(todoctl) as url:
        drive(url, tmp_path, looks=False)  # they are the same either way


def drive(url, shots, rule=None, *, looks=True):
    environment = {**os.environ, "BASE_URL": url, "TODO_CLUSTER": "1", "TODO_LOOKS": str(int(looks))}
    if rule:
        environment["TODO_HOST_RULE"] = rule
    command("npm", "run", "--silent", "e2e", "--", str(shots), cwd=ROOT / "app" / "frontend", env=environment)
    assert list(shots.glob("*.png"))


def test_a_taken_port_is_named_and_the_next_one_used(todoctl, ada):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with forwarded(todoctl, "--port", str(port)) as url:
            assert url.startswith("http://localhost:")
            assert int(url.rsplit(":", 1)[1]) > port


def test_status_tells_what_runs_and_in_which_image(todoctl, ada):
    def all_current():
        outcome = todoctl("status", "-o", "json")
        assert outcome.code == 0, outcome.out + outcome.err
        workloads = {item["name"]: item for item in outcome.data["workloads"]}
        assert set(workloads) == {"todo-backend", "todo-frontend", "todo-postgres"}
        assert all(item["status"] == "Current" for item in workloads.values())
        assert workloads["todo-backend"]["images"][0].startswith("todo-backend:")

    until(all_current, seconds=300)  # an autoscaler may still answer to the load that the browser made


def test_doctor_finds_nothing_fatal_and_says_so_in_json(todoctl, ada):
    outcome = todoctl("doctor", "-o", "json")
    assert outcome.code in {0, 3}, outcome.out + outcome.err
    assert not [check for check in outcome.data["checks"] if check["status"] == "fatal"]


def test_no_secret_value_shows_in_a_debugged_install(todoctl, kubectl, ada):
    secrets = kubectl.json("get", "secrets", "-n", NAMESPACE)["items"]
    values = [
        command("base64", "-d", input=value)
        for secret in secrets
        for key, value in secret.get("data", {}).items()
        if secret["type"] == "Opaque" and key
    ]
    assert len(values) >= 4
    outcome = todoctl("install", "--yes", "--debug")
    for value in values:
        assert value not in outcome.out + outcome.err


def test_an_api_key_from_the_env_file_reaches_the_secret_and_rolls_its_readers(todoctl, kubectl, ada, tmp_path):
    generation = kubectl.json("get", "deployment", "todo-backend", "-n", NAMESPACE)["metadata"]["generation"]
    env_file = tmp_path / "workshop.env"
    env_file.write_text("OPENAI_API_KEY=sk-made-up-for-a-test\n")
    outcome = todoctl("install", "--yes", "--env-file", str(env_file))
    assert outcome.code == 0, outcome.err
    assert "sk-made-up" not in outcome.out + outcome.err
    data = kubectl.json("get", "secret", "todo-secrets", "-n", NAMESPACE)["data"]
    assert command("base64", "-d", input=data["openai-api-key"]) == "sk-made-up-for-a-test"
    assert kubectl.json("get", "deployment", "todo-backend", "-n", NAMESPACE)["metadata"]["generation"] > generation
    assert ada.titles()


def test_dead_proxies_in_the_environment_do_not_matter(todoctl, ada):
    dead = "http://127.0.0.1:9"
    outcome = todoctl("install", HTTP_PROXY=dead, HTTPS_PROXY=dead, http_proxy=dead, https_proxy=dead, NO_PROXY="")
    assert outcome.code == 0, outcome.err


def test_the_versioned_images_let_kubectl_apply_the_rendered_file(todoctl, kubectl, ada):
    loaded = todoctl("load", "-o", "json")
    assert loaded.code == 0, loaded.err
    rendered = ROOT / "bundled_manifests" / "rendered" / "development.yaml"
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(rendered))
    printed = todoctl("manifests")
    assert printed.code == 0, printed.err
    kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", input=printed.out)
    kubectl("rollout", "status", "-n", NAMESPACE, "deployment/todo-backend", "--timeout=400s")
    kubectl("rollout", "status", "-n", NAMESPACE, "deployment/todo-frontend", "--timeout=400s")
    assert until(ada.titles, seconds=120)
    # What kubectl owns now is its own: todoctl asks before it takes that over.
    refused = todoctl("install", "-o", "json")
    assert refused.code == 10
    assert "kubectl" in " ".join(refused.error["details"])
    kubectl("delete", "namespace", NAMESPACE)


def test_after_the_namespace_is_gone_an_install_starts_afresh(todoctl, address):
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    assert Browser(address).sign_up("fresh@example.org")[0] == 200


def test_what_cannot_be_changed_is_made_anew_only_when_it_is_named(todoctl, kubectl, address):
    live = kubectl.json("get", "deployment", "todo-frontend", "-n", NAMESPACE)
    other = {key: live[key] for key in ("apiVersion", "kind", "spec")}
    other["metadata"] = {key: live["metadata"][key] for key in ("name", "namespace", "labels")}
    for labels in (other["spec"]["selector"]["matchLabels"], other["spec"]["template"]["metadata"]["labels"]):
        labels["tier"] = "front"
    kubectl("delete", "deployment", "todo-frontend", "-n", NAMESPACE)
    kubectl("apply", "--server-side", "--field-manager=todoctl", "-f", "-", input=json.dumps(other))
    refused = todoctl("install", "-o", "json")
    assert (refused.code, refused.error["id"]) == (7, "objects.immutable"), refused.err
    assert "--recreate Deployment/todo-frontend" in refused.error["hint"]
    done = todoctl("install", "--recreate", "Deployment/todo-frontend")
    assert done.code == 0, done.err
    made = kubectl.json("get", "deployment", "todo-frontend", "-n", NAMESPACE)
    assert made["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": "todo-frontend"}
    becomes(200, lambda: Browser(address)("GET", "/healthz")[0])


def test_uninstall_keeps_the_data_and_the_next_install_finds_it(todoctl, kubectl, address):
    browser = Browser(address)
    assert browser.sign_in("fresh@example.org")[0] == 200
    assert browser("POST", "/api/tasks", {"title": "Survive"}, token=browser.token())[0] == 201
    gone = todoctl("uninstall", "--yes")
    assert gone.code == 0, gone.err
    left = kubectl("get", "all,ingress,hpa,pdb,networkpolicy", "-n", NAMESPACE, "-o", "name").split()
    assert left == []
    kept = kubectl("get", "pvc,secret", "-n", NAMESPACE, "-o", "name").split()
    assert {"secret/todo-secrets", "secret/todo-postgres"} <= set(kept)
    assert any(name.startswith("persistentvolumeclaim/") for name in kept)
    assert todoctl("uninstall", "--yes").code == 0, "again: nothing left to do"
    back = todoctl("install", "--yes")
    assert back.code == 0, back.err
    assert browser.sign_in("fresh@example.org")[0] == 200
    assert browser.titles() == ["Survive"]


def test_uninstall_with_data_asks_and_then_removes_everything(todoctl, kubectl):
    refused = todoctl("uninstall", "--data")
    assert refused.code == 10
    assert "nothing was done" in refused.err
    gone = todoctl("uninstall", "--data", "--yes")
    assert gone.code == 0, gone.err
    assert json.loads(kubectl("get", "namespaces", "-o", "json"))["items"]
    assert NAMESPACE not in [item["metadata"]["name"] for item in kubectl.json("get", "namespaces")["items"]]
