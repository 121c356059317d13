"""Proxies and routes: NO_PROXY as Go reads it, and by which network a node is reached."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from todoctl.errors import PreflightError
from todoctl.preflight import network
from todoctl.preflight.no_proxy import bypasses

NODE, APP = ("192.168.49.2", 8443), ("todo-app.local", 80)


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "verdict"),
    [
        ("", "192.168.49.2", 8443, False),
        ("192.168.49.2", "192.168.49.2", 8443, True),
        ("192.168.49.3", "192.168.49.2", 8443, False),
        ("192.168.49.2:8443", "192.168.49.2", 8443, True),
        ("192.168.49.2:443", "192.168.49.2", 8443, False),
        ("localhost, 192.168.49.0/24 ,example.com", "192.168.49.2", 8443, True),
        ("192.168.49.7/24", "192.168.49.2", 8443, True),
        ("192.168.58.0/24", "192.168.49.2", 8443, False),
        ("192.168.49.0/33", "192.168.49.2", 8443, False),
        ("192.168.", "192.168.49.2", 8443, False),
        ("192.168.*", "192.168.49.2", 8443, False),
        ("*", "192.168.49.2", 8443, True),
        ("example.com,*", "192.168.49.2", 8443, True),
        ("fd00::/8", "fd00::2", 8443, True),
        ("[fd00::2]:8443", "fd00::2", 8443, True),
        ("[fd00::2]:80", "fd00::2", 8443, False),
        ("fd00::2", "fd00::2", 8443, True),
        ("todo-app.local", "todo-app.local", 80, True),
        ("TODO-APP.local", "todo-app.local", 80, True),
        ("todo-app.local:80", "todo-app.local", 80, True),
        ("todo-app.local:443", "todo-app.local", 80, False),
        ("local", "todo-app.local", 80, True),
        (".local", "todo-app.local", 80, True),
        ("*.local", "todo-app.local", 80, True),
        (".todo-app.local", "todo-app.local", 80, False),
        ("app.local", "todo-app.local", 80, False),
        ("", "127.0.0.1", 80, True),
        ("", "::1", 80, True),
        ("", "localhost", 80, True),
        (",,", "todo-app.local", 80, False),
    ],
)
def test_no_proxy_is_read_as_minikube_and_kubectl_read_it(no_proxy: str, host: str, port: int, verdict: bool) -> None:  # noqa: FBT001
    assert bypasses(no_proxy, host, port) is verdict


BOTH = {"HTTP_PROXY": "http://p:3128", "HTTPS_PROXY": "http://p:3128"}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "none"),
        ({"NO_PROXY": "example.com"}, "none"),
        ({**BOTH, "NO_PROXY": "192.168.49.0/24,.local"}, "NO_PROXY has the node and the app's host"),
        ({"https_proxy": "http://p:3128", "no_proxy": "192.168.49.2"}, "NO_PROXY has the node and the app's host"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "todo-app.local"}, "NO_PROXY has the node and the app's host"),
    ],
)
def test_a_proxy_that_is_gone_round_holds(environment: dict[str, str], found: str) -> None:
    assert network.proxy(environment, [NODE, APP]) == found


@pytest.mark.parametrize(
    ("environment", "what", "hint"),
    [
        (BOTH, "`192.168.49.2` and `todo-app.local`", "export NO_PROXY=192.168.49.2,todo-app.local"),
        ({**BOTH, "NO_PROXY": "localhost,.local"}, "`192.168.49.2`", "export NO_PROXY=localhost,.local,192.168.49.2"),
        ({"HTTP_PROXY": "http://p:3128"}, "`todo-app.local`", "export NO_PROXY=todo-app.local"),
        ({"HTTPS_PROXY": "http://u:hunter2@p:3128"}, "`192.168.49.2`", "export NO_PROXY=192.168.49.2"),
    ],
)
def test_what_no_proxy_lacks_is_named_with_the_command(
    environment: dict[str, str], what: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todoctl.adapters.system.WINDOWS", False)
    with pytest.raises(PreflightError) as caught:
        network.proxy(environment, [NODE, APP])
    assert caught.value.what == f"NO_PROXY lacks {what}"
    assert f"`{hint}`" in str(caught.value.hint)
    assert "hunter2" not in f"{caught.value.what}{caught.value.because}{caught.value.hint}"


@pytest.mark.parametrize(
    ("source", "gateways"),
    [("192.168.49.1", ("192.168.49.1",)), ("172.17.0.1", ("172.17.0.1", "192.168.49.1")), ("192.168.49.77", ())],
)
def test_a_route_by_the_nodes_own_network_holds(source: str, gateways: tuple[str, ...]) -> None:
    assert network.route("192.168.49.2", source, gateways) == f"192.168.49.2 from {source}"


@pytest.mark.parametrize(
    ("source", "gateways", "what"),
    [
        ("10.8.0.6", ("192.168.49.1",), "packets to the node 192.168.49.2 leave by another network"),
        ("192.168.49.77", ("192.168.49.1",), "packets to the node 192.168.49.2 leave by another network"),
        ("10.8.0.6", (), "packets to the node 192.168.49.2 leave by another network"),
        (None, ("192.168.49.1",), "there is no route to the node's address 192.168.49.2"),
    ],
)
def test_a_route_that_something_else_has_taken_is_told(
    source: str | None, gateways: tuple[str, ...], what: str
) -> None:
    with pytest.raises(PreflightError) as caught:
        network.route("192.168.49.2", source, gateways)
    assert caught.value.what == what


def test_this_machine_reaches_itself_from_the_same_address() -> None:
    assert network.source_address("127.0.0.1") == "127.0.0.1"


ASK = "from todoctl.preflight import network; print(network.source_address('192.168.49.2'))"
VPN = "ip link add vpn type bridge && ip address add 10.8.0.6/24 dev vpn && ip link set vpn up"


@pytest.mark.docker
@pytest.mark.parametrize(
    ("setup", "source"),
    [("true", "None"), (f"{VPN} && ip route add 192.168.0.0/16 dev vpn", "10.8.0.6")],
    ids=["no route", "a VPN"],
)
def test_the_kernels_own_routes_are_asked(setup: str, source: str) -> None:
    # In a network of its own, so that nothing of this machine changes.
    assert shutil.which("ip"), "the lab has iproute2"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", f'{setup} && exec "$0" -c "$1"', sys.executable, ASK],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == source, done.stderr
