"""Forwarding to real pods of the context `minikube`."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness import PROFILE, Todoctl, command, until
from on_cluster import await_account
from todoctl.access.forward import PortForward
from todoctl.access.probe import Endpoint, Expectation, probe
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline

pytestmark = pytest.mark.minikube

IMAGE = "python:3.12-slim"
BODY = hashlib.sha256(b"todo").digest() * 20_000

# Answers with its pod's name, or with 640 kB at /big; with another status than 200 where it is told one.
SERVER = """
import hashlib, os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = hashlib.sha256(b"todo").digest() * 20_000 if self.path == "/big" else os.environ["HOSTNAME"].encode()
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


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
    await_account(name)
    start(cluster, name, "first")
    yield name
    cluster.delete(kinds.NAMESPACE, name, propagation="Background")


def template() -> dict[str, Any]:
    """Return the labels and spec of a pod that serves."""
    container = {
        "name": "app",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["python", "-c", SERVER],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
        "resources": {"requests": {"memory": "32Mi"}},
    }
    spec = {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [container]}
    return {"metadata": {"labels": {"app.kubernetes.io/name": "todo-frontend"}}, "spec": spec}


def start(cluster: Cluster, namespace: str, name: str, made: dict[str, Any] | None = None) -> None:
    made = made or template()
    metadata, spec = {"name": name, "namespace": namespace, **made["metadata"]}, made["spec"]
    cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    end = time.monotonic() + 180
    while time.monotonic() < end:
        conditions = (cluster.get(kinds.POD, name, namespace) or {}).get("status", {}).get("conditions", [])
        if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
            return
        time.sleep(0.3)
    raise AssertionError(f"pod {name} did not become Ready")


def get(port: int, path: str = "/") -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def link_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("port-forward")]


def only_listening(names: tuple[str, ...] = ()) -> None:
    """Wait until the threads of connections that have ended are gone, those of earlier tests too."""

    def gone() -> None:
        assert link_threads() == list(names)

    until(gone, seconds=60)


def test_a_pod_is_reached_by_many_connections_at_once_and_nothing_stays(cluster, namespace, heard) -> None:
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded:
        healthy = Expectation("frontend", "/", 200)
        probe(Endpoint("127.0.0.1", "localhost", forwarded.port), deadline=Deadline(60), expectations=(healthy,))
        with ThreadPoolExecutor(8) as pool:
            assert all(body == BODY for body in pool.map(lambda _: get(forwarded.port, "/big"), range(24)))
    assert heard.warnings == []
    only_listening()


def held() -> tuple[int, int, int]:
    """Return how many threads, open files, and sockets among them, this process has."""
    opened = []
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            opened.append(str(number.readlink()))
    return threading.active_count(), len(opened), sum(name.startswith("socket:") for name in opened)


