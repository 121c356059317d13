"""The NetworkPolicies evaluated by Kubernetes' rules: every open way is listed, every other way is shut."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from manifests.conftest import Manifests

Path_ = tuple[str, str, str]
APP = "todo-app"
PORTS = (
    "53/UDP",
    "53/TCP",
    "80/TCP",
    "443/TCP",
    "3000/TCP",
    "5432/TCP",
    "8000/TCP",
    "8089/TCP",
    "6443/TCP",
    "8443/TCP",
)
METRICS = ("4318/TCP", "9000/TCP")


@dataclass(frozen=True)
class Peer:
    """One end of a connection: a pod, or with no namespace an address outside the cluster."""

    address: str
    namespace: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def pod(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": APP}


PEERS = {
    "frontend": Peer("10.244.0.10", APP, pod("todo-frontend")),
    "backend": Peer("10.244.0.11", APP, pod("todo-backend")),
    "sibling": Peer("10.244.0.15", APP, pod("todo-backend")),
    "postgres": Peer("10.244.0.12", APP, pod("todo-postgres")),
    "stranger": Peer("10.244.0.13", APP, {"app.kubernetes.io/part-of": APP}),
    "challenge": Peer("10.244.0.14", APP, {"acme.cert-manager.io/http01-solver": "true"}),
    "ingress": Peer("10.244.0.20", "ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
    "outsider": Peer("10.244.0.21", "default", pod("todo-frontend")),
    "dns": Peer("10.244.0.2", "kube-system", {"k8s-app": "kube-dns"}),
    "kube-system": Peer("10.244.0.3", "kube-system", {"k8s-app": "other"}),
    "internet": Peer("203.0.113.10"),
    "internet6": Peer("2001:db8::10"),
    "private-10": Peer("10.96.0.1"),
    "private-172": Peer("172.31.255.254"),
    "private-192": Peer("192.168.49.1"),
    "shared-100": Peer("100.64.0.1"),
    "metadata": Peer("169.254.169.254"),
    "local6": Peer("fd00::1"),
    "link6": Peer("fe80::1"),
}
PRIVATE = ("private-10", "private-172", "private-192")


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Tell whether a label selector matches; the empty one matches all."""
    assert selector.keys() <= {"matchLabels", "matchExpressions"}
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def covers(rule_peer: dict[str, Any], peer: Peer) -> bool:
    """Tell whether one entry of `from` or `to` names the peer."""
    if block := rule_peer.get("ipBlock"):
        address = ipaddress.ip_address(peer.address)
        inside = address in ipaddress.ip_network(block["cidr"])
        return inside and not any(address in ipaddress.ip_network(cidr) for cidr in block.get("except", ()))
    if peer.namespace is None:
        return False
    if "namespaceSelector" in rule_peer:
        if not matches(rule_peer["namespaceSelector"], {"kubernetes.io/metadata.name": peer.namespace}):
            return False
    elif peer.namespace != APP:
        return False
    return matches(rule_peer.get("podSelector", {}), peer.labels)


def permits(policies: list[dict[str, Any]], direction: str, subject: Peer, other: Peer, port: str) -> bool:
    """Tell whether the subject's policies let the connection pass in one direction ("Ingress" or "Egress")."""
    if subject.namespace != APP:
        return True
    specs = [p["spec"] for p in policies if matches(p["spec"]["podSelector"], subject.labels)]
    specs = [spec for spec in specs if direction in spec["policyTypes"]]
    if not specs:
        return True
    key = "from" if direction == "Ingress" else "to"
    for rule in [rule for spec in specs for rule in spec.get(direction.lower(), ())]:
        ports = [f"{entry['port']}/{entry['protocol']}" for entry in rule["ports"]]
        if port in ports and any(covers(entry, other) for entry in rule[key]):
            return True
    return False


def open_paths(manifests: Manifests) -> set[Path_]:
    """Every way that the policies leave open into, out of or within the namespace."""
    policies = manifests.of("NetworkPolicy")
    return {
        (source, target, port)
        for source, target, port in product(PEERS, PEERS, PORTS + METRICS)
        if source != target
        and "sibling" not in (source, target)
        and APP in (PEERS[source].namespace, PEERS[target].namespace)
        and permits(policies, "Egress", PEERS[source], PEERS[target], port)
        and permits(policies, "Ingress", PEERS[target], PEERS[source], port)
    }


def listed() -> set[Path_]:
    text = Path(__file__).with_name("network_paths.yaml").read_text("utf-8")
    return {(source, target, port) for source, target, port in yaml.safe_load(text)}


def test_development_opens_the_listed_ways_and_no_other(development: Manifests) -> None:
    # The API server is on a node, whose address is private; so are those of other namespaces' pods.
    private = (*PRIVATE, "outsider", "ingress", "dns", "kube-system")
    api_server = {("backend", target, port) for target in private for port in ("6443/TCP", "8443/TCP")}
    assert open_paths(development) == listed() | api_server | {("backend", "internet6", "443/TCP")}


def test_backends_reach_each_other_only_where_there_is_a_cluster_page(every_environment: dict[str, Manifests]) -> None:
    for environment, manifests in every_environment.items():
        policies = manifests.of("NetworkPolicy")
        ends = PEERS["backend"], PEERS["sibling"]
        ways = {
            port
            for port in PORTS + METRICS
            if permits(policies, "Egress", *ends, port) and permits(policies, "Ingress", *reversed(ends), port)
        }
        assert ways == ({"8000/TCP"} if environment == "development" else set())


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_with_an_external_database_the_private_ranges_open_on_its_port_alone(
    every_environment: dict[str, Manifests], environment: str
) -> None:
    own = {way for way in listed() if "postgres" not in way} | {("backend", "internet6", "443/TCP")}
    # Pods of other namespaces have private addresses too.
    private = (*PRIVATE, "outsider", "ingress", "dns", "kube-system")
    database = {(source, target, "5432/TCP") for source in ("frontend", "backend") for target in private}
    challenge = {("ingress", "challenge", "8089/TCP")}
    assert open_paths(every_environment[environment]) == own | database | challenge


def test_the_default_is_to_deny_both_ways_for_every_pod(manifests: Manifests) -> None:
    assert manifests.one("NetworkPolicy", "default-deny")["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
