"""DATABASE_URL: what it must be, whether it leads to the Postgres that comes with the app, and as whom."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, unquote, urlsplit

from todoctl.errors import SecretsError

SERVICE = "todo-postgres"
DATABASE = "todo"
OWNER = "todo"
"""The role that owns the database, and the first that the app signs in as."""

_PORT = 5432


def built_in(namespace: str, password: str, user: str = OWNER) -> str:
    """Return the URL of the Postgres that comes with the app."""
    return f"postgresql://{user}:{quote(password, safe='')}@{SERVICE}.{namespace}:{_PORT}/{DATABASE}"


def check(url: str) -> None:
    """Raise SecretsError for what is not a URL of a Postgres; the error quotes nothing of it."""
    _parse(url)


def external_port(namespace: str, url: str) -> int | None:
    """Return the port of a database that does not come with the app; None for the one that does.

    Raises SecretsError for what is not a URL of a Postgres.
    """
    parts = _parse(url)
    return None if _is_built_in(namespace, parts.hostname or "") else parts.port or _PORT


def credentials(namespace: str, url: str) -> tuple[str, str] | None:
    """Return user and password in a URL of the Postgres that comes with the app; None for any other text."""
    try:
        parts = _parse(url)
    except SecretsError:
        return None
    if not (_is_built_in(namespace, parts.hostname or "") and parts.username and parts.password):
        return None
    return unquote(parts.username), unquote(parts.password)


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"postgres", "postgresql"} and bool(parts.hostname)
        _ = parts.port  # raises where it is no number
    except ValueError:
        fits = False
    if not fits:
        raise SecretsError(
            "secrets.database-url",
            "DATABASE_URL is not a URL of a Postgres",
            because="it does not read postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            hint="write it into a file as DATABASE_URL=postgresql://…, and name the file with `--env-file`",
        )
    return parts


def _is_built_in(namespace: str, host: str) -> bool:
    """Tell whether a host is the Service of the Postgres that comes with the app, in any form that DNS resolves."""
    name = f"{SERVICE}.{namespace}"
    return host in {SERVICE, name, f"{name}.svc", f"{name}.svc.cluster.local"}
