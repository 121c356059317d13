"""Where the programs that todoctl downloads are, for each machine."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from todoctl.adapters import process, system
from todoctl.adapters.system import HostSystem
from todoctl.deadline import Deadline
from todoctl.preflight import tools
from todoctl.preflight.tools import KUBECTL, MINIKUBE, url

RELEASES = "https://github.com/kubernetes/minikube/releases/download/v1.38.1"


@pytest.mark.parametrize(
    ("tool", "host", "architecture", "mirror", "found"),
    [
        (MINIKUBE, HostSystem.LINUX, "amd64", None, f"{RELEASES}/minikube-linux-amd64"),
        (MINIKUBE, HostSystem.DARWIN, "arm64", None, f"{RELEASES}/minikube-darwin-arm64"),
        (MINIKUBE, HostSystem.WINDOWS, "amd64", None, f"{RELEASES}/minikube-windows-amd64.exe"),
        (MINIKUBE, HostSystem.WSL, "amd64", None, f"{RELEASES}/minikube-linux-amd64"),
        (KUBECTL, HostSystem.LINUX, "arm64", None, "https://dl.k8s.io/release/v1.35.4/bin/linux/arm64/kubectl"),
        (KUBECTL, HostSystem.WINDOWS, "amd64", None, "https://dl.k8s.io/release/v1.35.4/bin/windows/amd64/kubectl.exe"),
        (
            KUBECTL,
            HostSystem.LINUX,
            "amd64",
            "http://mirror.local/k8s/",
            "http://mirror.local/k8s/release/v1.35.4/bin/linux/amd64/kubectl",
        ),
        (
            MINIKUBE,
            HostSystem.LINUX,
            "amd64",
            "file:///media/usb",
            "file:///media/usb/kubernetes/minikube/releases/download/v1.38.1/minikube-linux-amd64",
        ),
    ],
)
def test_each_machine_has_its_own_file(tool, host, architecture, mirror, found) -> None:
    assert url(tool, host, architecture, mirror=mirror) == found


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_what_was_downloaded_is_found_and_how_to_have_it_on_path_is_told(
    tmp_path: Path, heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "tools_folder", lambda: tmp_path / "bin")
    monkeypatch.setattr("todoctl.preflight.tools.KUBECTL", KUBECTL)
    program = b"#!/bin/sh\necho hello\n"
    mirror = tmp_path / "mirror"
    path = Path(url(KUBECTL, system.host_system(), system.architecture(), mirror=str(mirror)))
    path.parent.mkdir(parents=True)
    path.write_bytes(program)
    path.with_name(path.name + ".sha256").write_text(hashlib.sha256(program).hexdigest())
    repair = tools.download(KUBECTL, mirror=mirror.as_uri())
    target = tmp_path / "bin" / "kubectl"
    assert repair.question == f"Download kubectl v1.35.4 from {path.as_uri()} to {target}?"
    repair.do(heard, Deadline(20))
    assert target.read_bytes() == program
    assert heard.notes[-1].endswith(f'`export PATH="$PATH:{target.parent}"`, in your shell\'s profile')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.is_ours("kubectl")
