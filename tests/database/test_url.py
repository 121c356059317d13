from urllib.parse import unquote, urlsplit

import pytest

from todoctl.database import url
from todoctl.errors import SecretsError


@pytest.mark.parametrize("user", ["todo", "todo_a"])
def test_the_database_s_url_carries_any_password(user):
    password = "a/b:c@d?e#f%g h"
    made = url.built_in("mine", password, user)
    parts = urlsplit(made)
    assert (parts.scheme, parts.username, parts.hostname, parts.port, parts.path) == (
        "postgresql",
        user,
        "todo-postgres.mine",
        5432,
        "/todo",
    )
    assert unquote(parts.password) == password
    assert url.credentials("mine", made) == (user, password)


@pytest.mark.parametrize(
    ("text", "port"),
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
def test_the_port_of_a_database_elsewhere_is_known(text, port):
    assert url.external_port("todo-app", text) == port
    assert (url.credentials("todo-app", text) is None) == (port is not None)


@pytest.mark.parametrize("text", ["mysql://me:hush@db/todo", "db.example.org", "postgresql://me:hush@db:port/todo", ""])
def test_what_is_no_url_of_a_postgres_is_refused_without_quoting_it(text):
    with pytest.raises(SecretsError) as caught:
        url.check(text)
    assert "hush" not in f"{caught.value} {caught.value.because} {caught.value.hint}"
    assert url.credentials("todo-app", text) is None
