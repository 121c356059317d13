import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from postgres import Server, add_user, new_server, url
from psycopg import sql
from starlette.testclient import TestClient
from tokens import SECRET

from todo_backend.application import create_app
from todo_backend.migrate import migrate
from todo_backend.settings import MigrateSettings, Settings


@pytest.fixture(scope="session")
def own_server() -> Iterator[Server]:
    """A running Postgres that tests may stop; whoever does starts it again."""
    folder = Path(tempfile.mkdtemp(prefix="todo-backend-"))  # not tmp_path, which `nobody` may not enter
    folder.chmod(0o755)
    try:
        server = new_server(folder)
        if server is None:
            reason = "needs Debian's postgresql package, or Docker with the image postgres:17"
            if os.environ.get("TODOCTL_TESTS_REQUIRE_ALL") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        try:
            server.start()
            yield server
        finally:
            server.remove()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def admin_url(request: pytest.FixtureRequest) -> str:
    """The URL of a role that may create databases: TEST_DATABASE_URL, or else a server of our own."""
    given = os.environ.get("TEST_DATABASE_URL")
    return given or url(request.getfixturevalue("own_server").port, "postgres")


@contextmanager
def _database(admin_url: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    _execute(admin_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(admin_url)._replace(path=f"/{name}").geturl()
    finally:
        _execute(admin_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(admin_url: str, statement: sql.Composed) -> None:
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(statement)


@pytest.fixture
def empty_database(admin_url: str) -> Iterator[str]:
    """The URL of a database of the test's own."""
    with _database(admin_url) as database:
        yield database


@pytest.fixture
def stoppable_database(own_server: Server) -> Iterator[str]:
    """The URL of a database of the test's own on the server that it may stop."""
    with _database(url(own_server.port, "postgres")) as database:
        yield database


@pytest.fixture(scope="session")
def database(admin_url: str) -> Iterator[str]:
    """The URL of a migrated database that all tests share; each makes users of its own."""
    with _database(admin_url) as database:
        migrate(MigrateSettings(database_url=database))
        yield database


@pytest.fixture
def new_user(database: str) -> Callable[[], str]:
    """A function that adds a user to the shared database and returns the id."""
    return partial(add_user, database)


@pytest.fixture
def user(new_user: Callable[[], str]) -> str:
    return new_user()


@pytest.fixture
def api(database: str) -> Iterator[TestClient]:
    """The app in this process, on the shared database."""
    settings = Settings(database_url=database, better_auth_secret=SECRET)
    with TestClient(create_app(settings), raise_server_exceptions=False, base_url="http://todo-app.local") as client:
        yield client
