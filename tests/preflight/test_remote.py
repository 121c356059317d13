"""A cluster elsewhere: what stops an install there, and what this user may not see and is taken to hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.adapters.apiserver import ApiError
from todoctl.errors import ConsentError, ExitCode, PreflightError
from todoctl.preflight import check, cluster, remote, table
from todoctl.preflight.check import Check, Severity, Status
from todoctl.preflight.facts import Facts
from todoctl.settings import Settings


def facts(
    *architectures: str,
    profile: str | None = None,
    minikube_too: bool = False,
    refusal: int | None = None,
    made_by_minikube: bool = False,
) -> Any:
    labels = {"minikube.k8s.io/name": profile} if profile else {}
    nodes = [
        {"metadata": {"name": f"n{number}", "labels": labels}, "status": {"nodeInfo": {"architecture": one}}}
        for number, one in enumerate(architectures)
    ]

    def listed(_kind: Any) -> Any:
        if refusal is not None:
            raise ApiError("nodes cannot be listed", status=refusal, reason="R", because="b")
        return nodes, "1"

    return SimpleNamespace(
        settings=Settings(context="shared", environment="staging", minikube_too=minikube_too),
        engine=SimpleNamespace(architecture="amd64"),
        cluster=SimpleNamespace(list=listed, made_by_minikube=made_by_minikube),
    )


def test_a_cluster_that_is_no_minikube_is_meant():
    assert cluster.is_meant(facts("amd64")) == "`shared` is not a Minikube"


def test_a_minikube_needs_a_yes_of_its_own():
    with pytest.raises(ConsentError) as caught:
        cluster.is_meant(facts("amd64", profile="dev"))
    assert caught.value.exit_code is ExitCode.CONSENT
    assert "profile `dev`" in str(caught.value.because)
    assert "--yes-really" in str(caught.value.hint)
    assert "as wanted" in cluster.is_meant(facts("amd64", profile="dev", minikube_too=True))


def test_who_may_not_see_the_nodes_is_told_by_the_kubeconfig_that_it_is_a_minikube():
    with pytest.raises(ConsentError) as caught:
        cluster.is_meant(facts(refusal=403, made_by_minikube=True))
    assert str(caught.value.because).startswith(
        "the kubeconfig has it as Minikube's, which is not where staging belongs"
    )
    assert "as wanted" in cluster.is_meant(facts(refusal=403, made_by_minikube=True, minikube_too=True))
    assert cluster.is_meant(facts(refusal=403)) == "`shared` is not a Minikube"


def test_a_cluster_whose_nodes_cannot_be_listed_for_another_reason_is_not_told_by_the_kubeconfig():
    with pytest.raises(ApiError):
        cluster.is_meant(facts(refusal=500))


@pytest.mark.parametrize("architectures", [["arm64"], ["amd64", "arm64"]])
def test_nodes_of_another_architecture_are_fatal(architectures):
    with pytest.raises(PreflightError) as caught:
        remote.runs_our_images(facts(*architectures))
    assert caught.value.what == "the cluster has nodes of architecture arm64"


def test_nodes_of_dockers_own_architecture_will_do():
    assert remote.runs_our_images(facts("amd64", "amd64")) == "amd64"


@pytest.mark.parametrize(("status", "found"), [(403, Status.OK), (500, Status.FATAL), (404, Status.FATAL)])
def test_what_this_user_may_not_see_holds_and_nothing_else_that_fails(status, found):
    def run() -> str:
        raise ApiError("nodes cannot be listed", status=status, reason="R", because="b")

    wrapped = Check("c", "C", Severity.FATAL, lambda: remote._if_visible(run))
    (finding,) = check.run([wrapped])
    assert finding.status is found


def test_what_removes_something_looks_first_whether_the_cluster_is_meant():
    ids = [one.id for one in table.identity_checks(Settings(context="shared", environment="staging"))]
    assert ids == ["cluster.reachable", "cluster.minikube"]


def test_what_only_a_minikube_here_needs_is_not_looked_at():
    ids = {one.id for one in table.checks(Settings(context="shared", environment="production"))}
    assert not {one for one in ids if one.startswith(("minikube.", "context.", "network."))}
    assert not ids & {"host.cpus", "host.memory", "host.disk", "docker.resources", "cluster.profile"}
    assert {"docker.engine", "cluster.reachable", "cluster.minikube", "cluster.architecture"} <= ids


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (Settings(), "todo-app.local"),
        (Settings(environment="staging"), "staging.todo-app.com"),
        (Settings(environment="production", host="mine.example.com"), "mine.example.com"),
    ],
)
def test_the_host_that_is_looked_for_is_the_environments_own_or_the_one_asked_for(settings, host):
    assert Facts(settings).host == host
