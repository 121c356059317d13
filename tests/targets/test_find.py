"""Which kind of place a context leads to. The containers are real ones, of the smallest image that a build gives."""

from __future__ import annotations

import json
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from todoctl.adapters.docker_errors import DockerMissing
from todoctl.errors import PreflightError
from todoctl.settings import Settings
from todoctl.targets import find
from todoctl.targets.containers import Containers
from todoctl.targets.minikube import Minikube
from todoctl.targets.remote import Remote

KIND_LABELS = ("io.x-k8s.kind.cluster", "io.x-k8s.kind.role")
K3D_LABELS = ("k3d.cluster", "k3d.role")


@pytest.mark.parametrize("name", ["minikube", "workshop", "kind-of", "k3d-x"])
def test_a_profiles_own_context_is_minikubes_whatever_its_name_and_docker_is_not_asked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert isinstance(find.target(Settings(profile=name, context=name)), Minikube)


def test_another_context_is_of_the_profile_until_its_nodes_tell_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    target = find.target(Settings(profile="dev", context="renamed"))
    assert isinstance(target, Minikube)
    assert target.title == "Minikube profile `dev`"


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_other_environments_may_be_any_cluster(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    target = find.target(Settings(context="kind-x", environment=environment))
    assert isinstance(target, Remote)
    assert (target.context, target.nodes()) == ("kind-x", ())


def test_a_context_as_of_kind_without_docker_is_told_that_docker_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DockerMissing):
        find.target(Settings(context="kind-x"))


def kubeconfig(path: Path, server: str) -> str:
    """Write a kubeconfig with the context `renamed`."""
    cluster, user = {"cluster": {"server": server}, "name": "c"}, {"name": "u", "user": {}}
    context = {"name": "renamed", "context": {"cluster": "c", "user": "u"}}
    path.write_text(json.dumps({"clusters": [cluster], "users": [user], "contexts": [context]}))
    return str(path)


@pytest.mark.parametrize("server", ["https://192.168.49.2:8443", "https://lab.example.org", "https://127.0.0.1:port"])
def test_docker_is_not_asked_about_a_renamed_context_whose_server_is_no_port_of_this_machine(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path / "config", server))
    assert isinstance(find.target(Settings(profile="dev", context="renamed")), Minikube)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("image")
    name = f"t-find-{uuid.uuid4().hex[:8]}"
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY Dockerfile /\nCMD ["/nothing"]\n')
    subprocess.run(["docker", "build", "--quiet", "--tag", name, str(folder)], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "image", "rm", name], check=False, capture_output=True)


@pytest.mark.docker
class TestContainers:
    @pytest.fixture
    def container(self, image: str) -> Iterator[Callable[..., str]]:
        """Return a function that makes a container with labels. It is never started: the image has no program."""
        made: list[str] = []

        def make(name: str, *options: str, **labels: str) -> str:
            name = f"{name}-{uuid.uuid4().hex[:8]}"
            argv = [f"--label={key}={value}" for key, value in labels.items()]
            subprocess.run(
                ["docker", "create", "--name", name, *argv, *options, image], check=True, capture_output=True
            )
            made.append(name)
            return name

        yield make
        if made:
            subprocess.run(["docker", "rm", *made], check=True, capture_output=True)

    @pytest.mark.parametrize("tool", ["kind", "k3d"])
    def test_a_context_of_a_cluster_that_this_docker_has_not_says_which_label_is_missing(self, tool: str) -> None:
        with pytest.raises(PreflightError) as caught:
            find.target(Settings(context=f"{tool}-t-nowhere"))
        assert caught.value.what == f"this Docker has no {tool} cluster `t-nowhere`"
        assert "=t-nowhere`" in str(caught.value.because)

    @pytest.mark.parametrize(
        ("tool", "labels", "roles"),
        [
            ("kind", KIND_LABELS, ["worker", "external-load-balancer", "control-plane"]),
            ("k3d", K3D_LABELS, ["agent", "loadbalancer", "server"]),
        ],
    )
    def test_its_nodes_are_the_labelled_containers_control_plane_first_and_one_that_stopped_is_named(
        self, tool: str, labels: tuple[str, str], roles: list[str], container: Callable[..., str]
    ) -> None:
        cluster = f"t-{uuid.uuid4().hex[:8]}"
        made = {
            role: container(f"{cluster}-{role}", **dict(zip(labels, (cluster, role), strict=True))) for role in roles
        }
        container("other", **dict(zip(labels, (f"{cluster}-other", roles[-1]), strict=True)))
        target = find.target(Settings(context=f"{tool}-{cluster}"))
        assert isinstance(target, Containers)
        assert target.title == f"{tool} cluster `{cluster}`"
        assert [one.name for one in target._nodes] == [made[roles[-1]], made[roles[0]]]
        with pytest.raises(PreflightError) as caught:
            target.nodes()
        assert caught.value.hint == f"start it with `docker start {made[roles[-1]]}`"

    @pytest.mark.parametrize(
        ("tool", "labels", "role"),
        [("kind", KIND_LABELS, "control-plane"), ("k3d", K3D_LABELS, "loadbalancer")],
    )
    @pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104 - as k3d writes it
    def test_a_context_that_was_renamed_is_known_by_the_container_that_publishes_its_servers_port(
        self,
        tool: str,
        labels: tuple[str, str],
        role: str,
        host: str,
        container: Callable[..., str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        cluster = f"t-{uuid.uuid4().hex[:8]}"
        port = free_port()
        monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path / "config", f"https://{host}:{port}"))
        container("other", f"--publish=127.0.0.1:{port}:6443")
        assert isinstance(find.target(Settings(context="renamed")), Minikube)
        container(f"{cluster}-x", f"--publish=127.0.0.1:{port}:6443", **dict(zip(labels, (cluster, role), strict=True)))
        target = find.target(Settings(context="renamed"))
        assert isinstance(target, Containers)
        assert target.title == f"{tool} cluster `{cluster}`"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
