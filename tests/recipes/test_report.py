"""A report of a made-up world; tests/cluster plants secrets in a real one."""

from __future__ import annotations

import json
import os
import stat
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from todoctl import newfile
from todoctl.adapters import kinds
from todoctl.adapters.docker import Engine, ImageStore
from todoctl.adapters.kinds import Kind
from todoctl.errors import ClusterError, PreflightError, UsageError
from todoctl.installation import Installation
from todoctl.recipes import report, reportfile
from todoctl.settings import Settings

ENGINE = Engine("28.3.0", "linux", "amd64", "Ubuntu", 8, 1, "overlay2", ImageStore.CLASSIC, False, "/var/lib/docker")  # noqa: FBT003
UNREACHABLE = ClusterError("cluster.unreachable", "cannot list", because="connection refused")
REFUSED = ClusterError("cluster.forbidden", "cannot list", because="secrets is forbidden")


class Cluster:
    """A cluster with one pod that restarted; `fault` comes of `faulty` objects, or of all."""

    def __init__(self, fault: Exception | None = None, faulty: Kind | None = None) -> None:
        self.fault = fault
        self.faulty = faulty
        self.asked: list[str] = []

    def within(self, _deadline):
        return self

    def list(self, kind, _namespace=None):
        self.asked.append(kind.name)
        if self.fault and self.faulty in (None, kind):
            raise self.fault
        if kind is not kinds.POD:
            return [], "1"
        entry = {"name": "app", "restartCount": 2}
        pod = {
            "kind": "Pod",
            "metadata": {"name": "todo-1", "namespace": "t"},
            "status": {"containerStatuses": [entry]},
        }
        return [pod], "1"

    def logs(self, namespace, pod, container, *, tail, previous):
        assert (namespace, pod, container, tail) == ("t", "todo-1", "app", report.LOG_LINES)
        return "before\n" if previous else f"now, at {Path.home()}/x, password=hunter2\n"

    def version(self):
        return "v1.35.4"


