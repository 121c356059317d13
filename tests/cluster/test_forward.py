"""Forwarding to real pods of the context `minikube`."""

from __future__ import annotations

import hashlib
import http.client
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness import PROFILE
from todoctl.access.forward import PortForward
from todoctl.access.probe import Endpoint, Expectation, probe
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline

pytestmark = pytest.mark.minikube

IMAGE = "python:3.12-slim"
BODY = hashlib.sha256(b"todo").digest() * 20_000

# Answers with its pod's name, or with 640 kB at /big.
SERVER = """
import hashlib, os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = hashlib.sha256(b"todo").digest() * 20_000 if self.path == "/big" else os.environ["HOSTNAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


class Heard:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster.connect(PROFILE)


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"t-forward-{secrets.token_hex(4)}"
    metadata: dict[str, Any] = {"name": "todo-frontend", "namespace": name}
    selector = {"app.kubernetes.io/name": "todo-frontend"}
    ports = [{"port": 3000, "targetPort": "http"}]
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    spec = {"selector": selector, "ports": ports}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    start(cluster, name, "first")
    yield name
    cluster.delete(kinds.NAMESPACE, name, propagation="Background")


def start(cluster: Cluster, namespace: str, name: str) -> None:
    container = {
        "name": "app",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["python", "-c", SERVER],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    }
    labels = {"app.kubernetes.io/name": "todo-frontend"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    # The account's token comes a moment after the namespace.
    spec["automountServiceAccountToken"] = False
    cluster.within(Deadline(30)).create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    end = time.monotonic() + 90
    while time.monotonic() < end:
        conditions = (cluster.get(kinds.POD, name, namespace) or {}).get("status", {}).get("conditions", [])
        if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
            return
        time.sleep(0.3)
    raise AssertionError(f"pod {name} did not become Ready")


def get(port: int, path: str = "/") -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def link_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("port-forward")]


def test_a_pod_is_reached_by_many_connections_at_once_and_nothing_stays(cluster: Cluster, namespace: str) -> None:
    heard = Heard()
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded:
        healthy = Expectation("frontend", "/", 200)
        probe(Endpoint("127.0.0.1", "localhost", forwarded.port), deadline=Deadline(20), expectations=(healthy,))
        with ThreadPoolExecutor(8) as pool:
            assert all(body == BODY for body in pool.map(lambda _: get(forwarded.port, "/big"), range(24)))
    assert heard.warnings == []
    assert link_threads() == []


def test_requests_share_one_connection(cluster: Cluster, namespace: str) -> None:
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=Heard()) as forwarded:
        connection = http.client.HTTPConnection("127.0.0.1", forwarded.port, timeout=20)
        for _ in range(20):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"first"
        assert link_threads().count("port-forward-link") == 1
        connection.close()


def test_the_next_pod_is_found_when_the_pod_is_deleted(cluster: Cluster, namespace: str) -> None:
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=Heard()) as forwarded:
        assert get(forwarded.port) == b"first"
        start(cluster, namespace, "second")
        assert get(forwarded.port) == b"first"
        cluster.delete(kinds.POD, "first", namespace)
        while cluster.get(kinds.POD, "first", namespace):
            time.sleep(0.2)
        assert get(forwarded.port) == b"second"
