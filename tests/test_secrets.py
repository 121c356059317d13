from urllib.parse import unquote, urlsplit

from todoctl import secrets


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
