"""The NetworkPolicies enforced: each way that is to be open is open, each other way is shut.

Stand-ins with the app's labels listen on every port, in namespaces of the test's own. First all ways are tried without
policies, so that a way which then is shut was shut by them. What plays the internet is a network namespace on the node,
with an address that is documentation's (RFC 5737) and none of the private ranges.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from harness import PROFILE, ROOT, Kubectl
from todoctl.objects import manifests

pytestmark = pytest.mark.minikube

POD_PORTS = (443, 3000, 5432, 8000)
INTERNET, PRIVATE, ROUTER = "203.0.113.10", "172.31.255.10", "203.0.113.1"
OWN = {"frontend": "todo-frontend", "backend": "todo-backend", "postgres": "todo-postgres", "stranger": "stranger"}

Way = tuple[str, str, str]

SERVER = f"""
import selectors, socket
waiting = selectors.DefaultSelector()
for port in {POD_PORTS}:
    waiting.register(socket.create_server(("", port), backlog=64), selectors.EVENT_READ)
while True:
    for ready, _ in waiting.select():
        ready.fileobj.accept()[0].close()
"""
# Tries three times, as a busy machine may be slow to answer; what is shut stays shut. The UDP packet asks for ".".
CLIENT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def once(address, port, protocol):
    try:
        if protocol == "TCP":
            socket.create_connection((address, port), 2).close()
        else:
            asking = socket.socket(type=socket.SOCK_DGRAM)
            asking.settimeout(2)
            asking.sendto(bytes.fromhex("abcd 0100 0001 0000 0000 0000 00 0002 0001"), (address, port))
            asking.recv(512)
    except OSError:
        return False
    return True
def opened(way):
    return any(once(*way) for _ in range(3))
ways = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(ways)) as pool:
    print(json.dumps(list(pool.map(opened, ways))))
"""


@dataclass(frozen=True)
class Field:
    """The stand-ins: where each pod runs, and the address of everything that can be tried."""

    kubectl: Kubectl
    namespaces: dict[str, str]
    addresses: dict[str, str]

    def ways(self) -> list[Way]:
        """Every way that starts or ends in the app's namespace."""
        ports = {name: [f"{port}/TCP" for port in POD_PORTS] for name in self.namespaces}
        ports |= {"dns": ["53/UDP", "53/TCP"], "internet": ["443/TCP", "80/TCP"]}
        ports |= {"private": ["443/TCP"], "apiserver": ["443/TCP"]}
        return [
            (source, target, port)
            for source in self.namespaces
            for target in ports
            for port in ports[target]
            if source != target and (source in OWN or target in OWN)
        ]

    def open_ways(self) -> set[Way]:
        """Try all ways, from all pods at once, and return those that are open."""
        with ThreadPoolExecutor(len(self.namespaces)) as pool:
            return set().union(*pool.map(self._open_from, self.namespaces))

    def _open_from(self, source: str) -> set[Way]:
        ways = [way for way in self.ways() if way[0] == source]
        asked = [[self.addresses[target], int(port.split("/")[0]), port.split("/")[1]] for _, target, port in ways]
        pod = ["--namespace", self.namespaces[source], source]
        answer = self.kubectl("exec", *pod, "--", "python", "-c", CLIENT, json.dumps(asked))
        return {way for way, is_open in zip(ways, json.loads(answer), strict=True) if is_open}


