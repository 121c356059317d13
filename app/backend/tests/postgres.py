"""A real Postgres for the tests: a throw-away server of Debian's package, or else the postgres:17 container."""

import os
import pwd
import random
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import psycopg

PASSWORD = f"p@ss/{secrets.token_hex(8)}"
"""Has to be percent-encoded in a URL, so that the tests hold for such passwords, too."""
_ROLE = "todo"


class Server(Protocol):
    """A Postgres server that a test may stop and start again; it keeps its port and its data."""

    port: int

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def remove(self) -> None: ...


def url(port: int, database: str) -> str:
    return f"postgresql://{_ROLE}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{database}"


def free_port() -> int:
    """Return a port that no outgoing connection takes before a server does: those get higher ones."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def add_user(database: str) -> str:
    """Add a user, as Better Auth would, and return the id."""
    user = secrets.token_hex(16)
    with psycopg.connect(database) as connection:
        connection.execute(
            'INSERT INTO "user" (id, name, email, "emailVerified") VALUES (%s, %s, %s, false)',
            (user, "Somebody", f"{user}@example.com"),
        )
    return user


class DebianServer:
    """Debian's binaries on a folder of our own; they refuse to run as root, so there as `nobody`."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self.port = free_port()
        self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        if self._as:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        password_file = folder / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        self._run("initdb", "-D", self._data, "-U", _ROLE, "--auth=scram-sha-256", f"--pwfile={password_file}", "-N")
        settings = (
            f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
            "fsync = off\nmax_connections = 60\nshared_buffers = 16MB\n"
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)

    def speak_tls(self, certificate: Path, key: Path) -> None:
        """Offer TLS with this certificate from the next start on."""
        own = self._data / "server.key"
        own.touch(mode=0o600)
        own.write_bytes(key.read_bytes())
        if self._as:
            nobody = pwd.getpwnam("nobody")
            os.chown(own, nobody.pw_uid, nobody.pw_gid)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(f"ssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{own}'\n")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-l", self._data / "log", "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop()

    def _run(self, program: str, *arguments: str | Path) -> None:
        # Output to a file that is not a pipe: pg_ctl's server would hold a pipe open.
        argv = [*self._as, self._binaries / program, *arguments]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd="/")


class ContainerServer:
    """The container that the cluster runs, too."""

    def __init__(self) -> None:
        self.port = free_port()
        self._name = f"todo-backend-tests-{secrets.token_hex(4)}"
        create = ["create", f"--name={self._name}", f"--publish=127.0.0.1:{self.port}:5432", "--env=POSTGRES_PASSWORD"]
        environment = {**os.environ, "POSTGRES_PASSWORD": PASSWORD}
        subprocess.run(
            ["docker", *create, f"--env=POSTGRES_USER={_ROLE}", "postgres:17"],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        self._docker("start", self._name)
        deadline = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(url(self.port, "postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        self._docker("stop", "--time=30", self._name)

    def remove(self) -> None:
        self._docker("rm", "--force", "--volumes", self._name)

    def _docker(self, *arguments: str) -> None:
        subprocess.run(["docker", *arguments], check=True, stdout=subprocess.DEVNULL)


def debian_binaries() -> Path | None:
    """Return the folder with the newest server's programs, or None where Debian's package is not there."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), reverse=True
    )
    return found[0].parent if found else None


def new_server(folder: Path) -> Server | None:
    """Return a server that is not started yet, or None where this machine has neither way to run one."""
    binaries = debian_binaries()
    if binaries is not None:
        return DebianServer(binaries, folder)
    docker = shutil.which("docker")
    if docker:
        image = subprocess.run([docker, "image", "inspect", "postgres:17"], check=False, capture_output=True)
        return None if image.returncode else ContainerServer()
    return None