@pytest.fixture
def write(monkeypatch, heard, tmp_path):
    """Write a report of a world in which no program is there; return it and the files in it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("todoctl.adapters.process.tools_folder", lambda: tmp_path / "none")

    def run(cluster, others=None, name="report.zip"):
        installation = Installation(Settings(namespace="t"), heard)
        installation.__dict__["cluster"] = cluster
        installation.__dict__["engine"] = SimpleNamespace(engine=lambda: ENGINE)
        written = report.write(installation, tmp_path / name, others or {})
        return written, read(tmp_path / name)

    return run


def read(path: Path) -> dict[str, str]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read().decode() for member in archive}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["report.zip", "report.tar.gz", "report.tgz"])
def test_findings_versions_objects_and_logs_are_in_one_file_that_only_its_owner_reads(write, tmp_path, name) -> None:
    written, files = write(Cluster(), {"doctor.json": lambda: {"checks": []}}, name)
    assert written.path == tmp_path / name
    assert {f"todoctl-report/{one}" for one in written.files} == set(files)
    assert json.loads(files["todoctl-report/doctor.json"]) == {"checks": []}
    assert json.loads(files["todoctl-report/versions.json"])["kubernetes"] == "v1.35.4"
    assert json.loads(files["todoctl-report/docker.json"])["version"] == "28.3.0"
    assert [one["metadata"]["name"] for one in yaml.safe_load_all(files["todoctl-report/objects/pods.yaml"])] == [
        "todo-1"
    ]
    assert files["todoctl-report/logs/todo-1.app.log"] == "now, at ~/x, password=***\n"
    assert files["todoctl-report/logs/todo-1.app.previous.log"] == "before\n"
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_cannot_be_collected_is_a_file_that_says_why(write) -> None:
    def broken():
        return {}["nothing"]

    written, files = write(Cluster(UNREACHABLE), {"status.json": broken})
    assert files["todoctl-report/status.txt"] == "could not be collected: KeyError: 'nothing'\n"
    assert files["todoctl-report/objects/pods.txt"] == "could not be collected: cannot list: connection refused\n"
    assert "`minikube` cannot be started" in files["todoctl-report/minikube/logs.txt"]
    assert {"status.json", "objects/pods.yaml", "minikube/logs.txt"} <= set(written.failed)
    assert json.loads(files["todoctl-report/versions.json"])["kubernetes"] == "cannot list: connection refused"


def test_a_context_whose_cluster_is_not_found_has_its_report_too(write, monkeypatch) -> None:
    def nowhere(_):
        raise PreflightError("context.containers", "this Docker has no kind cluster `a`")

    monkeypatch.setattr("todoctl.targets.find.target", nowhere)
    _, files = write(Cluster(UNREACHABLE))
    assert "todoctl-report/versions.json" in files
    assert not [name for name in files if "/minikube/" in name]


def test_a_cluster_that_does_not_answer_is_asked_for_its_objects_once(write) -> None:
    cluster = Cluster(UNREACHABLE)
    write(cluster)
    assert cluster.asked == ["Deployment", "Node"]


@pytest.mark.parametrize("fault", [REFUSED, UNREACHABLE], ids=["refused", "lost just then"])
def test_no_log_is_collected_where_the_secrets_that_may_show_in_it_cannot_be_read(write, monkeypatch, fault) -> None:
    cluster = Cluster(fault, kinds.SECRET)
    monkeypatch.setattr(cluster, "logs", lambda *_, **__: pytest.fail("read"))
    written, files = write(cluster)
    assert files["todoctl-report/logs.txt"] == (
        "could not be collected: the logs were not read, as values of Secrets cannot be found in them: "
        f"cannot list: {fault.because}\n"
    )
    assert {"logs.txt", "objects/secrets.yaml"} <= set(written.failed)
    assert not [name for name in files if "/logs/" in name]
    assert "todo-1" in files["todoctl-report/objects/pods.yaml"]


def test_the_environment_is_shown_as_far_as_it_explains_something_and_without_secrets() -> None:
    variables = {
        "https_proxy": "http://ada:hunter2@proxy:3128",
        "HTTP_PROXY": "http://hunter2@proxy:3128",
        "NO_PROXY": "localhost",
        "DOCKER_HOST": "ssh://ada@build",
        "DOCKER_AUTH_CONFIG": '{"auths": {"registry": {"auth": "YWRhOmh1bnRlcjI="}}}',
        "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "hunter2",
        "DOCKER_NEW_KIND_OF_KEY": "hunter2",
        "MINIKUBE_TOKEN": "hunter2",
        "TODOCTL_PROFILE": "dev",
        "OPENAI_API_KEY": "hunter2",
        "HOME": "/home/ada",
    }
    assert report.environment(variables) == {
        "DOCKER_HOST": "ssh://build",
        "HTTP_PROXY": "http://proxy:3128",
        "MINIKUBE_TOKEN": "***",
        "NO_PROXY": "localhost",
        "TODOCTL_PROFILE": "dev",
        "https_proxy": "http://proxy:3128",
    }


def test_a_secret_of_this_process_shows_nowhere(write, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "swordfish")
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:pr0xy-pass@proxy:3128")
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", '{"auths": {"r": {"auth": "YWRhOmh1bnRlcjI="}}}')
    _, files = write(Cluster(), {"todoctl.log": lambda: "swordfish pr0xy-pass c3dvcmRmaXNo"})
    assert files["todoctl-report/todoctl.log"] == "*** *** ***"
    assert not [name for name, text in files.items() if "pr0xy-pass" in text or "YWRhOmh1bnRlcjI" in text]


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell's script")
def test_what_minikube_logs_of_a_node_that_joins_shows_no_token(write, tmp_path, monkeypatch) -> None:
    token, key = "abcdef.0123456789abcdef", "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2
    joined = f"kubeadm join cp:8443 --token {token} --certificate-key {key} --ignore-preflight-errors=all"
    (tmp_path / "minikube").write_text(f"#!/bin/sh\nprintf '%s\\n' '{joined}' 'Using token: {token}' '{token}'\n")
    (tmp_path / "minikube").chmod(0o755)
    _, files = write(Cluster())
    assert "kubeadm join cp:8443 --token *** " in files["todoctl-report/minikube/logs.txt"]
    assert not [name for name, text in files.items() if token in text or key in text]


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("report.txt", "its format follows from its ending: .zip, .tar.gz, .tgz"),
        ("report", "its format follows from its ending: .zip, .tar.gz, .tgz"),
        ("none/report.zip", "there is no such folder"),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_anything_is_collected(tmp_path, name, because) -> None:
    with pytest.raises(UsageError) as caught:
        reportfile.check(tmp_path / name)
    assert caught.value.because == because


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch) -> None:
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(newfile, "_begin", denied)
    with pytest.raises(UsageError) as caught:
        reportfile.write(tmp_path / "report.zip", {"a": "b"})
    assert caught.value.because == "Permission denied"
    assert list(tmp_path.iterdir()) == []
