"""A Minikube that hangs or is gone, which a small script plays."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from todoctl.errors import ClusterError, TodoctlError
from todoctl.targets import minikube
from todoctl.targets.minikube import AddonUntold, Minikube
from todoctl.targets.profile import Node, Profile

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for a POSIX shell")

QUESTIONS = [
    lambda _: minikube.version(),
    lambda target: target.state(),
    lambda target: target.address(),
    lambda target: target.node_images("p"),
]
IDS = ["version", "state", "address", "images"]


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Minikube:
    """Return a profile whose programs are those in `tmp_path`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    target = Minikube("p")
    node = Node("p", "192.168.49.2", control_plane=True)
    target._known = Profile("p", "docker", "containerd", "v1.35.4", (node,), 2, 4096, frozenset(), {}, "")
    return target


@pytest.mark.parametrize("ask", QUESTIONS, ids=IDS)
def test_a_question_without_an_answer_is_a_timeout_with_a_hint(
    ask: Callable[[Minikube], object], target: Minikube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("minikube", "docker"):
        (tmp_path / program).write_text("#!/bin/sh\nexec /bin/sleep 60\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setattr(minikube, "CALL_SECONDS", 0.3)
    with pytest.raises(ClusterError) as caught:
        ask(target)
    assert caught.value.id == "minikube.timeout"
    assert "`minikube status`" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("ask", "missing"), list(zip(QUESTIONS, ["minikube", "minikube", "minikube", "docker"], strict=True)), ids=IDS
)
def test_a_missing_program_is_told_by_its_name(
    ask: Callable[[Minikube], object], missing: str, target: Minikube
) -> None:
    with pytest.raises(TodoctlError) as caught:
        ask(target)
    assert caught.value.what == f"there is no `{missing}` command"


# What Minikube 1.33 says of an option that came later.
UNKNOWN = "echo \"Error: unknown shorthand flag: 'o' in -o\" >&2; echo 'Usage: minikube addons images'; exit 1"
OWN = {
    "IngressController": "docker.io/local/controller:1",
    "KubeWebhookCertgenCreate": "docker.io/local/certgen:1",
    "KubeWebhookCertgenPatch": "docker.io/local/certgen:1",
}


def given(target: Minikube, tmp_path: Path, images: Mapping[str, str | None], says: str = UNKNOWN) -> Minikube:
    """Have the profile images of its own, and Minikube say something else."""
    (tmp_path / "minikube").write_text(f"#!/bin/sh\n{says}\n")
    (tmp_path / "minikube").chmod(0o755)
    target._known = dataclasses.replace(target.profile(), addon_images=images)
    return target


def test_an_addon_runs_the_profiles_own_images_where_these_are_all_that_it_has(
    target: Minikube, tmp_path: Path
) -> None:
    assert given(target, tmp_path, OWN).addon_images("ingress") == tuple(OWN.values())


def test_an_addon_runs_minikubes_images_whatever_another_addon_was_given(target: Minikube, tmp_path: Path) -> None:
    minikube = given(target, tmp_path, OWN, """echo '["registry.k8s.io/m/m:v1"]'""")
    assert minikube.addon_images("metrics-server") == ("registry.k8s.io/m/m:v1",)


@pytest.mark.parametrize(
    "part",
    [{"IngressController": OWN["IngressController"]}, {**OWN, "KubeWebhookCertgenPatch": None}],
    ids=["one of three", "one without its registry"],
)
def test_an_addon_for_which_only_a_part_was_given_runs_nobody_knows_what(
    part: dict[str, str | None], target: Minikube, tmp_path: Path
) -> None:
    with pytest.raises(AddonUntold) as caught:
        given(target, tmp_path, part, """echo '["registry.k8s.io/i/i:v1"]'""").addon_images("ingress")
    assert caught.value.what == "profile `p` did not report the images of addon `ingress`"
    assert "only some of its own" in str(caught.value.because)


def test_an_addon_of_a_profile_with_a_repository_of_images_runs_nobody_knows_what(
    target: Minikube, tmp_path: Path
) -> None:
    minikube = given(target, tmp_path, OWN, """echo '["registry.k8s.io/m/m:v1"]'""")
    target._known = dataclasses.replace(target.profile(), image_repository="m.local/k8s")
    assert minikube.addon_images("ingress") == tuple(OWN.values()), "each of these has a registry of its own"
    with pytest.raises(AddonUntold) as caught:
        minikube.addon_images("metrics-server")
    assert caught.value.what == "profile `p` did not report the images of addon `metrics-server`"
    assert "`--image-repository=m.local/k8s`" in str(caught.value.because)


@pytest.mark.parametrize("says", [UNKNOWN, "echo null", "echo '{}'", "true"])
def test_a_minikube_without_a_list_of_images_does_not_tell_them(says: str, target: Minikube, tmp_path: Path) -> None:
    with pytest.raises(AddonUntold) as caught:
        given(target, tmp_path, {}, says).addon_images("ingress")
    assert caught.value.what == "this Minikube does not report its addons' images"
