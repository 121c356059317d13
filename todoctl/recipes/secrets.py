"""`secrets`: what is set, set it, and give passwords and signing secrets new values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Object
from todoctl.database import roles, url
from todoctl.database.postgres import Postgres
from todoctl.errors import SecretsError, UsageError
from todoctl.objects import manifests
from todoctl.objects.applied import applied
from todoctl.recipes.roll import roll
from todoctl.secrets import SecretAction, SecretState
from todoctl.steps import Steps

SIGN_OUT = """\
SELECT 'DELETE FROM public.session' WHERE to_regclass('public.session') IS NOT NULL \\gexec
"""


@dataclass(frozen=True)
class Names:
    """One Secret: whether it is there, and each of its keys with whether it is set. No value, and nothing of one."""

    name: str
    there: bool
    keys: Mapping[str, bool]


@dataclass(frozen=True)
class Changed:
    """What became of the Secrets, and the Deployments whose pods run with them now."""

    states: tuple[SecretState, ...]
    rolled: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Tell whether any value is another one."""
        return any(state.action is not SecretAction.KEPT for state in self.states)


def names(steps: Steps) -> tuple[Names, ...]:
    """Tell which keys are set. Needs nothing but the cluster.

    Where the app's database is elsewhere, there need be no Secret for its own.
    """
    found = []
    namespace = steps.settings.namespace
    elsewhere = secrets.database_elsewhere(steps.cluster, namespace)
    for name, known in secrets.KEYS.items():
        secret = steps.cluster.get(kinds.SECRET, name, namespace)
        if secret is None and name == secrets.POSTGRES and elsewhere:
            continue
        there = {key: bool(value) for key, value in ((secret or {}).get("data") or {}).items()}
        found.append(Names(name, secret is not None, {**dict.fromkeys(known, False), **there}))
    return tuple(found)


def set_value(steps: Steps, key: str, value: str) -> Changed:
    """Set a key of the app's Secret, and have the pods run with it.

    Raises SecretsError where there is no such Secret yet or the value does not fit, ConsentError when the app was not
    to use another database, and RolloutError when the pods do not start with it: those of before then stay.
    """
    namespace = steps.settings.namespace
    steps.require_identity()
    held = require_app(steps)
    if key == secrets.DATABASE_URL:
        port = _require_elsewhere(namespace, value)
        if held.get(key) not in {None, value}:
            steps.reporter.confirm(
                f"Let the app in namespace `{namespace}` use another database? "
                "The accounts and tasks in the present one stay there, out of its sight."
            )
    with steps.locked("secrets set"):
        with steps.reporter.step("Secrets"):
            state = secrets.change(steps.cluster, namespace, secrets.APP, {key: value})
        with steps.reporter.step("Roll"):
            if key != secrets.DATABASE_URL:
                return Changed((state,), roll(steps))
            # The pods of before go on with their database: until they end, or for good where no new one starts.
            before = policies(steps)
            ours = manifests.without_postgres(before, port)
            opened = manifests.with_ways_of(ours, before)
            steps.apply(opened)
            rolled = roll(steps)
            steps.narrow(ours, opened)
            return Changed((state,), rolled)


def rotate_database(steps: Steps) -> Changed:
    """Give the database new passwords, while the app goes on: no request fails. See `renew`.

    Where a rotation was killed and no role is free, that one is finished first: pods may use any of them.
    """
    steps.require_identity()
    with steps.locked("secrets rotate database"):
        postgres = require_postgres(steps)  # under the lock: another run may have ended right before it
        user = signs_in_as(steps)
        if user is not None and roles.none_free(postgres.sql(roles.ABLE), user):
            with steps.reporter.step("Finish"):
                steps.reporter.note(f"an earlier rotation was not finished: first all pods sign in as role `{user}`")
                roll(steps)
                postgres.sql(roles.dismiss_all_but(user))
        return renew(steps, {})


def rotate_auth(steps: Steps) -> Changed:
    """Give Better Auth a new secret, which signs everybody out, after a question.

    Raises ConsentError on a no.
    """
    namespace = steps.settings.namespace
    steps.require_identity()
    _sessions(steps)
    steps.reporter.confirm(f"Sign everybody out of the app in namespace `{namespace}`?")
    with steps.locked("secrets rotate auth"):
        # Once more: before the answer another run may have given the app another database.
        postgres = _sessions(steps)
        with steps.reporter.step("Secrets"):
            given = {secrets.BETTER_AUTH_SECRET: secrets.random_value()}
            state = secrets.change(steps.cluster, namespace, secrets.APP, given)
            if postgres is not None:
                # No cookie of before counts any more; a session's row is of no use without one.
                postgres.sql(SIGN_OUT)
        with steps.reporter.step("Roll"):
            return Changed((state,), roll(steps))


