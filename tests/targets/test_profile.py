"""What Minikube 1.38.1 said of real profiles, and what is read from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from todoctl.targets.profile import Node, Profile, ProfileDamaged, State, Status, find_profile, read_state
from todoctl.targets.runtimes import node_images

LISTING: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "profile-list.json").read_text("utf-8"))


def profile(name: str = "p") -> Profile:
    found = find_profile("t-target", LISTING)
    assert found is not None
    return Profile(**{**found.__dict__, "name": name})


def status(host: str, kubelet: str, api_server: str, *, kubeconfig: str = "Configured", name: str = "p") -> str:
    parts = {"Name": name, "Host": host, "Kubelet": kubelet, "APIServer": api_server, "Kubeconfig": kubeconfig}
    return json.dumps({**parts, "Worker": api_server == "Irrelevant"})


class TestFindProfile:
    def test_reads_what_a_profile_was_made_with(self) -> None:
        assert find_profile("minikube", LISTING) == Profile(
            name="minikube",
            driver="docker",
            container_runtime="containerd",
            kubernetes_version="v1.35.4",
            nodes=(Node("minikube", "192.168.49.2", control_plane=True),),
            cpus=2,
            memory_mib=6000,
            addons=frozenset({"default-storageclass", "ingress", "metrics-server", "storage-provisioner"}),
            addon_images={},
            image_repository="",
        )

    def test_reads_the_images_that_were_given_for_addons_and_of_which_only_a_part_was(self) -> None:
        config = {
            **LISTING["valid"][0]["Config"],
            "CustomAddonImages": {
                "MetricsServer": "local/server:1",
                "IngressController": "m.local/c:2",
                "Kibana": "k:3",
            },
            "CustomAddonRegistries": {"MetricsServer": "docker.io/", "IngressController": "", "Alpine": "m.local"},
        }
        found = find_profile("p", {"invalid": [], "valid": [{"Name": "p", "Config": config}]})
        assert found is not None
        assert found.addon_images == {
            "MetricsServer": "docker.io/local/server:1",
            "IngressController": "m.local/c:2",
            "Kibana": None,
            "Alpine": None,
        }

    def test_the_repository_of_a_profile_goes_before_an_image_whose_registry_is_empty(self) -> None:
        config = {
            **LISTING["valid"][0]["Config"],
            "KubernetesConfig": {**LISTING["valid"][0]["Config"]["KubernetesConfig"], "ImageRepository": "m.local/k8s"},
            "CustomAddonImages": {"MetricsServer": "local/server:1", "IngressController": "local/c:2"},
            "CustomAddonRegistries": {"MetricsServer": "docker.io", "IngressController": ""},
        }
        found = find_profile("p", {"invalid": [], "valid": [{"Name": "p", "Config": config}]})
        assert found is not None
        assert found.image_repository == "m.local/k8s"
        assert found.addon_images == {"MetricsServer": "docker.io/local/server:1", "IngressController": None}

    def test_a_profile_that_is_not_there_is_none(self) -> None:
        assert find_profile("absent", LISTING) is None
        assert find_profile("minikube", {"invalid": [], "valid": []}) is None

    def test_nodes_are_named_as_their_machines_with_the_primary_first(self) -> None:
        nodes = [
            {"Name": "m02", "IP": "10.0.0.3", "ControlPlane": False},
            {"Name": "", "IP": "10.0.0.2", "ControlPlane": True},
            {"Name": "m03", "IP": "10.0.0.4", "ControlPlane": True},
        ]
        config = {**LISTING["valid"][0]["Config"], "Nodes": nodes}
        found = find_profile("two", {"invalid": [], "valid": [{"Name": "two", "Config": config}]})
        assert found is not None
        assert [(node.name, node.control_plane) for node in found.nodes] == [
            ("two", True),
            ("two-m02", False),
            ("two-m03", True),
        ]

    def test_a_damaged_profile_is_an_error_that_names_the_way_out(self) -> None:
        with pytest.raises(ProfileDamaged) as caught:
            find_profile("p", {"invalid": [{"Name": "p", "Config": None}], "valid": []})
        assert caught.value.hint == "`minikube delete -p p` removes it, data too"

    @pytest.mark.parametrize("answer", [{"error": {}}, [], "text"])
    def test_what_is_no_listing_is_not_taken_for_an_empty_one(self, answer: Any) -> None:
        with pytest.raises((KeyError, TypeError)):
            find_profile("p", answer)


@pytest.mark.parametrize(
    ("said", "verdict", "trouble"),
    [
        (status("Running", "Running", "Running"), Status.RUNNING, None),
        (status("Running", "Stopped", "Paused"), Status.PAUSED, None),
        (status("Stopped", "Stopped", "Stopped", kubeconfig="Stopped"), Status.STOPPED, None),
        (status("Running", "Stopped", "Stopped"), Status.BROKEN, "kubelet of node `p` is stopped"),
        (status("Running", "Running", "Stopped"), Status.BROKEN, "apiserver of node `p` is stopped"),
        (
            status("Nonexistent", "Nonexistent", "Nonexistent", kubeconfig="Nonexistent"),
            Status.BROKEN,
            "host of node `p` is nonexistent",
        ),
        ("null", Status.BROKEN, "its machine is gone"),
        ("", Status.BROKEN, "its machine is gone"),
        ("[]", Status.BROKEN, "its machine is gone"),
    ],
)
def test_the_status_of_one_node(said: str, verdict: Status, trouble: str | None) -> None:
    state = read_state(profile(), said)
    assert (state.status, state.trouble) == (verdict, trouble)


def test_several_nodes_run_when_each_does() -> None:
    worker = status("Running", "Running", "Irrelevant", kubeconfig="Irrelevant", name="p-m02")
    assert read_state(profile(), f"[{status('Running', 'Running', 'Running')},{worker}]").status is Status.RUNNING


def test_a_worker_that_does_not_run_is_named() -> None:
    worker = status("Stopped", "Stopped", "Irrelevant", kubeconfig="Irrelevant", name="p-m02")
    state = read_state(profile(), f"[{status('Running', 'Running', 'Running')},{worker}]")
    assert (state.status, state.trouble) == (Status.BROKEN, "host of node `p-m02` is stopped")


def test_without_a_profile_the_cluster_is_absent_whatever_status_printed() -> None:
    events = (Path(__file__).parent / "recorded" / "absent.jsonl").read_text("utf-8")
    assert read_state(None, events) == State(Status.ABSENT)


def test_a_kubeconfig_that_leads_elsewhere_is_told() -> None:
    assert read_state(profile(), status("Running", "Running", "Running")).kubeconfig_ok
    assert not read_state(profile(), status("Running", "Running", "Running", kubeconfig="Misconfigured")).kubeconfig_ok


def test_images_of_a_node_are_read_by_reference() -> None:
    listing = {
        "images": [
            {"id": "sha256:aa", "repoTags": ["docker.io/library/todo:1", "docker.io/library/todo:2"]},
            {"id": "sha256:bb", "repoTags": None, "repoDigests": ["docker.io/library/old@sha256:cc"]},
            {"id": "sha256:dd", "repoTags": ["<none>:<none>"]},
        ]
    }
    assert node_images(listing) == {
        "docker.io/library/todo:1": "sha256:aa",
        "docker.io/library/todo:2": "sha256:aa",
        "docker.io/library/old@sha256:cc": "sha256:bb",
    }
    assert node_images({"images": None}) == {}
