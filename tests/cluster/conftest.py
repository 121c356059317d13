"""Every test here finds a cluster that runs, with the app on it and an image for pods of the tests' own."""

import secrets as random
import subprocess
from collections.abc import Iterator

import pytest

from harness import PROFILE, Outcome
from on_cluster import Recorder, await_account
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.objects.apply import apply

PYTHON = "python:3.12-slim"


@pytest.fixture(scope="session", autouse=True)
def app_is_installed(installed: Outcome) -> None:
    with subprocess.Popen(["docker", "save", PYTHON], stdout=subprocess.PIPE) as saved:
        command = ["docker", "exec", "-i", PROFILE, "ctr", "-n", "k8s.io", "images", "import", "-"]
        subprocess.run(command, stdin=saved.stdout, check=True, capture_output=True)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def cluster(recorder: Recorder) -> Cluster:
    return Cluster.connect(PROFILE, on_request=recorder, on_warning=recorder.warnings.append)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"t-objects-{random.token_hex(4)}"
    labels = {"app.kubernetes.io/part-of": "todo-app", "pod-security.kubernetes.io/warn": "restricted"}
    apply(cluster, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}])
    await_account(name)
    yield name
    cluster.delete(kinds.NAMESPACE, name, propagation="Background")