def renew(steps: Steps, given: Mapping[str, str]) -> Changed:
    """Let the app sign in to its own Postgres as another role, with a new password, and then no more as the old one.

    Both roles can sign in until no pod is left that knows only the old one. `given` goes into the app's Secret with the
    new URL. The admin's password is another one from then on too. Killed anywhere in between, the app goes on, and the
    next run finishes: it takes a role that cannot sign in yet, and ends what the others can.
    """
    cluster, namespace = steps.cluster, steps.settings.namespace
    postgres = Postgres(cluster, namespace, steps.deadline)
    with steps.reporter.step("Secrets"):
        role = roles.next_turn(postgres.sql(roles.ABLE), signs_in_as(steps))
        password, admin_password = secrets.random_value(), secrets.random_value()
        postgres.sql(roles.admit(role, password, admin_password))
        theirs = {
            secrets.ADMIN_PASSWORD: admin_password,
            secrets.APP_USER: role,
            secrets.APP_PASSWORD: password,
        }
        ours = {**given, secrets.DATABASE_URL: url.built_in(namespace, password, role)}
        states = (
            secrets.change(cluster, namespace, secrets.POSTGRES, theirs),
            secrets.change(cluster, namespace, secrets.APP, ours),
        )
        secrets.remember_volume(cluster, namespace)
        steps.reporter.note(f"the app signs in as role `{role}`")
    with steps.reporter.step("Roll"):
        rolled = roll(steps)
        postgres.sql(roles.dismiss_all_but(role))
    return Changed(states, rolled)


def signs_in_as(steps: Steps) -> str | None:
    """Return the role in the app's URL as it is now; None where that does not lead to the app's own Postgres."""
    namespace = steps.settings.namespace
    now = secrets.values(steps.cluster, namespace, secrets.APP).get(secrets.DATABASE_URL, "")
    user, _ = url.credentials(namespace, now) or (None, "")
    return user


def require_app(steps: Steps) -> dict[str, str]:
    """Return what the app's Secret holds. Raises SecretsError unless that is all the app needs."""
    namespace = steps.settings.namespace
    held = secrets.values(steps.cluster, namespace, secrets.APP)
    lacking = [f"`{key}`" for key in (secrets.DATABASE_URL, secrets.BETTER_AUTH_SECRET) if key not in held]
    if lacking:
        raise SecretsError(
            "secrets.absent",
            f"Secret `{secrets.APP}` in namespace `{namespace}` is not there, or not complete",
            because=f"it lacks {' and '.join(lacking)}",
            hint="`todoctl install` makes what was never there; where it was lost, it says what to do",
        )
    return held


def require_postgres(steps: Steps) -> Postgres:
    """Return the Postgres that comes with the app.

    Raises PreflightError unless the app uses it and it runs, and SecretsError where Secrets lack.
    """
    postgres = Postgres(steps.cluster, steps.settings.namespace, steps.deadline)
    postgres.require(require_app(steps)[secrets.DATABASE_URL])
    return postgres


def policies(steps: Steps) -> list[Object]:
    """Return the installation's NetworkPolicies as they were applied. Raises ConflictError for another's."""
    live, _ = steps.cluster.list(kinds.NETWORK_POLICY, steps.settings.namespace, labels=manifests.PART_OF)
    return [applied(item) for item in live]


def _sessions(steps: Steps) -> Postgres | None:
    """Return the Postgres whose sessions todoctl may delete; None where the app uses one elsewhere."""
    database_url = require_app(steps)[secrets.DATABASE_URL]
    return require_postgres(steps) if url.external_port(steps.settings.namespace, database_url) is None else None


def _require_elsewhere(namespace: str, value: str) -> int:
    port = url.external_port(namespace, value)
    if port is None:
        raise UsageError(
            "secrets.built-in",
            "this URL leads to the database that comes with the app",
            because="its roles and passwords are todoctl's to make",
            hint="`todoctl secrets unset database-url` has the app use it, and gives it new ones",
        )
    return port
