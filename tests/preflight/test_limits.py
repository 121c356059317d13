"""The rules behind the checks, each from holding to not holding."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from todoctl.adapters.docker import Engine, ImageStore
from todoctl.errors import PreflightError
from todoctl.preflight import cluster, docker, host, kubectl, minikube, table
from todoctl.preflight.versions import at_least, numbers
from todoctl.settings import Settings
from todoctl.targets.profile import Node, Profile, State, Status

GIB = 1024**3
ENGINE = Engine(
    version="28.3.0",
    os="linux",
    architecture="amd64",
    operating_system="Ubuntu 24.04",
    cpus=8,
    memory_bytes=16 * GIB,
    storage_driver="overlay2",
    image_store=ImageStore.CLASSIC,
    rootless=False,
    data_root="/var/lib/docker",
)
PROFILE = Profile(
    name="p",
    driver="docker",
    container_runtime="containerd",
    kubernetes_version="v1.35.4",
    nodes=(Node("p", "192.168.49.2", control_plane=True),),
    cpus=2,
    memory_mib=4096,
    addons=frozenset(),
    addon_images={},
    image_repository="",
)


def engine(**changes: object) -> Engine:
    return dataclasses.replace(ENGINE, **changes)  # type: ignore[arg-type]


def profile(**changes: object) -> Profile:
    return dataclasses.replace(PROFILE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (lambda: host.python((3, 14)), platform.python_version()),
        (lambda: host.machine("amd64").rsplit(", ", 1)[1], "amd64"),
        (lambda: host.machine("arm64").rsplit(", ", 1)[1], "arm64"),
        (lambda: host.cpus(2), "2"),
        (lambda: host.memory(4 * GIB), "4.0 GiB"),
        (lambda: docker.answers(ENGINE), "Ubuntu 24.04, classic image store"),
        (
            lambda: docker.answers(engine(rootless=True, image_store=ImageStore.CONTAINERD)),
            "Ubuntu 24.04, containerd image store, rootless",
        ),
        (lambda: docker.version("20.10.24+dfsg1"), "20.10.24+dfsg1"),
        (lambda: docker.buildkit("20.10.24", lambda: None), "part of the `docker` command"),
        (lambda: docker.buildkit("28.3.0", lambda: "v0.25.0"), "buildx v0.25.0"),
        (lambda: docker.architecture("arm64", "arm64"), "arm64"),
        (lambda: docker.resources(engine(cpus=2, memory_bytes=4 * GIB)), "2 CPUs, 4.0 GiB"),
        (lambda: docker.disk(engine(operating_system="Docker Desktop")), "not visible from here"),
        (lambda: docker.disk(engine(data_root="/nowhere/at/all")), "not visible from here"),
        (lambda: minikube.version("v1.33.0"), "v1.33.0"),
        (lambda: minikube.driver(PROFILE), "docker"),
        (lambda: minikube.runtime(profile(container_runtime="crio")), "crio"),
        (lambda: minikube.kubernetes(profile(kubernetes_version="v1.30.0")), "v1.30.0"),
        (lambda: minikube.runs(State(Status.RUNNING, PROFILE), "p"), "running"),
        (lambda: cluster.ingress_class(("kong", "nginx")), "`nginx`"),
        (lambda: kubectl.fits("v1.34.1", "v1.35.4"), "v1.34.1"),
    ],
)
def test_what_holds_is_told(rule: Callable[[], str], found: str) -> None:
    assert rule() == found


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (lambda: host.python((3, 15)), "Python 3.15 was not tested"),
        (lambda: host.machine("riscv64"), "architecture riscv64 was not tested"),
        (lambda: host.cpus(1), "1 CPU is too few"),
        (lambda: host.memory(2 * GIB), "2.0 GiB of memory is little"),
        (lambda: docker.answers(engine(os="windows")), "Docker runs windows containers"),
        (lambda: docker.version("19.03.15"), "Docker 19.03.15 is too old"),
        (lambda: docker.version("dev"), "Docker dev is too old"),
        (lambda: docker.buildkit("23.0.0", lambda: None), "the buildx plugin is missing"),
        (lambda: docker.architecture("amd64", "arm64"), "Docker runs amd64 containers on arm64"),
        (lambda: docker.resources(engine(cpus=1)), "Docker has 1 CPUs and 16.0 GiB of memory"),
        (lambda: docker.resources(engine(memory_bytes=2 * GIB)), "Docker has 8 CPUs and 2.0 GiB of memory"),
        (lambda: minikube.version("v1.32.9"), "Minikube v1.32.9 is too old"),
        (lambda: minikube.driver(profile(driver="none")), "Minikube driver `none` is not supported"),
        (lambda: minikube.runtime(profile(container_runtime="rkt")), "container runtime `rkt` is not known"),
        (lambda: minikube.kubernetes(profile(kubernetes_version="v1.29.9")), "Kubernetes v1.29.9 is too old"),
        (lambda: minikube.runs(State(Status.STOPPED, PROFILE), "p"), "profile `p` is stopped"),
        (lambda: minikube.runs(State(Status.PAUSED, PROFILE), "p"), "profile `p` is paused"),
        (lambda: minikube.runs(State(Status.BROKEN, PROFILE, "x"), "p"), "profile `p` does not run as a whole"),
        (lambda: kubectl.fits("v1.33.9", "v1.35.4"), "kubectl v1.33.9 does not fit Kubernetes v1.35.4"),
        (lambda: kubectl.fits("v1.37.0", "v1.35.4"), "kubectl v1.37.0 does not fit Kubernetes v1.35.4"),
        (lambda: cluster.ingress_class(("kong",)), "the cluster's ingress controller is not ingress-nginx"),
    ],
)
def test_what_does_not_hold_is_told_with_a_hint(rule: Callable[[], str], what: str) -> None:
    with pytest.raises(PreflightError) as caught:
        rule()
    assert caught.value.what == what
    assert caught.value.hint


def test_little_disk_is_told_with_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("todoctl.adapters.system.disk_free_bytes", lambda _: 3_000_000_000)
    with pytest.raises(PreflightError) as caught:
        host.disk("docker.disk", tmp_path)
    assert (caught.value.id, caught.value.what) == ("docker.disk", f"3.0 GB free at `{tmp_path}` is little")


@pytest.mark.parametrize(
    ("variable", "folder"),
    [("", "{home}/.minikube"), ("/big", "/big/.minikube"), ("/big/.minikube", "/big/.minikube")],
)
def test_minikubes_folder_follows_its_variable(variable: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIKUBE_HOME", variable)
    assert host.minikube_home() == Path(folder.format(home=Path.home()))


@pytest.mark.parametrize(
    ("version", "read"),
    [
        ("v1.35.4", (1, 35, 4)),
        ("20.10.24+dfsg1", (20, 10, 24)),
        ("v1.39.0-beta.0", (1, 39, 0)),
        ("1.30", (1, 30)),
        ("v1.33.5-gke.1080000", (1, 33, 5)),
        ("dev", ()),
        ("", ()),
    ],
)
def test_the_numbers_of_a_version(version: str, read: tuple[int, ...]) -> None:
    assert numbers(version) == read


@pytest.mark.parametrize(
    ("version", "wanted", "verdict"),
    [
        ("v1.30.0", "1.30", True),
        ("1.30", "1.30.0", True),
        ("v1.29.14", "1.30", False),
        ("v1.100.0", "1.30", True),
        ("20.10.24+dfsg1", "20.10", True),
        ("9.0", "20.10", False),
        ("dev", "1.0", False),
    ],
)
def test_a_version_is_compared_by_its_numbers(version: str, wanted: str, verdict: bool) -> None:  # noqa: FBT001
    assert at_least(version, wanted) is verdict


def test_the_list_of_checks() -> None:
    # Ids are documented and scripts refer to them: a change here is a change of contract.
    assert [check.id for check in table.checks(Settings())] == [
        "host.python",
        "host.platform",
        "host.cpus",
        "host.memory",
        "host.disk",
        "docker.command",
        "docker.engine",
        "docker.version",
        "docker.buildkit",
        "docker.architecture",
        "docker.resources",
        "docker.disk",
        "minikube.command",
        "minikube.version",
        "minikube.profile",
        "minikube.driver",
        "minikube.runtime",
        "minikube.kubernetes",
        "minikube.running",
        "context.kubeconfig",
        "context.named",
        "context.entry",
        "network.proxy",
        "network.route",
        "cluster.reachable",
        "cluster.profile",
        "cluster.version",
        "cluster.storage",
        "cluster.ingress",
        "cluster.ingress-class",
        "cluster.metrics",
        "cluster.host",
    ]


def test_doctor_adds_what_people_need_beside_an_install() -> None:
    added = [check.id for check in table.doctor_checks(Settings())][len(table.checks(Settings())) :]
    assert added == ["kubectl.command", "kubectl.version", "access.hosts"]


def test_every_need_is_a_check_that_stands_before() -> None:
    seen: set[str] = set()
    for check in table.doctor_checks(Settings()):
        assert set(check.needs) <= seen, check.id
        seen.add(check.id)
