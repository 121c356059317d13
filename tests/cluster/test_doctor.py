"""Repairs on a real cluster that take seconds; tests/long starts and makes clusters."""

import hashlib
import http.server
import os
import shutil
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from harness import PROFILE, Todoctl
from todoctl.adapters import system
from todoctl.preflight import tools

pytestmark = pytest.mark.minikube


@pytest.fixture
def mirror(tmp_path: Path):
    """A mirror of both sites on this machine, with this machine's own programs."""
    root = tmp_path / "mirror"
    for tool in (tools.MINIKUBE, tools.KUBECTL):
        file = Path(tools.url(tool, system.host_system(), system.architecture(), mirror=str(root)))
        file.parent.mkdir(parents=True)
        program = Path(shutil.which(tool.name) or "").read_bytes()
        file.write_bytes(program)
        file.with_name(f"{file.name}.sha256").write_text(hashlib.sha256(program).hexdigest())
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def without(tmp_path: Path):
    """An environment in which there is a docker, and neither minikube nor kubectl."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("docker", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return {"PATH": str(programs), "XDG_DATA_HOME": str(tmp_path / "data"), "NO_PROXY": "*", "no_proxy": "*"}


def statuses(outcome) -> dict[str, str]:
    return {check["id"]: check["status"] for check in outcome.data["checks"]}


def fixes(outcome) -> list[tuple[str, str]]:
    """What was repaired, but for the metrics API: it may not serve yet, or not for a moment, which is mended too."""
    found = [(fix["id"], fix["outcome"]) for fix in outcome.data["fixes"]]
    return [one for one in found if one[0] != "cluster.metrics"]


def test_minikube_and_kubectl_are_downloaded_and_used(todoctl: Todoctl, mirror, without, tmp_path: Path) -> None:
    before = todoctl("doctor", "-o", "json", **without)
    assert before.code == 4
    assert statuses(before)["minikube.command"] == "fatal"
    outcome = todoctl("doctor", "--fix", "--yes", "--mirror", mirror[1], "-o", "json", **without)
    assert fixes(outcome) == [("minikube.command", "fixed"), ("kubectl.command", "fixed")], outcome.err
    assert sorted(path.name for path in (tmp_path / "data/todoctl/bin").iterdir()) == ["kubectl", "minikube"]
    # With the one that came, the cluster is seen; and it stays for the next run.
    after = statuses(todoctl("doctor", "-o", "json", **without))
    assert {after[check] for check in ("minikube.running", "cluster.profile", "kubectl.version")} == {"ok"}
    assert "add" not in outcome.out
    assert f'export PATH="$PATH:{tmp_path}/data/todoctl/bin"' in outcome.err


def test_a_download_that_is_not_what_was_published_leaves_nothing(todoctl: Todoctl, mirror, without, tmp_path) -> None:
    for file in mirror[0].rglob("*.sha256"):
        file.write_text("0" * 64)
    outcome = todoctl("doctor", "--fix", "--yes", "--mirror", mirror[1], "-o", "json", **without)
    assert outcome.code == 4
    assert fixes(outcome) == [("minikube.command", "failed"), ("kubectl.command", "failed")]
    assert outcome.data["fixes"][0]["what"].endswith("is not what was published: it was thrown away")
    assert list((tmp_path / "data/todoctl/bin").iterdir()) == []


def test_without_a_terminal_or_yes_nothing_is_repaired(todoctl: Todoctl, mirror, without, tmp_path: Path) -> None:
    outcome = todoctl("doctor", "--fix", "--mirror", mirror[1], "-o", "json", **without)
    assert (outcome.code, outcome.error["id"]) == (10, "consent.no-terminal")
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(not system.is_root() or sys.platform != "linux", reason="writes /etc/hosts, which is root's")
def test_the_hosts_line_is_written_and_a_stale_one_replaced(todoctl: Todoctl, address: str) -> None:
    hosts, host = Path("/etc/hosts"), f"t-{os.getpid()}.local"
    backup = hosts.with_name("hosts.todoctl.bak")
    before = hosts.read_bytes()
    try:
        stale = before + f"\n10.9.8.7 other.invalid {host}\n".encode()
        hosts.write_bytes(stale)
        outcome = todoctl("doctor", "--hosts", "--yes", "--host", host, "-o", "json")
        assert fixes(outcome) == [("access.hosts", "fixed")], outcome.err
        assert statuses(outcome)["access.hosts"] == "ok"
        assert hosts.read_bytes() == before + f"\n10.9.8.7 other.invalid\n{address} {host}\n".encode()
        assert backup.read_bytes() == stale
        assert fixes(todoctl("doctor", "--hosts", "--yes", "--host", host, "-o", "json")) == []
    finally:
        hosts.write_bytes(before)
        backup.unlink(missing_ok=True)


def test_the_kubeconfigs_entry_is_corrected(todoctl: Todoctl, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    source = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube/config")
    kubeconfig.write_text(source.read_text().replace(":8443", ":8444"))
    kubeconfig.chmod(0o600)
    outcome = todoctl("doctor", "--fix", "--yes", "-o", "json", KUBECONFIG=str(kubeconfig))
    assert fixes(outcome) == [("context.entry", "fixed")], outcome.err
    assert statuses(outcome)["cluster.profile"] == "ok"
    assert f"context: {PROFILE}" not in outcome.out
