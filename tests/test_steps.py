"""What the steps read from files before anything is touched, and how they ask the app where there is no Minikube."""

from __future__ import annotations

import http.server
import subprocess
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.adapters.system import HostSystem
from todoctl.errors import AccessError, ClusterError, RolloutError, UsageError
from todoctl.locks import file
from todoctl.objects import manifests
from todoctl.settings import BUILD_SECONDS, WAIT_SECONDS, Settings
from todoctl.steps import Access, Steps
from todoctl.targets.containers import K3D, KIND, Containers


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("ca")
    certificate, key = folder / "ca.pem", folder / "ca.key"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-days", "2"]
    subprocess.run([*argv, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize(
    ("environment", "changed"), [("development", False), ("staging", True), ("production", True), ("staging", False)]
)
def test_old_images_stay_where_nothing_changed_or_the_nodes_pull(environment, changed, heard):
    class Untouched(Steps):
        """Steps whose cluster and engine may not be asked."""

        cluster = property(lambda _self: pytest.fail("asked"))  # type: ignore[assignment]
        engine = cluster  # type: ignore[assignment]

    Untouched(Settings(environment=environment), heard).remove_old_images("install", changed=changed)


@pytest.mark.parametrize(
    ("given", "wait", "build"), [(None, WAIT_SECONDS, BUILD_SECONDS), (1200.0, 1200.0, 1200.0), (1.0, 1.0, 1.0)]
)
def test_builds_may_take_longer_unless_the_user_says_how_long(given, wait, build, heard, monkeypatch):
    steps = Steps(Settings(timeout=given), heard)
    vars(steps)["engine"] = None
    monkeypatch.setattr("todoctl.images.build.build", lambda *_, deadline, **__: deadline)
    assert steps.build([]).seconds == build
    assert steps.deadline().seconds == wait


@pytest.mark.parametrize("held", ["second", "cluster of minikube", "cluster of other"])
def test_old_images_stay_while_another_run_works_on_another_installation_or_a_cluster(
    held, tmp_path, heard, monkeypatch
):
    monkeypatch.setattr(file, "path_of", lambda _context, namespace: tmp_path / f"{namespace}.lock")
    monkeypatch.setattr(file, "path_of_cluster", lambda context: tmp_path / f"cluster of {context}.lock")
    asked: list[object] = []
    monkeypatch.setattr("todoctl.objects.releases.history", lambda *_: asked.append("history") or [])
    monkeypatch.setattr("todoctl.objects.in_use.images", lambda _: [])
    monkeypatch.setattr("todoctl.images.old.remove", lambda **_: [])
    steps = Steps(Settings(), heard)
    for name in ("cluster", "engine"):
        vars(steps)[name] = None  # where what was connected to once is kept
    with steps.locked("install", lease=False):
        with file.locked(tmp_path / f"{held}.lock", "load", "what another run works on"):
            steps.remove_old_images("install", changed=True)
        assert asked == []
        assert heard.debugged == ["old images stay: another run may be about to apply one"]
        steps.remove_old_images("install", changed=True)
        assert asked == ["history"]


RELEASES = [
    SimpleNamespace(images=("todo-backend:3", "todo-frontend:2", "postgres:17")),
    SimpleNamespace(images=("todo-backend:2", "todo-frontend:2", "postgres:17")),
]


@pytest.fixture
def tidying(heard, monkeypatch, tmp_path):
    """Return steps whose removal of old images is what the test gives."""

    class Tidying(Steps):
        """Steps that know an engine and a cluster by their names alone."""

        cluster, engine = "cluster", "engine"  # type: ignore[assignment]

    def made(remove):
        monkeypatch.setattr(file, "path_of", lambda *_: tmp_path / "installation.lock")
        monkeypatch.setattr(file, "path_of_cluster", lambda _: tmp_path / "cluster.lock")
        monkeypatch.setattr("todoctl.objects.releases.history", lambda *_: RELEASES)
        monkeypatch.setattr("todoctl.objects.in_use.images", lambda *_: frozenset({"todo-backend:1"}))
        monkeypatch.setattr("todoctl.images.old.remove", remove)
        return Tidying(Settings(), heard)

    return made


def test_old_images_are_judged_by_the_releases_newest_first_and_by_what_runs(tidying, heard):
    asked = []
    steps = tidying(lambda **given: asked.append(given) or ["todo-backend:0 of node `minikube`"])
    steps.remove_old_images("install", changed=False)
    assert asked == []
    steps.remove_old_images("install", changed=True)
    [given] = asked
    assert given.pop("deadline").remaining() > 0
    of_releases = [
        "todo-backend:3",
        "todo-frontend:2",
        "postgres:17",
        "todo-backend:2",
        "todo-frontend:2",
        "postgres:17",
    ]
    assert given == {
        "newest_first": of_releases,
        "in_use": frozenset({"todo-backend:1"}),
        "target": steps.target,
        "engine": "engine",
    }


def test_old_images_that_cannot_be_removed_stop_nothing_and_are_told(tidying, heard):
    def fails(**_):
        raise ClusterError("node.images", "node `minikube` does not answer", because="it is away")

    tidying(fails).remove_old_images("install", changed=True)
    assert "old images could not be removed: node `minikube` does not answer: it is away" in str(heard.warnings)


class Looking(Steps):
    """Steps of a cluster that gives these answers when the database's volume is looked for."""

    cluster = None  # type: ignore[assignment]
    looks: list[Any]

    def remember_volume(self):
        answer = self.looks.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def waits(monkeypatch, heard, looks, *, changes, volume=True):
    """Wait through some changes, to no good end; return what is still to be looked at."""

    def fails(*_, observe, **__):
        for _ in range(changes):
            observe(())
        raise RolloutError("rollout.failed", "it does not run")

    monkeypatch.setattr("todoctl.objects.wait.wait", fails)
    steps = Looking(Settings(), heard)
    steps.looks = list(looks)
    with pytest.raises(RolloutError):
        steps.wait([], volume=volume)
    return steps.looks


def test_the_volume_is_noted_as_soon_as_it_is_there_whatever_comes_of_the_wait(heard, monkeypatch):
    assert waits(monkeypatch, heard, [False, True], changes=3) == []
    assert waits(monkeypatch, heard, [], changes=3, volume=False) == []


def test_a_server_that_is_away_when_the_volume_is_to_be_noted_does_not_end_the_wait(heard, monkeypatch):
    away = ClusterError("cluster.unreachable", "cannot read PersistentVolumeClaim", because="connection refused")
    assert waits(monkeypatch, heard, [away, True], changes=3) == []
    refused = ClusterError("cluster.forbidden", "cannot read PersistentVolumeClaim", because="no right to")
    with pytest.raises(ClusterError):
        waits(monkeypatch, heard, [refused], changes=1)


@pytest.mark.parametrize(("looks", "volume"), [(["away", True], True), ([False, True], True), ([], False)])
def test_a_volume_that_could_not_be_noted_at_the_last_change_is_noted_when_all_runs(heard, monkeypatch, looks, volume):
    away = ClusterError("cluster.unreachable", "cannot read PersistentVolumeClaim", because="connection refused")
    rolled = object()
    monkeypatch.setattr("todoctl.objects.wait.wait", lambda *_, observe, **__: observe(()) or rolled)
    steps = Looking(Settings(), heard)
    steps.looks = [away if look == "away" else look for look in looks]
    assert steps.wait([], volume=volume) is rolled
    assert steps.looks == []


def read(path: Path | None, heard: object) -> dict[str, str]:
    return Steps(Settings(database_ca=path), heard).database_ca()  # type: ignore[arg-type]


def test_the_databases_ca_is_its_files_text(pair, heard):
    assert read(pair[0], heard) == {"DATABASE_CA": pair[0].read_text()}
    assert read(None, heard) == {}


def test_several_certificates_are_one_ca(pair, heard, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text(pair[0].read_text() * 2)
    assert read(both, heard)["DATABASE_CA"].count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "certificate"),
        (b"no certificate", "certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),
        (b"\xff\xfe", "ascii"),
        (None, "No such file"),
    ],
    ids=["empty", "text", "damaged", "binary", "absent"],
)
def test_what_is_no_certificate_is_bad_input(content, because, heard, tmp_path):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read(file, heard)
    assert str(file) in caught.value.what
    assert because in str(caught.value.because)


def test_a_private_key_beside_the_certificate_is_refused_and_not_repeated(pair, heard, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text(pair[1].read_text() + pair[0].read_text())
    with pytest.raises(UsageError) as caught:
        read(both, heard)
    assert "private key" in str(caught.value.because)
    assert pair[1].read_text().splitlines()[1] not in str(vars(caught.value))


class App(http.server.BaseHTTPRequestHandler):
    """Answers as the app does to who has no token, and only for its host."""

    def do_GET(self) -> None:
        answers = {"/healthz": (200, "application/json"), "/api/tasks": (401, "application/problem+json")}
        ours = (self.headers["Host"] or "").partition(":")[0] == "todo-app.local"
        status, media_type = answers[self.path] if ours else (404, "text/html")
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("tool", [KIND, K3D])
@pytest.mark.parametrize("address", ["127.0.0.1", "172.18.0.2"])
def test_on_kind_and_k3d_the_app_is_asked_through_the_api_server_and_found_at_their_address(
    tool, address, heard, monkeypatch
):
    class Target(Containers):
        def address(self) -> str:
            return address

    steps = Steps(Settings(context=f"{tool.name}-c"), heard)
    steps.__dict__["target"] = Target(tool, "c")
    steps.__dict__["engine"] = SimpleNamespace(engine=lambda: SimpleNamespace(desktop=False))
    monkeypatch.setattr("todoctl.adapters.system.host_system", lambda: HostSystem.LINUX)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # The forward to the ingress controller, whose pod is this server.
        monkeypatch.setattr("todoctl.access.forward.to_controller", lambda *_: nullcontext(server.server_port))
        access = steps.access(manifests.load("development"))
        server.shutdown()
    assert isinstance(access, Access)
    assert access.url == "http://todo-app.local"
    assert (access.advice.hosts_line, access.advice.tunnel) == (f"{address} todo-app.local", None)


def test_a_controller_under_another_name_is_told_as_that_and_not_as_an_app_that_is_missing(heard, monkeypatch):
    cluster = SimpleNamespace(within=lambda _: cluster, get=lambda *_: None)
    monkeypatch.setattr(Steps, "connect", lambda _: cluster)
    steps = Steps(Settings(context="kind-c"), heard)
    steps.__dict__["target"] = SimpleNamespace(driver="kind", address=lambda: "127.0.0.1")
    steps.__dict__["engine"] = SimpleNamespace(engine=lambda: SimpleNamespace(desktop=False))
    with pytest.raises(AccessError, match="no way to the controller") as caught:
        steps.access(manifests.load("development"))
    assert caught.value.because == "there is no Service `ingress-nginx-controller` in namespace `ingress-nginx`"
    assert "todoctl install" not in str(caught.value.hint)
