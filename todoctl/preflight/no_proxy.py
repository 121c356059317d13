"""What NO_PROXY means to Minikube, kubectl and Docker: to the letter of Go's `golang.org/x/net/http/httpproxy`."""

from __future__ import annotations

import ipaddress


def bypasses(no_proxy: str, host: str, port: int) -> bool:
    """Tell whether a request to `host` and `port` goes round the proxy.

    An entry is `*`, an address, a network (CIDR), a name, which is for what ends in it too, or `.name` and `*.name`,
    which are for that alone; all but a network may have a port. Loopback addresses and `localhost` never use a proxy.
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return "*" in entries or any(_fits(entry, host, address, port) for entry in entries if entry)


def _fits(entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int) -> bool:
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        return address is not None and address in network
    name, wanted = _without_port(entry)
    if wanted not in {"", str(port)}:
        return False
    if (named := _address(name)) is not None:
        return named == address
    name = name.removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")


def _without_port(entry: str) -> tuple[str, str]:
    if entry.startswith("["):
        name, _, port = entry[1:].partition("]")
        return name, port.removeprefix(":")
    name, colon, port = entry.rpartition(":")
    return (name, port) if colon and ":" not in name else (entry, "")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
