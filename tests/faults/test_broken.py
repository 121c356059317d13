"""Real installs of what cannot run: told apart from what is slow, explained; the version before goes on serving."""

from __future__ import annotations

import copy

import pytest

from harness import PROFILE, Browser, becomes
from todoctl.cli.terminal import Terminal
from todoctl.errors import RolloutError
from todoctl.install import install
from todoctl.settings import Settings
from todoctl.steps import Steps

pytestmark = pytest.mark.minikube

BACKEND, FRONTEND = "todo-backend", "todo-frontend"


class Broken(Steps):
    """An install whose manifests somebody broke: `spoil` gets a workload's pod spec and its first container."""

    def __init__(self, workload, spoil):
        super().__init__(Settings(profile=PROFILE, context=PROFILE, timeout=400), Terminal(assume_yes=True))
        self._workload, self._spoil = workload, spoil

    def manifests(self, *given, **named):
        objects = copy.deepcopy(super().manifests(*given, **named))
        for item in objects:
            if item["metadata"]["name"] == self._workload and "template" in item.get("spec", {}):
                pod = item["spec"]["template"]["spec"]
                self._spoil(pod, pod["containers"][0])
        return objects


def cannot_be_pulled(_pod, container):
    container |= {"image": "registry.invalid/todo-backend:1", "imagePullPolicy": "IfNotPresent"}


def never_loaded(_pod, container):
    container["image"] = "todo-backend:000000000000"


def crashes(_pod, container):
    container["command"] = ["python", "-c", "print('the last words'); raise SystemExit(3)"]


def crashes_before(pod, _container):
    pod["initContainers"][0]["command"] = ["python", "-c", "print('no schema today'); raise SystemExit(4)"]


def fits_nowhere(_pod, container):
    container["resources"]["requests"]["memory"] = container["resources"]["limits"]["memory"] = "900Gi"


def answers_elsewhere(_pod, container):
    # For long enough: until the server listens its port refuses, which is another answer. And not too often: after 25
    # events of a pod the kubelet keeps the next ones to itself.
    asked = {"httpGet": {"path": "/nowhere", "port": "http"}, "periodSeconds": 3, "failureThreshold": 8}
    container["startupProbe"] |= asked


def reads_a_key_that_is_not_there(_pod, container):
    reference = {"secretKeyRef": {"name": "todo-secrets", "key": "no-such-key"}}
    container["env"].append({"name": "ABSENT", "valueFrom": reference})


def breaks_the_rules(pod, _container):
    pod["hostNetwork"] = True


REASONS = {"ImagePullBackOff", "ErrImagePull"}


CASES = [
    (BACKEND, cannot_be_pulled, REASONS, ["registry.invalid", "describe pod"]),
    (BACKEND, never_loaded, {"ErrImageNeverPull"}, ["todo-backend:000000000000", f"`todoctl load -p {PROFILE}`"]),
    (BACKEND, crashes, {"CrashLoopBackOff"}, ["exited with code 3", "the last words", "--previous"]),
    (BACKEND, crashes_before, {"CrashLoopBackOff"}, ["exited with code 4", "no schema today", "`migrate`"]),
    (BACKEND, fits_nowhere, {"Unschedulable"}, ["Insufficient memory", "describe nodes"]),
    (FRONTEND, answers_elsewhere, {"Unhealthy"}, ["Startup probe failed", "statuscode: 4", "--previous"]),
    (FRONTEND, reads_a_key_that_is_not_there, {"CreateContainerConfigError"}, ["no-such-key", "todo-secrets"]),
    # Last, for the way back below: it only adds to what ran.
    (FRONTEND, breaks_the_rules, {"FailedCreate"}, ["violates PodSecurity", "host"]),
]


@pytest.mark.parametrize("case", CASES, ids=[spoil.__name__.replace("_", " ") for _, spoil, _, _ in CASES])
def test_a_rollout_that_is_broken_is_explained_and_the_version_before_serves(address, case):
    workload, spoil, reasons, words = case
    with pytest.raises(RolloutError) as caught:
        install(Broken(workload, spoil))
    error = caught.value
    assert error.what.startswith(f"`{workload}` does not start: ")
    assert any(reason in error.what for reason in reasons), error.what
    text = "\n".join([error.what, f"{error.because}", f"{error.hint}", *error.details])
    for word in words:
        assert word in text
    assert "of the version before go on serving" in text
    assert Browser(address)("GET", "/healthz")[0] == 200
    assert Browser(address)("GET", "/api/tasks")[0] == 401, "the backend says so"


def test_after_all_that_rollback_without_a_number_is_the_way_back(todoctl, address):
    assert not any(one["runs"] for one in todoctl("history", "-o", "json").data["releases"]), "the broken one does"
    back = todoctl("rollback", "-o", "json")
    assert back.code == 0, back.err
    newest = todoctl("history", "-o", "json").data["releases"][0]
    assert newest["runs"]
    assert newest["revision"] == back.data["release"]
    becomes(200, lambda: Browser(address)("GET", "/healthz")[0])
