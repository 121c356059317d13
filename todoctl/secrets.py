"""The app's Secrets: made once, kept for ever, never shown."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import AlreadyExistsError, StaleError
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.database import url
from todoctl.database.volume import CLAIM as VOLUME_CLAIM
from todoctl.errors import SecretsError

APP = "todo-secrets"
POSTGRES = "todo-postgres"
DATABASE_URL, BETTER_AUTH_SECRET, OPENAI_API_KEY = "database-url", "better-auth-secret", "openai-api-key"
DATABASE_CA = "database-ca"
"""The CA of an external database, where it is not one that systems carry."""
ADMIN_PASSWORD, APP_PASSWORD, APP_USER = "postgres-password", "app-password", "app-user"
KEYS = {APP: (DATABASE_URL, BETTER_AUTH_SECRET, OPENAI_API_KEY), POSTGRES: (ADMIN_PASSWORD, APP_PASSWORD)}
"""The keys that each Secret may be expected to have; `app-user` is there once the app signs in as another role."""
VOLUME_UID = "todoctl.dev/volume-claim-uid"
"""Annotation of Secret `todo-postgres`: the volume claim whose data these passwords were used for. It tells a volume
that is gone from one that was never there, and is on a Secret that no pod is restarted for."""

UNMADE = "known-after-install"
"""What stands for a resource version that a Secret does not have yet."""

_LABEL = {"app.kubernetes.io/part-of": "todo-app"}
_ENTROPY_BYTES = 32
_ATTEMPTS = 5


class SecretAction(Enum):
    """What became of one Secret."""

    CREATED = "created"
    KEPT = "kept"
    FILLED = "filled"
    """Keys that were missing were added."""
    CHANGED = "changed"
    """A value that was given replaced another, or was taken away."""


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
    """Raise SecretsError for a DATABASE_URL that is not a URL of a Postgres, before it gets into a Secret."""
    if "DATABASE_URL" in given:
        url.check(given["DATABASE_URL"])


def check_certificates(text: str) -> None:
    """Raise ValueError, or ssl.SSLError, for a PEM text that cannot be a CA, or says more than it should."""
    import ssl

    if "PRIVATE KEY" in text:
        raise ValueError("it holds a private key, which nobody but the CA should have")
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)


def ensure(
    cluster: Cluster,
    namespace: str,
    given: Mapping[str, str],
    *,
    built_in_postgres: bool = True,
    dry_run: bool = False,
) -> SecretsReport:
    """Make the Secrets of an installation where they are missing, and keep what is there.

    `given` are the env file's values by their names there (DATABASE_URL, OPENAI_API_KEY), and the database's CA in PEM
    (DATABASE_CA); these alone replace what a
    Secret holds. Everything else is generated once: two runs at the same time end up with the same values. With
    `built_in_postgres` there is a second Secret with its passwords, and DATABASE_URL is made from them unless given.
    The namespace must exist, but for a dry run, which only tells what would be done.

    Raises SecretsError, with nothing changed, when the database's volume is there and a Secret that belongs to its
    data is not, or has lost a key: a new password or signing secret would not fit what the volume holds. Likewise when
    the volume that `remember_volume` noted is gone. Raises it too where there is no built-in Postgres and no
    DATABASE_URL.
    """
    check(given)
    # The volume first: its Secrets are always made before it, so a run at the same time cannot look like a loss.
    volume = cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, VOLUME_CLAIM, namespace) if built_in_postgres else None
    app_secret = cluster.get(kinds.SECRET, APP, namespace)
    app = _values(app_secret)
    if not built_in_postgres:
        if not (DATABASE_URL in app or "DATABASE_URL" in given):
            raise _no_database()
        state, held = _converge(cluster, namespace, _app_secret(given), dry_run=dry_run)
        return SecretsReport((state,), url.external_port(namespace, held[DATABASE_URL]))
    secret = cluster.get(kinds.SECRET, POSTGRES, namespace)
    postgres = _values(secret)
    built_in = url.credentials(namespace, app.get(DATABASE_URL, ""))
    user, password = built_in or (url.OWNER, "")
    leads_to = given.get("DATABASE_URL") or app.get(DATABASE_URL)
    if leads_to is None or url.external_port(namespace, leads_to) is None:
        # Another role than the first is only made in a database that is there; and todoctl makes a URL of the first
        # one from its password, so that its Secret was there. In a Secret of somebody's own it tells nothing.
        ours = built_in is not None and _is_ours(app_secret)
        _check_volume(namespace, secret, volume, used=user != url.OWNER or ours)
    if volume is not None:
        _check_belonging(namespace, app, postgres)
    passwords = {ADMIN_PASSWORD: random_value(), APP_PASSWORD: password or random_value()}
    postgres_state, postgres = _converge(cluster, namespace, _Wanted(POSTGRES, passwords), dry_run=dry_run)
    made = url.built_in(namespace, postgres[APP_PASSWORD], postgres.get(APP_USER, url.OWNER))
    app_state, app = _converge(cluster, namespace, _app_secret(given, made), dry_run=dry_run)
    return SecretsReport((postgres_state, app_state), url.external_port(namespace, app[DATABASE_URL]))


def values(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    """Return what a Secret holds, without keys that are empty; nothing where it is not there."""
    return _values(cluster.get(kinds.SECRET, name, namespace))


def database_elsewhere(cluster: Cluster, namespace: str) -> bool:
    """Tell whether the app's Secret leads to another database than the one that comes with the app."""
    database_url = values(cluster, namespace, APP).get(DATABASE_URL)
    return database_url is not None and url.credentials(namespace, database_url) is None


