"""Doctor makes a cluster from nothing, starts it again, and brings back what was taken from it."""

from pathlib import Path

import pytest

from harness import Todoctl, command
from todoctl.adapters import system

pytestmark = pytest.mark.minikube

PROFILE, HOST = "t-doctor", "t-doctor.local"


@pytest.fixture(scope="module")
def doctor(zipapp: str):
    """Doctor for a profile of its own, which is gone before and after; and the hosts file as it was."""
    hosts = Path("/etc/hosts")
    before = hosts.read_bytes()
    command("minikube", "delete", "-p", PROFILE)
    run = Todoctl(zipapp, PROFILE)
    yield lambda *words, **environment: run("doctor", "--host", HOST, "-o", "json", *words, **environment)
    command("minikube", "delete", "-p", PROFILE)
    hosts.write_bytes(before)
    hosts.with_name("hosts.todoctl.bak").unlink(missing_ok=True)


def tried(outcome) -> list[tuple[str, str]]:
    return [(fix["id"], fix["outcome"]) for fix in outcome.data["fixes"]]


def broken(outcome) -> list[str]:
    return [check["id"] for check in outcome.data["checks"] if check["status"] != "ok"]


@pytest.mark.skipif(not system.is_root(), reason="writes /etc/hosts, which is root's")
def test_everything_is_repaired_from_no_profile_at_all(doctor) -> None:
    before = doctor()
    assert before.code == 3
    assert "minikube.profile" in broken(before)
    outcome = doctor("--fix", "--hosts", "--yes")
    assert tried(outcome) == [
        ("minikube.profile", "fixed"),
        ("cluster.ingress", "fixed"),
        ("cluster.metrics", "fixed"),
        ("access.hosts", "fixed"),
    ], outcome.err
    assert (outcome.code, broken(outcome)) == (0, []), outcome.out
    assert f"{command('minikube', 'ip', '-p', PROFILE).strip()} {HOST}\n" in Path("/etc/hosts").read_text()


def test_a_cluster_that_was_stopped_is_started(doctor) -> None:
    command("minikube", "stop", "-p", PROFILE)
    outcome = doctor("--fix", "--yes")
    assert tried(outcome)[0] == ("minikube.running", "fixed"), outcome.err
    assert "fatal" not in {check["status"] for check in outcome.data["checks"]}


def test_a_cluster_that_was_paused_goes_on(doctor) -> None:
    command("minikube", "pause", "-p", PROFILE)
    outcome = doctor("--fix", "--yes")
    assert tried(outcome)[0] == ("minikube.running", "fixed"), outcome.err


def test_what_addons_brought_and_was_taken_away_comes_back(doctor) -> None:
    taken = {
        "cluster.ingress": ("ingressclass", "nginx"),
        "cluster.metrics": ("apiservice", "v1beta1.metrics.k8s.io"),
        "cluster.storage": ("storageclass", "standard"),
    }
    for kind, name in taken.values():
        command("kubectl", "--context", PROFILE, "delete", kind, name)
    assert set(taken) <= set(broken(doctor()))
    outcome = doctor("--fix", "--yes")
    assert set(taken) <= {id_ for id_, became in tried(outcome) if became == "fixed"}, outcome.err
    assert not set(taken) & set(broken(outcome))


def test_a_kubeconfig_without_the_cluster_gets_it_back(doctor, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    outcome = doctor("--fix", "--yes", KUBECONFIG=str(kubeconfig))
    assert tried(outcome)[0] == ("context.entry", "fixed"), outcome.err
    assert "cluster.reachable" not in broken(outcome)
    assert kubeconfig.stat().st_mode & 0o077 == 0
