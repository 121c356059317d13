from urllib.parse import unquote, urlsplit

import pytest

from todoctl import secrets
from todoctl.errors import SecretsError


def test_the_database_s_url_carries_any_password() -> None:
    password = "a/b:c@d?e#f%g h"
    parts = urlsplit(secrets.database_url("mine", password))
    assert (parts.scheme, parts.username, parts.hostname, parts.port, parts.path) == (
        "postgresql",
        "todo",
        "todo-postgres.mine",
        5432,
        "/todo",
    )
    assert unquote(parts.password) == password


def test_no_repr_shows_a_value() -> None:
    wanted = secrets._Wanted("todo-secrets", {"better-auth-secret": "s3cret"}, {"openai-api-key": "s3cret"})
    assert "s3cret" not in repr(wanted)


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("postgresql://todo:p@todo-postgres.todo-app:5432/todo", None),
        ("postgresql://todo:p@todo-postgres/todo", None),
        ("postgresql://todo:p@todo-postgres.todo-app.svc.cluster.local/todo", None),
        ("postgresql://todo:p@todo-postgres.elsewhere:5432/todo", 5432),
        ("postgresql://me:p@todo-postgres.abc.example.org/todo", 5432),
        ("postgresql://me:p@db.example.org/todo", 5432),
        ("postgres://me:p@10.0.0.7:6543/todo?sslmode=require", 6543),
    ],
)
def test_the_port_of_a_database_elsewhere_is_known(url: str, port: int | None) -> None:
    assert secrets._external_port("todo-app", url) == port


@pytest.mark.parametrize("url", ["mysql://me:hush@db/todo", "db.example.org", "postgresql://me:hush@db:port/todo", ""])
def test_what_is_no_url_of_a_postgres_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(SecretsError) as caught:
        secrets.check({"DATABASE_URL": url})
    assert "hush" not in f"{caught.value} {caught.value.because} {caught.value.hint}"
