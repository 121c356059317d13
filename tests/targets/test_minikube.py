"""A Minikube that hangs or is gone, which a small script plays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from todoctl.errors import ClusterError, TodoctlError
from todoctl.targets import minikube
from todoctl.targets.minikube import Minikube
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
    target._known = Profile("p", "docker", "containerd", "v1.35.4", (node,), 2, 4096, frozenset(), {})
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
