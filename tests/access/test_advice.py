import re
import subprocess
import sys
from pathlib import Path

import pytest

from todoctl.access import advice as table
from todoctl.access.advice import DockerKind, HostSystem, advise
from todoctl.access.hosts import addresses

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


PUBLISHED = [
    (LINUX, ENGINE, NODE, 1),
    (LINUX, DESKTOP, NODE, 0),
    (DARWIN, DESKTOP, NODE, 0),
    (DARWIN, ENGINE, NODE, 0),
    (WINDOWS, DESKTOP, NODE, 0),
    (WSL, DESKTOP, NODE, 0),
    (WSL, ENGINE, NODE, 0),
    *((system, docker, LOOPBACK, 1) for system in HostSystem for docker in DockerKind),
]


@pytest.mark.parametrize(("system", "docker", "address", "commands"), PUBLISHED)
@pytest.mark.parametrize("driver", ["kind", "k3d"])
def test_kind_and_k3d_are_reached_at_their_node_on_native_linux_and_elsewhere_where_port_80_is_published(
    system: HostSystem, driver: str, docker: DockerKind, address: str, commands: int
) -> None:
    advice = advise(system, driver, docker, node_address=address, host="todo-app.local")
    assert (advice.address, advice.reachable, advice.tunnel) == (address, bool(commands), None)
    assert len(advice.commands) == commands


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


@pytest.mark.skipif(sys.platform == "win32", reason="the command is for a shell")
def test_the_command_that_replaces_a_line_does_so(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    before = "127.0.0.1 localhost\n10.0.0.1 minikube todo-app.local web\n# todo-app.local\n10.0.0.2 todo-appXlocal\n"
    file.write_text(before)
    command = table.replace_line(LINUX, "todo-app.local", "192.168.49.2 todo-app.local", backup=".todoctl.bak")
    assert command.startswith("sudo sed -i.todoctl.bak -E ")
    # The same as it is typed, but for the file and for sudo.
    subprocess.run(["sh", "-c", command.replace("/etc/hosts", str(file)).replace("sudo ", "")], check=True)
    text = file.read_text()
    assert addresses(text, "todo-app.local") == ("192.168.49.2",)
    assert addresses(text, "web") == addresses(text, "minikube") == ("10.0.0.1",)
    assert addresses(text, "todo-appXlocal") == ("10.0.0.2",)
    assert (tmp_path / "hosts.todoctl.bak").read_text() == before


POWERSHELL = r"""
& { $ErrorActionPreference = 'Stop'; $file = "$env:SystemRoot\System32\drivers\etc\hosts";
Copy-Item $file "$file.todoctl.bak.2";
$lines = @((Get-Content $file) -replace '^([^#]*\s)todo-app\.local(?=\s|$)', '$1') + '127.0.0.1 todo-app.local';
Set-Content $file $lines }
"""


@pytest.mark.parametrize("system", [WINDOWS, WSL])
def test_the_command_for_powershell_reads_and_copies_the_file_before_it_writes_and_stops_where_it_cannot(
    system: HostSystem,
) -> None:
    command = table.replace_line(system, "todo-app.local", "127.0.0.1 todo-app.local", backup=".todoctl.bak.2")
    assert command == " ".join(POWERSHELL.split("\n")).strip()
    assert command.index("Stop") < command.index("Copy-Item") < command.index("Get-Content")
    assert command.index("Get-Content") < command.index("Set-Content")


def test_every_system_is_in_the_table_with_a_container_and_a_machine() -> None:
    seen = {(row[0], row[1] == "docker") for row in TABLE}
    assert seen == {(system, container) for system in HostSystem for container in (True, False)}


def documented() -> list[tuple[str, ...]]:
    """Return the rows of the table in docs/access.md."""
    page = (Path(__file__).parents[2] / "docs/access.md").read_text("utf-8").partition("| host | driver |")[2]
    rows = re.findall(r"^\|(.*)\|$", page.partition("\n\n")[0], flags=re.MULTILINE)
    return [tuple(cell.strip() for cell in row.split("|")) for row in rows[1:]]


ROWS = [(row, docker) for row in table.TABLE for docker in DockerKind if row.docker in {None, docker}]


@pytest.mark.parametrize(
    ("row", "docker"), ROWS, ids=[f"{row.system.value}-{row.drivers[0]}-{d.value}" for row, d in ROWS]
)
def test_each_row_advises_what_its_row_in_the_documentation_says(row: table.Row, docker: DockerKind) -> None:
    name, drivers, where, address, tunnel = documented()[table.TABLE.index(row)]
    assert name == {LINUX: "Linux", DARWIN: "macOS", WINDOWS: "Windows", WSL: "WSL"}[row.system]
    assert where == {ENGINE: "Docker Engine", DESKTOP: "Docker Desktop", None: "either"}[row.docker]
    assert tuple(drivers.split(", ")) == row.drivers
    for driver in row.drivers:
        advice = advise(row.system, driver, docker, node_address=NODE, host="todo-app.local")
        assert advice.address == {"the node's": NODE, "127.0.0.1": LOOPBACK, "what is published": NODE}[address]
        assert advice.reachable == (address != "what is published")
        assert (advice.tunnel is not None) == (tunnel == "must run")


def test_the_documentation_has_no_other_row() -> None:
    assert len(documented()) == len(table.TABLE)


def test_what_is_asked_fits_at_most_one_row() -> None:
    drivers = {driver for row in table.TABLE for driver in row.drivers}
    for asked in [(system, driver, docker) for system in HostSystem for driver in drivers for docker in DockerKind]:
        assert sum(row.fits(*asked) for row in table.TABLE) <= 1, asked


def test_a_driver_that_nobody_knows_is_taken_for_one_that_hides_nothing() -> None:
    assert advise(DARWIN, "new", DESKTOP, node_address=NODE, host="todo-app.local").address == NODE