def stand_in(name: str, namespace: str, image: str) -> dict[str, Any]:
    """A pod that listens on every port; its readiness shows whether the kubelet still reaches it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": OWN.get(name, name), "app.kubernetes.io/part-of": "todo-app"},
        },
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]},
            "containers": [
                {
                    "name": "server",
                    "image": image,
                    "imagePullPolicy": "Never",
                    "command": ["python", "-c", SERVER],
                    "readinessProbe": {
                        "tcpSocket": {"port": 8000},
                        "periodSeconds": 1,
                        "timeoutSeconds": 5,
                        "failureThreshold": 2,
                    },
                }
            ],
        },
    }


def node(*argv: str, check: bool = True, detach: bool = False) -> str:
    """Run a command on the node."""
    command = ["docker", "exec", *(["--detach"] if detach else []), PROFILE, *argv]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def internet() -> Iterator[None]:
    """Give the node a neighbour behind a router, which listens on 80 and 443."""
    name = "t-internet"
    node("ip", "netns", "add", name)
    try:
        node("ip", "link", "add", name, "type", "veth", "peer", "name", "uplink", "netns", name)
        node("ip", "address", "add", f"{ROUTER}/24", "dev", name)
        node("ip", "link", "set", name, "up")
        inside = ("ip", "-netns", name)
        node(*inside, "address", "add", f"{INTERNET}/24", "dev", "uplink")
        node(*inside, "address", "add", f"{PRIVATE}/32", "dev", "uplink")
        node(*inside, "link", "set", "uplink", "up")
        node(*inside, "route", "add", "default", "via", ROUTER)
        node("ip", "route", "add", f"{PRIVATE}/32", "via", INTERNET)
        for port in (80, 443):
            listen = f"TCP-LISTEN:{port},fork,reuseaddr"
            node("ip", "netns", "exec", name, "socat", listen, "SYSTEM:true", detach=True)
        yield
    finally:
        for pid in node("ip", "netns", "pids", name, check=False).split():
            node("kill", pid, check=False)
        node("ip", "link", "delete", name, check=False)
        node("ip", "netns", "delete", name)


@pytest.fixture(scope="module")
def field(installed: object, kubectl: Kubectl, internet: None) -> Iterator[Field]:
    prefix = f"t-network-{secrets.token_hex(3)}"
    app, ingress, outside = f"{prefix}-app", f"{prefix}-ingress", f"{prefix}-outside"
    namespaces = dict.fromkeys(OWN, app) | {"ingress": ingress, "outsider": outside}
    image = kubectl.json("get", "deployment", "todo-backend", "--namespace", "todo-app")["spec"]["template"]["spec"]
    for namespace in (app, ingress, outside):
        kubectl.make_namespace(namespace)
    try:
        pods = [stand_in(name, space, image["containers"][0]["image"]) for name, space in namespaces.items()]
        kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        addresses = {"internet": INTERNET, "private": PRIVATE}
        for name, namespace in namespaces.items():
            kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--namespace", namespace, "--timeout=120s")
            addresses[name] = kubectl.json("get", "pod", name, "--namespace", namespace)["status"]["podIP"]
        for name, namespace, service in (("dns", "kube-system", "kube-dns"), ("apiserver", "default", "kubernetes")):
            found = kubectl.json("get", "service", service, "--namespace", namespace)
            addresses[name] = found["spec"]["clusterIP"]
        yield Field(kubectl, namespaces, addresses)
    finally:
        kubectl("delete", "namespace", app, ingress, outside, "--wait=false")


def policies(field: Field) -> str:
    """Development's NetworkPolicies, for the namespaces of this test."""
    found = [item for item in manifests.load("development") if item["kind"] == "NetworkPolicy"]
    for item in found:
        item["metadata"]["namespace"] = field.namespaces["backend"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": found})
    return text.replace('"ingress-nginx"', json.dumps(field.namespaces["ingress"]))


def test_listed_ways_are_open_and_all_others_are_shut_by_the_policies(field: Field) -> None:
    listed = yaml.safe_load((ROOT / "tests" / "manifests" / "network_paths.yaml").read_text("utf-8"))
    allowed = {(source, target, port) for source, target, port in listed}
    allowed.add(("backend", "apiserver", "443/TCP"))  # for the Cluster page; its endpoint is the node's port 8443
    every_way = set(field.ways())
    assert open_in_the_end(field, every_way) == sorted(every_way), "without policies, every way must be open"
    assert allowed < every_way
    field.kubectl("apply", "-f", "-", input=policies(field))
    assert open_in_the_end(field, allowed) == sorted(allowed)


def open_in_the_end(field: Field, wanted: Collection[Way]) -> list[Way]:
    """Return the ways that are open once those that are wanted are: policies are enforced a moment later, and lifted.

    After two minutes the last answer counts.
    """
    deadline = time.monotonic() + 120
    while (found := field.open_ways()) != wanted and time.monotonic() < deadline:
        time.sleep(1)
    return sorted(found)


def test_the_kubelet_still_reaches_its_probes(field: Field) -> None:
    where = ("--namespace", field.namespaces["backend"])
    pods = field.kubectl("get", "pods", *where, "-o", "json")
    # Made anew under the policies: those of before might be Ready until as many probes have failed as may.
    field.kubectl("replace", "--force", "-f", "-", input=pods)
    names = [f"pod/{name}" for name in OWN]
    field.kubectl("wait", "--for=condition=Ready", *names, *where, "--timeout=120s")
