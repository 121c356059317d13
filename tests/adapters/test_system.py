"""What this machine says of itself, against what it says elsewhere; other systems, as far as they can be told."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from todoctl.adapters import system


def test_memory_is_what_the_kernel_says() -> None:
    total = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert total is not None
    assert system.memory_bytes() == int(total[1]) * 1024


def test_cpus_are_those_this_process_may_use() -> None:
    assert system.cpu_count() == int(subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout)


def test_free_disk_is_told_for_a_folder_that_is_yet_to_be_made(tmp_path: Path) -> None:
    missing = tmp_path / "not" / "yet"
    assert abs(system.disk_free_bytes(missing) - shutil.disk_usage(tmp_path).free) < 100_000_000


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [("x86_64", "amd64"), ("AMD64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64"), ("riscv64", "riscv64")],
)
def test_architectures_are_named_as_images_name_them(
    machine: str, architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert system.architecture() == architecture


@pytest.mark.parametrize(
    ("release", "wsl"),
    [
        ("5.15.167.4-microsoft-standard-WSL2", True),
        ("4.4.0-19041-Microsoft", True),
        ("6.8.0-45-generic", False),
        ("6.18.44", False),
    ],
)
def test_wsl_is_told_by_its_kernel(release: str, wsl: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setattr(platform, "release", lambda: release)
    assert system.is_wsl() is wsl


def test_the_name_of_this_system_is_that_of_its_release_file() -> None:
    name = re.search(r'PRETTY_NAME="?([^"\n]+)', Path("/etc/os-release").read_text())
    assert name is not None
    assert system.os_name() == name[1]


def test_a_group_that_is_gone_can_be_signalled() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], **system.own_process_group())
    child.wait()
    system.signal_group(child.pid, force=False)
    system.signal_group(child.pid, force=True)


def test_a_child_leads_a_group_of_its_own() -> None:
    code = "import os; print(os.getpgid(0) == os.getpid())"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, **system.own_process_group()
    )
    assert child.stdout == "True\n"
