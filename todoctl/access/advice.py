"""Where the app can be reached from this host, and what to do for it. Pure: facts in, advice out.

A Minikube node's address is reachable from its host on native Linux with containers as nodes, and with virtual
machines everywhere. Elsewhere the containers run inside a virtual machine of their own, whose network the host does not
see: there `minikube tunnel` brings the Ingress to the loopback address
(https://minikube.sigs.k8s.io/docs/handbook/accessing/).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from todoctl.adapters.system import HostSystem

LOOPBACK = "127.0.0.1"


class DockerKind(Enum):
    """Where the Docker daemon runs."""

    ENGINE = "engine"
    """On this host's own kernel."""
    DESKTOP = "desktop"
    """In a virtual machine: Docker Desktop, and those like it."""


@dataclass(frozen=True)
class Row:
    """One row of the table: whether these drivers' nodes need `minikube tunnel`. `docker` None: wherever it runs.

    `published`: there is no tunnel for these; only a port that they publish on this host leads to them.
    """

    system: HostSystem
    drivers: tuple[str, ...]
    docker: DockerKind | None
    tunnel: bool
    published: bool = False

    def fits(self, system: HostSystem, driver: str, docker: DockerKind) -> bool:
        """Tell whether the row is about this."""
        return self.system is system and driver in self.drivers and self.docker in {None, docker}


# Minikube's own rule is `driver.NeedsPortForward`. kind and k3d publish their ports as they were told when they were
# made, and have no tunnel.
TABLE = (
    Row(HostSystem.LINUX, ("docker",), DockerKind.ENGINE, tunnel=False),
    Row(HostSystem.LINUX, ("docker",), DockerKind.DESKTOP, tunnel=True),
    Row(HostSystem.LINUX, ("podman",), None, tunnel=False),
    Row(HostSystem.LINUX, ("none", "ssh", "kvm2", "qemu2", "virtualbox"), None, tunnel=False),
    Row(HostSystem.LINUX, ("kind", "k3d"), DockerKind.ENGINE, tunnel=False),
    Row(HostSystem.LINUX, ("kind", "k3d"), DockerKind.DESKTOP, tunnel=False, published=True),
    Row(HostSystem.DARWIN, ("docker", "podman"), None, tunnel=True),
    Row(HostSystem.DARWIN, ("vfkit", "krunkit", "hyperkit", "parallels", "qemu2", "virtualbox"), None, tunnel=False),
    Row(HostSystem.DARWIN, ("kind", "k3d"), None, tunnel=False, published=True),
    Row(HostSystem.WINDOWS, ("docker", "podman"), None, tunnel=True),
    Row(HostSystem.WINDOWS, ("hyperv", "virtualbox"), None, tunnel=False),
    Row(HostSystem.WINDOWS, ("kind", "k3d"), None, tunnel=False, published=True),
    Row(HostSystem.WSL, ("docker", "podman"), None, tunnel=True),
    Row(HostSystem.WSL, ("none", "ssh", "kvm2", "qemu2"), None, tunnel=False),
    Row(HostSystem.WSL, ("kind", "k3d"), None, tunnel=False, published=True),
)


@dataclass(frozen=True)
class Advice:
    """How to reach the app: `address` is where the Ingress answers on this host once `commands` are done.

    `hosts_line` belongs in `hosts_file`. `tunnel` is the command that must keep running, None where the node's own
    address is reachable; `commands` are all that a person types, the tunnel among them. Where no address of this host
    leads to the Ingress it is not `reachable`: the line would lead nowhere, and there is nothing to type.
    """

    address: str
    hosts_file: str
    hosts_line: str
    tunnel: str | None
    commands: tuple[str, ...]
    reachable: bool


def advise(
    system: HostSystem, driver: str, docker: DockerKind, *, node_address: str, host: str, profile: str = "minikube"
) -> Advice:
    """Advise for a host's system, the profile's driver (as Minikube names it) and where Docker runs."""
    through_tunnel = needs_tunnel(system, driver, docker)
    published_alone = any(row.published for row in TABLE if row.fits(system, driver, docker))
    reachable = node_address == LOOPBACK or not published_alone
    address = LOOPBACK if through_tunnel else node_address
    line = f"{address} {host}"
    # Without the address the tunnel listens on every interface, for the whole network to see.
    tunnel = f"minikube tunnel --profile {profile} --bind-address {LOOPBACK}" if through_tunnel else None
    return Advice(
        address=address,
        hosts_file=hosts_file(system),
        hosts_line=line,
        tunnel=tunnel,
        commands=(_add_line(system, line), *([tunnel] if tunnel else [])) if reachable else (),
        reachable=reachable,
    )


def hosts_file(system: HostSystem) -> str:
    """Return the hosts file that the browser's system reads. Under WSL that is Windows' own."""
    match system:
        case HostSystem.WINDOWS:
            return r"C:\Windows\System32\drivers\etc\hosts"
        case HostSystem.WSL:
            return "/mnt/c/Windows/System32/drivers/etc/hosts"
        case HostSystem.LINUX | HostSystem.DARWIN:
            return "/etc/hosts"


def needs_tunnel(system: HostSystem, driver: str, docker: DockerKind) -> bool:
    """Tell whether the nodes' network is hidden from the host; a driver that is not in the table hides nothing."""
    return any(row.tunnel for row in TABLE if row.fits(system, driver, docker))


def _add_line(system: HostSystem, line: str) -> str:
    """Return the command that adds a line to the hosts file; on Windows for a PowerShell run as administrator."""
    if system in {HostSystem.WINDOWS, HostSystem.WSL}:
        # The file may end without a line break, which Add-Content does not mend.
        return rf'Add-Content "$env:SystemRoot\System32\drivers\etc\hosts" "`r`n{line}"'
    return f"echo '{line}' | sudo tee -a /etc/hosts"


def replace_line(system: HostSystem, host: str, line: str, *, backup: str) -> str:
    """Return the command that takes the host out of the hosts file's lines and adds `line`.

    Before it writes anything, it keeps a copy beside the file, whose name has `backup` after it.
    """
    name = host.replace(".", r"\.")
    if system in {HostSystem.WINDOWS, HostSystem.WSL}:
        # All that is written is read before: with Stop, a file that cannot be read or copied ends the command there.
        return (
            "& { $ErrorActionPreference = 'Stop'; "
            r'$file = "$env:SystemRoot\System32\drivers\etc\hosts"; '
            f'Copy-Item $file "$file{backup}"; '
            rf"$lines = @((Get-Content $file) -replace '^([^#]*\s){name}(?=\s|$)', '$1') + '{line}'; "
            "Set-Content $file $lines }"
        )
    without = f"sudo sed -i{backup} -E 's/^([^#]*[[:space:]]){name}([[:space:]]|$)/\\1\\2/' /etc/hosts"
    return f"{without} && {_add_line(system, line)}"
