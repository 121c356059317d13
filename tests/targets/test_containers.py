"""Where kind's and k3d's Ingress is looked for; a small script plays `docker`, as port 80 may be taken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from todoctl.targets.containers import K3D, KIND, Containers, Tool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for a POSIX shell")

NODE = "172.18.0.2"
ANY = "0.0.0.0"  # noqa: S104 - as docker writes it


def at(ip: str, port: str) -> dict[str, str]:
    return {"HostIp": ip, "HostPort": port}


@pytest.mark.parametrize(
    ("published", "address"),
    [
        ({"80/tcp": [at("127.0.0.1", "80")]}, "127.0.0.1"),
        ({"443/tcp": [at(ANY, "443")], "80/tcp": [at(ANY, "80"), at("::", "80")]}, "127.0.0.1"),
        ({"80/tcp": [at("", "80")]}, "127.0.0.1"),
        ({"80/tcp": [at("192.168.1.5", "80")]}, NODE),
        ({"80/tcp": [at("127.0.0.1", "8080")]}, NODE),
        ({"6443/tcp": [at("127.0.0.1", "80")]}, NODE),
        ({"80/tcp": None}, NODE),
        ({}, NODE),
    ],
)
@pytest.mark.parametrize(("tool", "roles"), [(KIND, ("control-plane", "worker")), (K3D, ("server", "loadbalancer"))])
def test_it_is_this_host_where_a_container_publishes_port_80_here_and_else_the_first_node(
    tool: Tool, roles: tuple[str, str], published: object, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = [{tool.name: {"IPAddress": NODE}}, {tool.name: {"IPAddress": "172.18.0.3"}}]
    settings = [{"Ports": {}, "Networks": networks[0]}, {"Ports": published, "Networks": networks[1]}]
    (tmp_path / "ps").write_text("".join(f"c-{role}\t{role}\trunning\n" for role in roles))
    (tmp_path / "inspect").write_text("".join(json.dumps(one) + "\n" for one in settings))
    (tmp_path / "docker").write_text(f'#!/bin/sh\nexec /bin/cat "{tmp_path}/$1"\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Containers(tool, "c").address() == address
