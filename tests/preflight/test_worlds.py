"""Broken worlds, made with the real commands: what each check finds in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from todoctl.adapters import process
from todoctl.preflight import check
from todoctl.preflight.check import Finding, Status
from todoctl.preflight.explain import entries
from todoctl.preflight.table import checks
from todoctl.settings import Settings


@pytest.fixture(autouse=True)
def _no_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("todoctl.adapters.process.tools_folder", lambda: tmp_path / "downloads")


def findings(settings: Settings | None = None) -> dict[str, Finding]:
    """Return what the checks find, after a look at whether docs/errors.md has the ids of what they raise."""
    found = {finding.id: finding for finding in check.run(checks(settings or Settings()))}
    raised = {id_: one.error.id for id_, one in found.items() if one.error is not None and one.error.id != id_}
    known = {id_: entries()[id_].partition("- **Error:** ")[2].partition("\n")[0] for id_ in raised}
    assert [id_ for id_, error in raised.items() if f"`{error}`" not in known[id_]] == []
    return found


def with_status(found: dict[str, Finding], status: Status) -> set[str]:
    return {finding.id for finding in found.values() if finding.status is status}


def test_without_docker_and_minikube_both_are_told_and_nothing_else_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    found = findings()
    assert with_status(found, Status.FATAL) == {"docker.command", "minikube.command"}
    assert found["docker.command"].found == "there is no `docker` command"
    assert found["minikube.command"].found == "there is no `minikube` command"
    looked_at = {id_ for id_ in found if found[id_].status is Status.OK}
    assert all(id_.startswith("host.") or id_ == "context.kubeconfig" for id_ in looked_at)


KUBECONFIG = """\
contexts: [{name: lab, context: {cluster: lab, user: lab}}]
clusters: [{name: lab, cluster: {server: "https://127.0.0.1:1", %s}}]
users: [{name: lab, user: {%s}}]
"""


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        ("contexts: []", "cluster.context"),
        ("a: [", "cluster.kubeconfig"),
        (KUBECONFIG % ("proxy-url: nowhere", "token: t"), "cluster.proxy"),
        (KUBECONFIG % ("", "exec: {apiVersion: v1, command: absent}"), "cluster.credentials"),
    ],
)
def test_elsewhere_a_kubeconfig_of_no_use_is_an_api_server_that_is_not_reached(
    content: str, id_: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("PATH", str(tmp_path))  # Docker's checks have nothing to do with it
    found = findings(Settings(environment="staging", context="lab"))["cluster.reachable"]
    assert (found.status, found.error and found.error.id) == (Status.FATAL, id_)


@pytest.mark.docker
def test_without_minikube_docker_is_still_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    docker = process.which("docker")
    assert docker is not None
    (tmp_path / "docker").symlink_to(docker)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = findings()
    assert with_status(found, Status.FATAL) == {"minikube.command"}
    assert found["docker.engine"].status is Status.OK


@pytest.mark.minikube
class TestMinikubeWorlds:
    def test_a_docker_that_does_not_answer_is_the_one_fatal_finding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        found = findings()
        assert with_status(found, Status.FATAL) == {"docker.engine"}
        assert found["docker.engine"].because == "its socket is not there"
        # Minikube would call the profile broken: that is not its fault.
        assert found["minikube.running"].status is Status.SKIPPED

    def test_an_absent_profile_is_a_warning(self) -> None:
        found = findings(Settings(profile="t-absent", context="t-absent"))
        assert with_status(found, Status.FATAL) == set()
        assert with_status(found, Status.WARNING) == {"minikube.profile"}
        assert found["minikube.profile"].found == "there is no profile `t-absent` yet"
        assert check.exit_code(list(found.values())) == 3

    def test_another_clusters_context_is_fatal_before_the_profile_is_made(self) -> None:
        found = findings(Settings(profile="t-absent", context="production"))
        assert with_status(found, Status.FATAL) == {"context.named"}
        assert found["context.named"].found == "context `production` is not known to be of profile `t-absent`"

    @pytest.mark.parametrize("content", ["a: [", "just text", "apiVersion: v1\nclusters: 7\n"])
    def test_an_unreadable_kubeconfig_is_the_first_fatal_finding(
        self, content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        path = tmp_path / "kubeconfig"
        path.write_text(content)
        monkeypatch.setenv("KUBECONFIG", str(path))
        found = findings(Settings(profile="t-absent", context="t-absent"))
        assert with_status(found, Status.FATAL) == {"context.kubeconfig"}
        assert found["context.kubeconfig"].found == f"cannot use kubeconfig `{path}`"

    def test_a_kubeconfig_that_is_not_there_is_none_of_an_absent_profiles_trouble(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
        found = findings(Settings(profile="t-absent", context="t-absent"))
        assert found["context.kubeconfig"].found == "no context `t-absent` yet"
