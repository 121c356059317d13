"""The programs that `doctor --fix` downloads: which versions, and from where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from todoctl.adapters import process, system
from todoctl.adapters.system import HostSystem
from todoctl.deadline import Deadline
from todoctl.preflight.check import Repair
from todoctl.reporter import Reporter


@dataclass(frozen=True)
class Tool:
    """A program that is one file, and where it is published; its SHA-256 is beside it, at `.sha256`.

    In `path` are `{version}`, `{os}` (as Go names it), `{architecture}` and `{suffix}` (`.exe` on Windows).
    """

    name: str
    version: str
    site: str
    path: str


MINIKUBE = Tool(
    "minikube",
    "v1.38.1",
    "https://github.com",
    "kubernetes/minikube/releases/download/{version}/minikube-{os}-{architecture}{suffix}",
)
KUBECTL = Tool(
    "kubectl",
    "v1.35.4",
    "https://dl.k8s.io",
    "release/{version}/bin/{os}/{architecture}/kubectl{suffix}",
)


def url(tool: Tool, host: HostSystem, architecture: str, *, mirror: str | None = None) -> str:
    """Return where the program is; a mirror has both sites' paths under one root."""
    os_name = {HostSystem.DARWIN: "darwin", HostSystem.WINDOWS: "windows"}.get(host, "linux")
    path = tool.path.format(version=tool.version, os=os_name, architecture=architecture, suffix=_suffix(host))
    return f"{(mirror or tool.site).rstrip('/')}/{path}"


def download(tool: Tool, *, mirror: str | None) -> Repair:
    """Return the repair that downloads a program for this machine into `process.tools_folder`."""
    host = system.host_system()
    where = url(tool, host, system.architecture(), mirror=mirror)
    target = process.tools_folder() / (tool.name + _suffix(host))
    return Repair(
        f"Download {tool.name} {tool.version} from {where} to {target}?",
        partial(_download, tool, where, target),
    )


def is_ours(program: str) -> bool:
    """Tell whether the program that todoctl would run is one that it downloaded."""
    found = process.which(program)
    return found is not None and found.parent == process.tools_folder()


def _download(tool: Tool, where: str, target: Path, reporter: Reporter, deadline: Deadline) -> None:
    from todoctl.adapters import download

    told = -1

    def progress(done: int, size: int | None) -> None:
        nonlocal told
        quarter = 4 * done // size if size else done // 50_000_000
        if quarter > told:
            told = quarter
            of = f" of {size / 1e6:.0f}" if size else ""
            reporter.note(f"{done / 1e6:.0f}{of} MB")

    extra_ca = os.environ.get("TODOCTL_EXTRA_CA")
    download.executable(
        where, target, deadline=deadline, progress=progress, extra_ca=Path(extra_ca) if extra_ca else None
    )
    reporter.note(f"todoctl finds it there; to use `{tool.name}` yourself: {on_path(target.parent)}")


def on_path(folder: Path) -> str:
    """Return the command that puts a folder on PATH."""
    if system.WINDOWS:
        return f'`[Environment]::SetEnvironmentVariable("Path", "$env:Path;{folder}", "User")` in PowerShell'
    return f'`export PATH="$PATH:{folder}"`, in your shell\'s profile'


def _suffix(host: HostSystem) -> str:
    return ".exe" if host is HostSystem.WINDOWS else ""