def settled(before: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return what is held once it is no more than before, or at last."""
    end = time.monotonic() + 120
    while any(now > then for now, then in zip(held(), before, strict=True)) and time.monotonic() < end:
        time.sleep(0.2)
    return held()


def test_after_a_thousand_connections_nothing_is_left(
    cluster, namespace, heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todoctl.access.forward._HALF_CLOSED_SECONDS", 2.0)  # the server hears nothing of an end
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded:
        assert get(forwarded.port) == b"first"  # what is made once, such as the pool's connection, is there now
        monkeypatch.setattr("todoctl.access.pods.FRESH_SECONDS", 600)
        only_listening(("port-forward",))
        before = held()
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda _: get(forwarded.port), range(1000))) == {b"first"}
        assert all(now <= then for now, then in zip(settled(before), before, strict=True)), (before, held())
    assert heard.warnings == []


def test_requests_share_one_connection(cluster: Cluster, namespace: str, heard) -> None:
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded:
        only_listening(("port-forward",))
        connection = http.client.HTTPConnection("127.0.0.1", forwarded.port, timeout=40)
        for _ in range(20):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"first"
        assert link_threads().count("port-forward-link") == 1
        connection.close()


@contextlib.contextmanager
def relay(host: str, port: int) -> Iterator[int]:
    """A port of this machine that leads to the API server until the block ends, with all connections."""
    ends: list[socket.socket] = []

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near = listener.accept()[0]
                far = socket.create_connection((host, port))
                ends.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def test_a_cluster_that_went_away_is_found_again_at_another_address(
    cluster: Cluster, namespace: str, heard, tmp_path: Path
) -> None:
    # As Minikube's is after a restart where its port is published on the loopback address.
    server = urlsplit(cluster.server)
    kubeconfig = tmp_path / "kubeconfig"
    view = command("kubectl", "config", "view", "--raw", "--flatten", "--minify", "--context", PROFILE)

    def moved_to(port: int) -> None:
        kubeconfig.write_text(view.replace(server.netloc, f"127.0.0.1:{port}"))

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        with relay(server.hostname, server.port) as before:
            moved_to(before)
            forwarded = stack.enter_context(
                PortForward(
                    lambda: Cluster.connect(PROFILE, kubeconfig),
                    namespace,
                    "todo-frontend",
                    3000,
                    local_port=0,
                    reporter=heard,
                )
            )
            pod = get(forwarded.port)
            lasting = stack.enter_context(socket.create_connection(("127.0.0.1", forwarded.port), timeout=60))
            lasting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert lasting.recv(12) == b"HTTP/1.1 200"
        while lasting.recv(4096):
            pass  # it ends with its way to the cluster
        waiting = [pool.submit(get, forwarded.port) for _ in range(8)]
        end = time.monotonic() + 60
        while not heard.warnings:
            assert time.monotonic() < end
            time.sleep(0.1)
        moved_to(stack.enter_context(relay(server.hostname, server.port)))
        assert {one.result() for one in waiting} == {pod}
    assert len(heard.warnings) == 1
    assert heard.notes == [f"Service `todo-frontend` answers again, through pod `{pod.decode()}`"]


def test_the_next_pod_is_found_when_the_pod_is_deleted(cluster: Cluster, namespace: str, heard) -> None:
    with PortForward(lambda: cluster, namespace, "todo-frontend", 3000, local_port=0, reporter=heard) as forwarded:
        assert get(forwarded.port) == b"first"
        start(cluster, namespace, "second")
        assert get(forwarded.port) == b"first"
        cluster.delete(kinds.POD, "first", namespace)
        gone(cluster, namespace, "first")
        assert get(forwarded.port) == b"second"


def test_no_request_is_lost_in_a_rollout(cluster: Cluster, namespace: str, heard) -> None:
    selector = {"matchLabels": {"app.kubernetes.io/name": "todo-rolling"}}
    pod = template()
    pod["metadata"]["labels"] = selector["matchLabels"]
    # As the app's own: a pod goes on serving for a moment after it was told to go.
    pod["spec"]["terminationGracePeriodSeconds"] = 10
    pod["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 3}}}
    name: dict[str, Any] = {"name": "todo-rolling", "namespace": namespace}
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"replicas": 2, "selector": selector, "strategy": strategy, "template": pod}
    service = {"selector": selector["matchLabels"], "ports": [{"port": 80, "targetPort": "http"}]}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": service})
    cluster.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": name, "spec": spec})
    rolled_out(cluster, namespace)
    with PortForward(lambda: cluster, namespace, "todo-rolling", 80, local_port=0, reporter=heard) as forwarded:
        before = get(forwarded.port)
        again = {"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}}
        at_work, done = threading.Barrier(5), threading.Event()

        def ask() -> set[bytes]:
            answers = {get(forwarded.port)}
            at_work.wait(60)
            while not done.is_set():
                answers.add(get(forwarded.port))
            return answers

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            try:
                at_work.wait(60)
                cluster.patch(kinds.DEPLOYMENT, "todo-rolling", namespace, again)
                rolled_out(cluster, namespace)
                gone(cluster, namespace, before.decode())
            finally:
                done.set()
            served = set.union(*(one.result() for one in asking))
        assert before in served
        assert len(served - {before}) >= 1
        assert get(forwarded.port) != before
    assert heard.warnings == []


def rolled_out(cluster: Cluster, namespace: str) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end:
        found = cluster.get(kinds.DEPLOYMENT, "todo-rolling", namespace)
        assert found is not None
        status = found.get("status", {})
        wanted = {"updatedReplicas": 2, "readyReplicas": 2, "replicas": 2}
        if status.get("observedGeneration") == found["metadata"]["generation"] and wanted.items() <= status.items():
            return
        time.sleep(0.3)
    raise AssertionError("todo-rolling is not rolled out")


def gone(cluster: Cluster, namespace: str, pod: str) -> None:
    end = time.monotonic() + 120
    while cluster.get(kinds.POD, pod, namespace):
        assert time.monotonic() < end, f"pod {pod} is still there"
        time.sleep(0.3)


def test_a_ready_pod_that_does_not_answer_as_its_part_has_no_url(
    cluster: Cluster, namespace: str, todoctl: Todoctl
) -> None:
    labels = {"app.kubernetes.io/name": "todo-unwell"}
    spec = {"selector": labels, "ports": [{"port": 8000, "targetPort": "http"}]}
    metadata: dict[str, Any] = {"name": "todo-backend", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    pod = template()
    pod["metadata"]["labels"] = labels
    pod["spec"]["containers"][0]["env"] = [{"name": "STATUS", "value": "500"}]
    start(cluster, namespace, "unwell", pod)
    outcome = todoctl("port-forward", "backend:0", "-n", namespace, "--timeout", "15", timeout=120)
    assert (outcome.code, outcome.out) == (9, ""), outcome.err
    assert "500 Internal Server Error" in outcome.err