def change(cluster: Cluster, namespace: str, name: str, given: Mapping[str, str]) -> SecretState:
    """Set keys of a Secret, which is made where it is not there. Raises SecretsError and ClusterError."""
    return _converge(cluster, namespace, _Wanted(name, given=given))[0]


def remove(cluster: Cluster, namespace: str, name: str, key: str) -> SecretState:
    """Take a key away from a Secret that is there. Raises ClusterError."""
    if key not in values(cluster, namespace, name):
        return change(cluster, namespace, name, {})
    live = cluster.patch(kinds.SECRET, name, namespace, {"data": {key: None}})
    return SecretState(name, live["metadata"]["resourceVersion"], SecretAction.CHANGED, (key,))


def complete(cluster: Cluster, namespace: str) -> SecretState:
    """Make up what Secret `todo-postgres` lacks, so that the pod can start: on a volume with data it reads none of it.

    Only for who gives the database the passwords that the Secret then has.
    """
    made = {key: random_value() for key in KEYS[POSTGRES]}
    return _converge(cluster, namespace, _Wanted(POSTGRES, made))[0]


def remember_volume(cluster: Cluster, namespace: str) -> bool:
    """Note in the database's Secret which volume claim there is, and which there is not any more: None is forgotten.

    From then on `ensure` knows when the volume is lost. Writes only what is not noted already. Tells whether there is
    a claim.
    """
    volume = cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, VOLUME_CLAIM, namespace)
    secret = cluster.get(kinds.SECRET, POSTGRES, namespace)
    uid = volume["metadata"]["uid"] if volume else None
    if secret is not None and _remembered(secret) != uid:
        cluster.patch(kinds.SECRET, POSTGRES, namespace, {"metadata": {"annotations": {VOLUME_UID: uid}}})
    return uid is not None


def random_value() -> str:
    """Return a new password or signing secret: letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(_ENTROPY_BYTES)


def ways_out(namespace: str) -> str:
    """Return what there is to do where Secrets and data do not belong together."""
    return (
        f"`todoctl secrets reset -n {namespace}` makes them match again, keeping what is there; "
        f"`todoctl uninstall --data -n {namespace}` removes both; either with the same --profile and --context as now"
    )


def _app_secret(given: Mapping[str, str], database_url: str | None = None) -> _Wanted:
    made = {BETTER_AUTH_SECRET: random_value()}
    if database_url is not None:
        made[DATABASE_URL] = database_url
    names = {"DATABASE_URL": DATABASE_URL, "OPENAI_API_KEY": OPENAI_API_KEY, "DATABASE_CA": DATABASE_CA}
    return _Wanted(APP, made, {names[name]: value for name, value in given.items()})


def _converge(
    cluster: Cluster, namespace: str, wanted: _Wanted, *, dry_run: bool = False
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
            hint=ways_out(namespace),
        )


def _check_volume(namespace: str, secret: Object | None, volume: Object | None, *, used: bool) -> None:
    """Raise where the Secrets were used for a volume that is gone; `used` is what the app's Secret tells of that.

    The database's Secret alone says nothing: the first install makes it before the volume, and may be killed in
    between.
    """
    remembered = _remembered(secret)
    if remembered is None:
        lost = volume is None and secret is None and used
    else:
        lost = volume is None or volume["metadata"]["uid"] != remembered
    if lost:
        now = "is gone" if volume is None else "was recreated: the previous one is gone"
        raise SecretsError(
            "secrets.volume-lost",
            "the Secrets are there, but not the database that they belong to",
            because=f"volume claim `{VOLUME_CLAIM}` in namespace `{namespace}` {now}, with all accounts and tasks",
            hint=ways_out(namespace),
        )


def _remembered(secret: Object | None) -> str | None:
    uid: str | None = ((secret or {}).get("metadata", {}).get("annotations") or {}).get(VOLUME_UID)
    return uid


def _is_ours(secret: Object | None) -> bool:
    """Tell whether todoctl made a Secret, by its label."""
    return _LABEL.items() <= ((secret or {}).get("metadata", {}).get("labels") or {}).items()


def _no_database() -> SecretsError:
    return SecretsError(
        "secrets.database-url",
        "this environment needs a database of your own",
        because="it brings no Postgres, and nothing gives a DATABASE_URL",
        hint="write DATABASE_URL=postgresql://… into a file, and name it with `--env-file`",
    )


def _manifest(name: str, namespace: str, values: Mapping[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": name, **_LABEL},
        },
        "data": _encode(values),
    }


def _encode(values: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _values(secret: Object | None) -> dict[str, str]:
    """Return what a Secret holds, without keys that are empty."""
    data = (secret or {}).get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items() if value}
