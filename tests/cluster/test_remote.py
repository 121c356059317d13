"""A Minikube as who may see next to nothing in it: another user's kubeconfig, and a real refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import Kubectl, Todoctl
from todoctl.preflight import table
from todoctl.settings import Settings

pytestmark = pytest.mark.minikube

CONSENT = 10


def kubeconfig(path: Path, kubectl: Kubectl, token: str, *, extensions: bool) -> str:
    """Write a kubeconfig in which a context `shared` leads to the cluster with a token; return its path."""
    config = kubectl.json("config", "view", "--raw", "--flatten", "--minify")
    cluster = config["clusters"][0]["cluster"]
    assert "minikube.sigs.k8s.io" in json.dumps(cluster["extensions"])
    if not extensions:
        del cluster["extensions"]
    made = {
        "clusters": [{"name": "shared", "cluster": cluster}],
        "users": [{"name": "guest", "user": {"token": token}}],
        "contexts": [{"name": "shared", "context": {"cluster": "shared", "user": "guest"}}],
    }
    path.write_text(json.dumps(made))
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def token(kubectl: Kubectl, namespace: str) -> str:
    """The token of a service account that may see nothing."""
    kubectl("create", "serviceaccount", "guest", "-n", namespace)
    return kubectl("create", "token", "guest", "-n", namespace).strip()


def test_a_minikube_is_told_by_its_kubeconfig_entry_to_who_may_not_see_its_nodes(
    todoctl: Todoctl, kubectl: Kubectl, token: str, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path / "config", kubectl, token, extensions=True)
    arguments = ("--context", "shared", "--environment", "staging", "--registry", "localhost:5000/todo", "--yes")
    outcome = todoctl("install", *arguments, "-o", "json", KUBECONFIG=path)
    assert (outcome.code, outcome.error["id"]) == (CONSENT, "cluster.minikube"), outcome.err
    assert "the kubeconfig has it as Minikube's" in outcome.error["because"]


def test_a_cluster_of_which_the_kubeconfig_says_nothing_is_taken_for_none_by_who_may_not_see_its_nodes(
    kubectl: Kubectl, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path / "config", kubectl, token, extensions=False))
    found = {one.id: one for one in table.checks(Settings(context="shared", environment="staging"))}
    assert found["cluster.minikube"].run() == "`shared` is not a Minikube"
    assert found["cluster.architecture"].run() == "this user may not see it"
