"""What sslmode means: the table that the frontend is held to as well, on real servers with and without TLS."""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import DebianServer, debian_binaries, url
from pydantic import SecretStr

from todo_backend.connection import connect_args
from todo_backend.migrate import MigrationError, migrate
from todo_backend.settings import MigrateSettings

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "contract" / "sslmode.json").read_text(encoding="utf-8")
)["cases"]


def _name(case: dict[str, Any]) -> str:
    return " ".join(str(case[key]) for key in ("sslmode", "server", "host", "file", "url"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with two CAs, and a certificate for localhost that the first one signed."""
    folder = Path(tempfile.mkdtemp(prefix="todo-backend-tls-"))  # not tmp_path, which `nobody` may not enter
    folder.chmod(0o755)
    for name in ("ca", "other"):
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")  # fmt: skip
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", folder / "server.key",
             "-out", folder / "server.csr")  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    _openssl("x509", "-req", "-days", "2", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAcreateserial",
             "-CAkey", folder / "ca.key", "-extfile", folder / "names", "-out", folder / "server.pem")  # fmt: skip
    yield folder
    shutil.rmtree(folder)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[dict[str, DebianServer]]:
    """A server that speaks TLS, and one that does not."""
    binaries = debian_binaries()
    if binaries is None:
        if os.environ.get("TODOCTL_TESTS_REQUIRE_ALL") == "1":
            pytest.fail("needs Debian's postgresql package")
        pytest.skip("needs Debian's postgresql package")
    made = {}
    try:
        for name in ("tls", "plain"):
            (folder / name).mkdir(mode=0o755)
            made[name] = DebianServer(binaries, folder / name)
            if name == "tls":
                made[name].speak_tls(folder / "server.pem", folder / "server.key")
            made[name].start()
        yield made
    finally:
        for server in made.values():
            server.remove()


def _url(case: dict[str, Any], servers: dict[str, DebianServer], folder: Path) -> SecretStr:
    address = url(servers[case["server"]].port, "postgres").replace("127.0.0.1", case["host"])
    root = case["url"] if case["url"] in {None, "system"} else folder / f"{case['url']}.pem"
    return SecretStr(f"{address}?sslmode={case['sslmode']}" + (f"&sslrootcert={root}" if root else ""))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_each_sslmode_gets_the_contracts_verdict(
    case: dict[str, Any], servers: dict[str, DebianServer], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file that is not there is what a pod has whose Secret lacks the key.
    monkeypatch.setenv("DATABASE_CA_FILE", str(folder / f"{case['file'] or 'absent'}.pem"))
    try:
        with psycopg.connect(**connect_args(_url(case, servers, folder), statement_seconds=5)) as connection:
            assert connection.pgconn.ssl_in_use is (case["server"] == "tls")
            connected = True
    except psycopg.OperationalError:
        connected = False
    assert connected is case["connects"]


@pytest.mark.parametrize("case", [case for case in CASES if not case["connects"]], ids=_name)
def test_a_migration_that_cannot_succeed_does_not_wait_for_it(
    case: dict[str, Any], servers: dict[str, DebianServer], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_CA_FILE", str(folder / f"{case['file'] or 'absent'}.pem"))
    settings = MigrateSettings(database_url=_url(case, servers, folder), migrate_wait_seconds=3600)
    with pytest.raises(MigrationError):
        migrate(settings)


def test_the_systems_cas_are_those_of_openssl(
    servers: dict[str, DebianServer], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_CA_FILE", raising=False)
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(folder / "ca.pem"))
    case = {"sslmode": "verify-full", "server": "tls", "host": "localhost", "url": None}
    with psycopg.connect(**connect_args(_url(case, servers, folder), statement_seconds=5)) as connection:
        assert connection.pgconn.ssl_in_use
