import pytest

from todoctl.access.advice import DockerKind, HostSystem, advise

LINUX, DARWIN, WINDOWS, WSL = HostSystem.LINUX, HostSystem.DARWIN, HostSystem.WINDOWS, HostSystem.WSL
ENGINE, DESKTOP = DockerKind.ENGINE, DockerKind.DESKTOP
NODE, LOOPBACK = "192.168.49.2", "127.0.0.1"

TABLE = [
    (LINUX, "docker", ENGINE, NODE),
    (LINUX, "docker", DESKTOP, LOOPBACK),
    (LINUX, "podman", ENGINE, NODE),
    (LINUX, "podman", DESKTOP, NODE),  # Docker Desktop is there too, and does not matter
    (LINUX, "kvm2", ENGINE, NODE),
    (LINUX, "kvm2", DESKTOP, NODE),
    (LINUX, "qemu2", ENGINE, NODE),
    (LINUX, "virtualbox", ENGINE, NODE),
    (LINUX, "none", ENGINE, NODE),
    (LINUX, "ssh", ENGINE, NODE),
    (DARWIN, "docker", DESKTOP, LOOPBACK),
    (DARWIN, "docker", ENGINE, LOOPBACK),  # Colima and others say no `Docker Desktop`, and are virtual machines too
    (DARWIN, "podman", DESKTOP, LOOPBACK),
    (DARWIN, "vfkit", DESKTOP, NODE),
    (DARWIN, "hyperkit", DESKTOP, NODE),
    (DARWIN, "krunkit", DESKTOP, NODE),
    (DARWIN, "parallels", DESKTOP, NODE),
    (WINDOWS, "docker", DESKTOP, LOOPBACK),
    (WINDOWS, "docker", ENGINE, LOOPBACK),
    (WINDOWS, "podman", DESKTOP, LOOPBACK),
    (WINDOWS, "hyperv", DESKTOP, NODE),
    (WINDOWS, "virtualbox", DESKTOP, NODE),
    (WSL, "docker", DESKTOP, LOOPBACK),
    (WSL, "docker", ENGINE, LOOPBACK),
    (WSL, "podman", ENGINE, LOOPBACK),
    (WSL, "kvm2", ENGINE, NODE),
]


@pytest.mark.parametrize(("system", "driver", "docker", "address"), TABLE)
def test_the_app_is_reached_at_the_node_or_through_a_tunnel(
    system: HostSystem, driver: str, docker: DockerKind, address: str
) -> None:
    advice = advise(system, driver, docker, node_address=NODE, host="todo-app.local", profile="p")
    assert advice.address == address
    assert advice.hosts_line == f"{address} todo-app.local"
    tunnel = "minikube tunnel --profile p --bind-address 127.0.0.1" if address == LOOPBACK else None
    assert advice.tunnel == tunnel
    assert advice.commands[1:] == ((tunnel,) if tunnel else ())


ADD_LINE = [
    (LINUX, "/etc/hosts", "echo '192.168.49.2 todo-app.local' | sudo tee -a /etc/hosts"),
    (DARWIN, "/etc/hosts", "echo '127.0.0.1 todo-app.local' | sudo tee -a /etc/hosts"),
    (
        WINDOWS,
        r"C:\Windows\System32\drivers\etc\hosts",
        r'Add-Content "$env:SystemRoot\System32\drivers\etc\hosts" "`r`n127.0.0.1 todo-app.local"',
    ),
    (
        WSL,
        "/mnt/c/Windows/System32/drivers/etc/hosts",
        r'Add-Content "$env:SystemRoot\System32\drivers\etc\hosts" "`r`n127.0.0.1 todo-app.local"',
    ),
]


@pytest.mark.parametrize(("system", "file", "command"), ADD_LINE)
def test_the_hosts_line_is_added_where_the_browser_looks(system: HostSystem, file: str, command: str) -> None:
    advice = advise(system, "docker", ENGINE, node_address=NODE, host="todo-app.local")
    assert (advice.hosts_file, advice.commands[0]) == (file, command)


def test_every_system_is_in_the_table_with_a_container_and_a_machine() -> None:
    seen = {(row[0], row[1] == "docker") for row in TABLE}
    assert seen == {(system, container) for system in HostSystem for container in (True, False)}
