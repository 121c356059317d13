"""The app's Secrets: made once, kept for ever, never shown."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import quote, unquote, urlsplit

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import AlreadyExistsError, StaleError
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.errors import SecretsError

APP = "todo-secrets"
POSTGRES = "todo-postgres"
VOLUME_CLAIM = "data-todo-postgres-0"
DATABASE_URL, BETTER_AUTH_SECRET, OPENAI_API_KEY = "database-url", "better-auth-secret", "openai-api-key"
ADMIN_PASSWORD, APP_PASSWORD = "postgres-password", "app-password"

UNMADE = "known-after-install"
"""What stands for a resource version that a Secret does not have yet."""

_POSTGRES_PORT = 5432
_ENTROPY_BYTES = 32
_ATTEMPTS = 5


class SecretAction(Enum):
    """What became of one Secret."""

    CREATED = "created"
    KEPT = "kept"
    FILLED = "filled"
    """Keys that were missing were added."""
    CHANGED = "changed"
    """A value that the env file gives replaced another."""


@dataclass(frozen=True)
class SecretState:
    """One Secret after `ensure`: no value, only which keys were set."""

    name: str
    resource_version: str
    """Or UNMADE, where a dry run would have made another."""
    action: SecretAction
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecretsReport:
    """What `ensure` did."""

    states: tuple[SecretState, ...]
    external_port: int | None = None
    """Where the database is not the Postgres that comes with the app: its port."""

    @property
    def changed(self) -> bool:
        """Tell whether any Secret was made or got another value."""
        return any(state.action is not SecretAction.KEPT for state in self.states)

    @property
    def versions(self) -> dict[str, str]:
        """The resource version of each Secret, by name: what rolls the pods that read it."""
        return {state.name: state.resource_version for state in self.states}


@dataclass(frozen=True)
class _Wanted:
    """What a Secret must hold: `given` replaces what is there, `made` only fills what is missing."""

    name: str
    made: Mapping[str, str] = field(default_factory=dict, repr=False)
    given: Mapping[str, str] = field(default_factory=dict, repr=False)


def check(given: Mapping[str, str]) -> None:
    """Raise SecretsError for a DATABASE_URL that is no URL of a Postgres, before it gets into a Secret."""
    if "DATABASE_URL" in given:
        _external_port("", given["DATABASE_URL"])


def ensure(
    cluster: Cluster,
    namespace: str,
    given: Mapping[str, str],
    *,
    built_in_postgres: bool = True,
    dry_run: bool = False,
) -> SecretsReport:
    """Make the Secrets of an installation where they are missing, and keep what is there.

    `given` are the env file's values by their names there (DATABASE_URL, OPENAI_API_KEY); these alone replace what a
    Secret holds. Everything else is generated once: two runs at the same time end up with the same values. With
    `built_in_postgres` there is a second Secret with its passwords, and DATABASE_URL is made from them unless given.
    The namespace must exist, but for a dry run, which only tells what would be done.

    Raises SecretsError, with nothing changed, when the database's volume is there and a Secret that belongs to its
    data is not, or has lost a key: a new password or signing secret would not fit what the volume holds. Raises it too
    where there is no built-in Postgres and no DATABASE_URL.
    """
    check(given)
    # The volume first: its Secrets are always made before it, so a run at the same time cannot look like a loss.
    volume = cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, VOLUME_CLAIM, namespace) if built_in_postgres else None
    app = _values(cluster.get(kinds.SECRET, APP, namespace))
    postgres = _values(cluster.get(kinds.SECRET, POSTGRES, namespace)) if built_in_postgres else {}
    if volume is not None:
        _check_belonging(namespace, app, postgres)
    if not built_in_postgres:
        if not (DATABASE_URL in app or "DATABASE_URL" in given):
            raise _no_database()
        state, held = _converge(cluster, namespace, _app_secret(given), dry_run=dry_run)
        return SecretsReport((state,), _external_port(namespace, held[DATABASE_URL]))
    passwords = {
        ADMIN_PASSWORD: _random(),
        APP_PASSWORD: _built_in_password(namespace, app.get(DATABASE_URL, "")) or _random(),
    }
    postgres_state, postgres = _converge(cluster, namespace, _Wanted(POSTGRES, passwords), dry_run=dry_run)
    url = database_url(namespace, postgres[APP_PASSWORD])
    app_state, app = _converge(cluster, namespace, _app_secret(given, url), dry_run=dry_run)
    return SecretsReport((postgres_state, app_state), _external_port(namespace, app[DATABASE_URL]))


def database_url(namespace: str, password: str) -> str:
    """Return the URL of the Postgres that comes with the app."""
    return f"postgresql://todo:{quote(password, safe='')}@{POSTGRES}.{namespace}:5432/todo"


def _app_secret(given: Mapping[str, str], url: str | None = None) -> _Wanted:
    made = {BETTER_AUTH_SECRET: _random()}
    if url is not None:
        made[DATABASE_URL] = url
    names = {"DATABASE_URL": DATABASE_URL, "OPENAI_API_KEY": OPENAI_API_KEY}
    return _Wanted(APP, made, {names[name]: value for name, value in given.items()})


def _converge(
    cluster: Cluster, namespace: str, wanted: _Wanted, *, dry_run: bool
) -> tuple[SecretState, dict[str, str]]:
    """Create or complete a Secret, again when another run was faster; return its state and all its values."""
    for _ in range(_ATTEMPTS):
        live = cluster.get(kinds.SECRET, wanted.name, namespace)
        held = _values(live)
        changed = {key: value for key, value in wanted.given.items() if held.get(key) != value}
        missing = {key: value for key, value in wanted.made.items() if key not in held and key not in changed}
        keys = tuple(sorted({*missing, *changed}))
        if live is None:
            action = SecretAction.CREATED
        elif keys:
            action = SecretAction.CHANGED if held.keys() & changed.keys() else SecretAction.FILLED
        else:
            return SecretState(wanted.name, live["metadata"]["resourceVersion"], SecretAction.KEPT), held
        if dry_run:
            return SecretState(wanted.name, UNMADE, action, keys), {**held, **missing, **changed}
        try:
            if live is None:
                live = cluster.create(_manifest(wanted.name, namespace, {**missing, **changed}))
            else:
                version = {"resourceVersion": live["metadata"]["resourceVersion"]}
                live = cluster.patch(
                    kinds.SECRET, wanted.name, namespace, {"metadata": version, "data": _encode({**missing, **changed})}
                )
        except (AlreadyExistsError, StaleError):
            continue
        return SecretState(wanted.name, live["metadata"]["resourceVersion"], action, keys), _values(live)
    raise SecretsError(
        "secrets.contended",
        f"cannot settle Secret `{wanted.name}`",
        because="something else keeps changing it",
        hint="see whether another `todoctl install` runs",
    )


def _check_belonging(namespace: str, app: Mapping[str, str], postgres: Mapping[str, str]) -> None:
    lost = [f"`{POSTGRES}`, key `{key}`" for key in (ADMIN_PASSWORD, APP_PASSWORD) if key not in postgres]
    lost += [f"`{APP}`, key `{BETTER_AUTH_SECRET}`"] if BETTER_AUTH_SECRET not in app else []
    if lost:
        raise SecretsError(
            "secrets.lost",
            "the database is there, but not the Secrets that belong to it",
            because=f"volume claim `{VOLUME_CLAIM}` in namespace `{namespace}` holds data; missing: {', '.join(lost)}",
            hint=f"put the Secrets back from a backup, or give up the data: `todoctl uninstall --data -n {namespace}`",
        )


def _no_database() -> SecretsError:
    return SecretsError(
        "secrets.database-url",
        "this environment needs a database of your own",
        because="it brings no Postgres, and nothing gives a DATABASE_URL",
        hint="write DATABASE_URL=postgresql://… into a file, and name it with `--env-file`",
    )


def _is_built_in(namespace: str, host: str) -> bool:
    """Tell whether a host is the Service of the Postgres that comes with the app, in any form that DNS resolves."""
    name = f"{POSTGRES}.{namespace}"
    return host in {POSTGRES, name, f"{name}.svc", f"{name}.svc.cluster.local"}


def _built_in_password(namespace: str, url: str) -> str | None:
    """Return the password in a URL of the Postgres that comes with the app; None for any other URL."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    return unquote(parts.password) if _is_built_in(namespace, host) and parts.password else None


def _external_port(namespace: str, url: str) -> int | None:
    """Return the port of a database that does not come with the app; None for the one that does.

    Raises SecretsError for what is no URL of a Postgres.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port or _POSTGRES_PORT
    except ValueError:
        scheme = host = ""
    if scheme not in {"postgres", "postgresql"} or not host:
        raise SecretsError(
            "secrets.database-url",
            "DATABASE_URL is no URL of a Postgres",
            because="it does not read postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            hint="write it into a file as DATABASE_URL=postgresql://…, and name the file with `--env-file`",
        )
    return None if _is_built_in(namespace, host) else port


def _manifest(name: str, namespace: str, values: Mapping[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "todo-app"},
        },
        "data": _encode(values),
    }


def _random() -> str:
    return secrets.token_urlsafe(_ENTROPY_BYTES)


def _encode(values: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _values(secret: Object | None) -> dict[str, str]:
    """Return what a Secret holds, without keys that are empty."""
    data = (secret or {}).get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items() if value}
