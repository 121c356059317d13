"""The running cluster as the target and the checks see it. Changes nothing but an image of its own on the node."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import subprocess
import uuid
from collections.abc import Iterator, Sequence

import pytest

from harness import PROFILE, command
from todoctl.adapters import docker, kinds, process
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, UsageError
from todoctl.preflight import check
from todoctl.preflight.check import Finding, Status
from todoctl.preflight.table import checks
from todoctl.settings import Settings
from todoctl.targets import addons, minikube
from todoctl.targets.minikube import Minikube
from todoctl.targets.profile import Status as ProfileStatus
from todoctl.targets.reference import qualified
from todoctl.targets.resources import Resources

pytestmark = pytest.mark.minikube


@pytest.fixture
def target() -> Minikube:
    return Minikube(PROFILE)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.connect(PROFILE)


class Silent:
    """Enables nothing: here there is nothing to enable."""

    def enable_addon(self, addon: str, *_: object) -> None:
        raise AssertionError(addon)


class Told:
    """A reporter that nobody listens to."""

    def step(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()

    def note(self, text: str) -> None: ...
    def progress(self, label: str, done: float, total: float | None, unit: str, detail: str = "") -> None: ...
    def done(self, label: str, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def debug(self, text: str) -> None: ...
    def confirm(self, question: str, plan: Sequence[str] = ()) -> None: ...


class TestTarget:
    def test_the_profile_runs_and_its_nodes_are_the_clusters(self, target: Minikube, cluster: Cluster) -> None:
        state = target.state()
        assert (state.status, state.trouble, state.kubeconfig_ok) == (ProfileStatus.RUNNING, None, True)
        nodes, _ = cluster.list(kinds.NODE)
        assert sorted(target.nodes()) == sorted(node["metadata"]["name"] for node in nodes)
        assert state.profile is not None
        assert state.profile.kubernetes_version == cluster.version()

    def test_its_address_is_the_nodes(self, target: Minikube, cluster: Cluster) -> None:
        node = cluster.get(kinds.NODE, target.nodes()[0])
        assert node is not None
        addresses = {one["type"]: one["address"] for one in node["status"]["addresses"]}
        assert target.address() == addresses["InternalIP"]

    def test_the_node_holds_the_image_that_its_pods_run_from(self, target: Minikube, cluster: Cluster) -> None:
        pods, _ = cluster.list(kinds.POD, "kube-system", labels="component=kube-apiserver")
        (running,) = pods[0]["status"]["containerStatuses"]
        held = target.node_images(target.nodes()[0])
        assert held[qualified(pods[0]["spec"]["containers"][0]["image"])] == running["imageID"]

    def test_an_absent_profile_has_no_nodes_and_says_so(self) -> None:
        absent = Minikube("t-absent")
        assert absent.state().status is ProfileStatus.ABSENT
        with pytest.raises(ClusterError, match="there is no Minikube profile `t-absent`"):
            absent.nodes()
        with pytest.raises(ClusterError, match="profile `t-absent` has no address"):
            absent.address()

    def test_bringing_up_what_runs_does_nothing(self, target: Minikube) -> None:
        # Without a reporter: anything that were done would be told to it.
        state = target.bring_up(driver=None, resources=None, reporter=None, deadline=Deadline(180))  # type: ignore[arg-type]
        assert state.status is ProfileStatus.RUNNING

    def test_a_start_that_minikube_refuses_is_bad_input(self) -> None:
        refused = Minikube("t-refused")
        too_much = Resources(cpus=2, memory_mib=9_000_000)
        try:
            with pytest.raises(UsageError) as caught:
                refused.bring_up(driver="docker", resources=too_much, reporter=Told(), deadline=Deadline(180))
        finally:
            subprocess.run(["minikube", "delete", "-p", "t-refused"], check=True, capture_output=True)
        assert caught.value.what == "profile `t-refused` did not start"
        assert "you specified 9000000MB" in str(caught.value.because)
        assert caught.value.hint == "ask for another `--driver`, or other `--cpus` and `--memory`"

    def test_the_command_tells_its_version(self) -> None:
        assert minikube.version().startswith("v1.")


class TestImport:
    @pytest.fixture
    def image(self, target: Minikube) -> Iterator[str]:
        reference = f"todoctl-test-{uuid.uuid4().hex[:8]}:one"
        dockerfile = "FROM scratch\nCOPY --from=python:3.12-slim /usr/bin/env /env\n"
        environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        argv = ["docker", "build", "-q", "--label", f"for={reference}", "-t", reference, "-"]
        subprocess.run(argv, input=dockerfile, text=True, check=True, capture_output=True, env=environment)
        yield reference
        subprocess.run(["docker", "image", "rm", reference], check=True, capture_output=True)
        for node in target.nodes():
            rest = ["crictl", "rmi", qualified(reference)]
            process.run([*target._inside(node), *rest], deadline=Deadline(120))

    @pytest.mark.parametrize("driver", ["docker", "kvm2"], ids=["docker exec", "minikube ssh"])
    def test_an_image_reaches_the_node_with_its_config_digest(
        self, driver: str, image: str, target: Minikube, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The way in by `minikube ssh` is that of virtual machines; this node's container has it as well.
        monkeypatch.setattr(target, "_known", _with_driver(target, driver))
        (node, *_) = target.nodes()
        assert qualified(image) not in target.node_images(node)
        saved, imported = process.pipe(["docker", "save", image], target.import_command(node), deadline=Deadline(180))
        assert (saved.code, imported.code) == (0, 0), imported.stderr
        on_host = docker.connect().image(image)
        assert on_host is not None
        if docker.connect().engine().image_store is docker.ImageStore.CLASSIC:
            assert target.node_images(node)[qualified(image)] == on_host.id

    @pytest.mark.parametrize("driver", ["docker", "kvm2"], ids=["docker exec", "minikube ssh"])
    def test_a_stream_that_is_no_image_fails_on_the_node(
        self, driver: str, target: Minikube, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(target, "_known", _with_driver(target, driver))
        (node, *_) = target.nodes()
        done = process.run(target.import_command(node), stdin="no archive", deadline=Deadline(180))
        assert not done.ok


def _with_driver(target: Minikube, driver: str) -> object:
    import dataclasses

    return dataclasses.replace(target.profile(), driver=driver)


class TestAddons:
    def test_a_cluster_that_has_both_gets_neither(self, cluster: Cluster) -> None:
        reporter = None  # nothing is done, so nothing is told
        assert not addons.ensure_ingress(Silent(), cluster, reporter, Deadline(180))  # type: ignore[arg-type]
        assert not addons.ensure_metrics(Silent(), cluster, reporter, Deadline(180))  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("addon", "namespace", "labels"),
        [("ingress", "ingress-nginx", None), ("metrics-server", "kube-system", "k8s-app=metrics-server")],
    )
    def test_the_images_of_an_addon_are_known_before_its_pods_run_them(
        self, addon: str, namespace: str, labels: str | None, target: Minikube, cluster: Cluster
    ) -> None:
        pods, _ = cluster.list(kinds.POD, namespace, labels=labels)
        run = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
        assert run
        assert run <= set(target.addon_images(addon))

    def test_minikube_knows_the_images_of_its_own_where_the_profile_has_none(self, target: Minikube) -> None:
        target._known = dataclasses.replace(target.profile(), addon_images={})
        (image,) = target.addon_images("metrics-server")
        assert re.fullmatch(r"registry\.k8s\.io/metrics-server/metrics-server:v[\d.]+@sha256:[0-9a-f]{64}", image)

    def test_an_addon_is_enabled_without_asking_a_network(self, cluster: Cluster) -> None:
        # One without pods: what others need of theirs is in tests/long.
        def default() -> list[str]:
            classes, _ = cluster.list(kinds.STORAGE_CLASS)
            return [one["metadata"]["name"] for one in classes]

        before = default()
        command("minikube", "addons", "disable", "default-storageclass", "-p", PROFILE)
        try:
            assert default() != before
            Minikube(PROFILE, offline=True).enable_addon("default-storageclass", Told(), Deadline(120))
            assert default() == before
        finally:
            command("minikube", "addons", "enable", "default-storageclass", "-p", PROFILE)

    def test_the_probe_of_the_ingress_leaves_nothing_behind(self, cluster: Cluster) -> None:
        addons.ensure_ingress(Silent(), cluster, None, Deadline(180))  # type: ignore[arg-type]
        assert cluster.get(kinds.INGRESS, "todoctl-probe", "default") is None


class TestChecks:
    def findings(self, settings: Settings) -> dict[str, Finding]:
        return {finding.id: finding for finding in check.run(checks(settings))}

    def test_nothing_is_fatal_here(self) -> None:
        found = self.findings(Settings(profile=PROFILE, context=PROFILE, namespace="t-checks", host="t-checks.local"))
        assert [finding for finding in found.values() if finding.status is Status.FATAL] == []
        assert found["cluster.profile"].status is Status.OK
        assert found["cluster.storage"].found == "`standard`"

    def test_a_context_that_is_not_there_is_fatal(self) -> None:
        found = self.findings(Settings(profile=PROFILE, context="elsewhere"))
        assert found["cluster.reachable"].found == "there is no context `elsewhere`"
        assert found["cluster.reachable"].status is Status.FATAL

    def test_a_kubeconfig_without_the_profile_is_fatal_with_the_way_to_mend_it(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: object
    ) -> None:
        monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none")
        found = self.findings(Settings(profile=PROFILE, context=PROFILE))
        assert found["context.entry"].status is Status.FATAL
        assert found["context.entry"].hint == f"`minikube update-context -p {PROFILE}`"
        assert found["cluster.reachable"].status is Status.SKIPPED

    def test_another_installations_host_is_taken(self, cluster: Cluster) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "t-checks-host"}}
        backend = {"service": {"name": "x", "port": {"number": 80}}}
        rule = {"host": "t-taken.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        ingress = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "other", "namespace": "t-checks-host"},
            "spec": {"rules": [rule]},
        }
        cluster.apply(namespace)
        try:
            cluster.apply(ingress)
            taken = self.findings(Settings(profile=PROFILE, context=PROFILE, host="t-taken.local"))["cluster.host"]
            assert (taken.status, taken.found) == (Status.FATAL, "host `t-taken.local` is taken")
            assert taken.because == "Ingress `other` in namespace `t-checks-host` has it"
            ours = self.findings(
                Settings(profile=PROFILE, context=PROFILE, host="t-taken.local", namespace="t-checks-host")
            )["cluster.host"]
            assert ours.status is Status.OK
        finally:
            cluster.delete(kinds.NAMESPACE, "t-checks-host")
