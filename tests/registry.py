"""A real image registry (Debian's docker-registry) for the tests, over TLS by a certificate of its own."""

import contextlib
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "t-user", "U*U"
# Of crypt_blowfish's published test vectors; the registry takes bcrypt alone.
_HTPASSWD = f"{USER}:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"


@dataclass
class Registry:
    """Where it listens (`host:port`), and the PEM file of the certificate that vouches for it."""

    address: str
    certificate: Path


def missing() -> str | None:
    """Return what this machine lacks for one, or None."""
    return None if shutil.which("docker-registry") else "needs docker-registry on PATH (Debian's package)"


@contextlib.contextmanager
def running(
    folder: Path, *, name: str = "127.0.0.1", listen: str = "127.0.0.1", port: int = 0, login: bool = False
) -> Iterator[Registry]:
    """Run a registry with a certificate for `name`, until the block ends; `login` has it ask for USER and PASSWORD."""
    port = port or _free_port()
    certificate, key = folder / "registry.pem", folder / "registry.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName={'IP' if name[0].isdigit() else 'DNS'}:{name}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    users = folder / "htpasswd"
    users.write_text(_HTPASSWD)
    auth = f"auth: {{htpasswd: {{realm: test, path: {users}}}}}\n" if login else ""
    config = folder / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: warn}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '{listen}:{port}', tls: {{certificate: {certificate}, key: {key}}}}}\n{auth}"
    )
    with (folder / "registry.log").open("w") as log:
        served = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        _await((listen, port), served, folder / "registry.log")
        yield Registry(f"{name}:{port}", certificate)
    finally:
        served.terminate()
        served.wait(timeout=60)


def _free_port() -> int:
    """Return a port that no outgoing connection takes before the registry does: those get higher ones."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _await(address: tuple[str, int], served: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert served.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
