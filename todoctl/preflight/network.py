"""Checks of the way from this machine to the nodes: proxies, and routes that something else has taken."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence

from todoctl.access import advice
from todoctl.adapters import docker, system
from todoctl.errors import PreflightError
from todoctl.preflight.check import Check, Severity
from todoctl.preflight.facts import Facts
from todoctl.preflight.no_proxy import bypasses

FIRST_NODE = "192.168.49.2"
"""The address that Minikube gives the node of a first profile with the docker driver."""
API_PORT, HTTP_PORT = 8443, 80


def checks(facts: Facts) -> list[Check]:
    """Return the checks of the network, for a target that is a Minikube profile."""
    known, runs = ("docker.engine", "minikube.command"), ("docker.engine", "minikube.running")
    return [
        Check("network.proxy", "Proxy", Severity.WARNING, lambda: proxy(os.environ, _asked(facts)), known),
        Check("network.route", "Route to the node", Severity.WARNING, lambda: node_route(facts), runs),
    ]


def _hidden(facts: Facts, driver: str) -> bool:
    kind = advice.DockerKind.DESKTOP if facts.engine.desktop else advice.DockerKind.ENGINE
    return advice.needs_tunnel(system.host_system(), driver, kind)


def _asked(facts: Facts) -> list[tuple[str, int]]:
    """Return the hosts and ports that programs on this machine ask: the nodes, unless they are hidden, and the app."""
    profile = facts.state.profile
    driver = profile.driver if profile else facts.settings.driver or "docker"
    nodes = [node.ip for node in profile.nodes if node.ip] if profile else [FIRST_NODE]
    app = (facts.host, HTTP_PORT)
    return [app] if _hidden(facts, driver) else [*((node, API_PORT) for node in nodes), app]


def proxy(environment: Mapping[str, str], asked: Sequence[tuple[str, int]]) -> str:
    """Hold where no proxy is named, or NO_PROXY has all that is on this machine."""
    proxies = {
        port: environment.get(name) or environment.get(name.lower())
        for port, name in ((API_PORT, "HTTPS_PROXY"), (HTTP_PORT, "HTTP_PROXY"))
    }
    if not any(proxies.values()):
        return "none"
    listed = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    lost = [host for host, port in asked if proxies[port] and not bypasses(listed, host, port)]
    if lost:
        value = ",".join([*([listed] if listed else []), *lost])
        command = f'$env:NO_PROXY = "{value}"' if system.WINDOWS else f"export NO_PROXY={value}"
        raise PreflightError(
            "network.proxy",
            f"NO_PROXY lacks {' and '.join(f'`{host}`' for host in lost)}",
            because="Minikube, kubectl and curl would ask the proxy for what is on this machine",
            hint=f"`{command}`; todoctl itself goes round proxies",
        )
    return "NO_PROXY has the node and the app's host"


def node_route(facts: Facts) -> str:
    """Hold where what is sent to the node leaves by the node's own network."""
    profile = facts.profile
    if _hidden(facts, profile.driver):
        return "not needed: `minikube tunnel` leads to it"
    node = profile.nodes[0]
    gateways = docker.gateways(node.name) if profile.driver == "docker" else ()
    return route(node.ip, source_address(node.ip), gateways)


def source_address(address: str) -> str | None:
    """Return the address of this machine from which packets to `address` would leave; None: there is no route."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect((address, API_PORT))  # asks the routing table; nothing is sent
        except OSError:
            return None
        source: str = unsent.getsockname()[0]
        return source


def route(node: str, source: str | None, gateways: Sequence[str]) -> str:
    """Hold where `source` is this machine's own address in the node's network.

    Such are `gateways`; where nobody tells them, any address in the same /24, which Minikube's networks are.
    """
    if source is None:
        raise PreflightError(
            "network.route",
            f"there is no route to the node's address {node}",
            because="no network of this machine has it",
            hint="`minikube stop` and `minikube start` recreate the network",
        )
    near = (
        source in gateways
        if gateways
        else ipaddress.ip_address(source) in ipaddress.ip_network(f"{node}/24", strict=False)
    )
    if not near:
        raise PreflightError(
            "network.route",
            f"packets to the node {node} leave by another network",
            because=f"they would be sent from {source}; a VPN often takes the whole of 192.168.0.0/16",
            hint="disconnect the VPN, have it leave out the node's network, or make a profile with another one: "
            "`minikube start -p NAME --subnet 10.123.0.0/24`",
        )
    return f"{node} from {source}"
