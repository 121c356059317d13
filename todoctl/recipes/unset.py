"""`secrets unset`: take a key away. Without `database-url` the app uses the Postgres that comes with it again."""

from __future__ import annotations

from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.database import roles, url
from todoctl.database.postgres import Postgres
from todoctl.database.volume import CLAIM
from todoctl.errors import SecretsError
from todoctl.images.image import POSTGRES
from todoctl.objects import manifests
from todoctl.recipes.roll import roll
from todoctl.recipes.secrets import Changed, policies, renew, require_app, signs_in_as
from todoctl.secrets import SecretsReport
from todoctl.steps import Steps


def unset(steps: Steps, key: str) -> Changed:
    """Take a key out of the app's Secret, and have the pods run without it. One that is not set is no error.

    Raises SecretsError where there is no such Secret yet, or no database but the present one, ConsentError when the app
    was not to use another database, and RolloutError when the pods do not start: those of before then stay.
    """
    steps.require_identity()
    held = require_app(steps)
    if key == secrets.DATABASE_URL:
        return _come_back(steps, held[key])
    with steps.locked("secrets unset"):
        with steps.reporter.step("Secrets"):
            state = secrets.remove(steps.cluster, steps.settings.namespace, secrets.APP, key)
        with steps.reporter.step("Roll"):
            return Changed((state,), roll(steps))


def _come_back(steps: Steps, database_url: str) -> Changed:
    """Bring up the Postgres that comes with the app, on the volume that is there or a new one, and have the app use it.

    The app goes on with the other database until then, which its pods may reach until those of before have ended.
    Killed anywhere in between, the next run finishes.
    """
    namespace = steps.settings.namespace
    if url.external_port(namespace, database_url) is None:
        with steps.locked("secrets unset"), steps.reporter.step("Roll"):
            return _finish(steps)
    volume = steps.cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace)
    if volume is None and not secrets.values(steps.cluster, namespace, secrets.POSTGRES):
        raise SecretsError(
            "secrets.no-postgres",
            "there is no database of the app's own to go back to",
            because=f"namespace `{namespace}` has neither Secret `{secrets.POSTGRES}` nor a volume: "
            "staging and production bring none",
            hint="name another database with `todoctl secrets set database-url`",
        )
    found = "begins empty" if volume is None else "has what it had before"
    steps.reporter.confirm(
        f"Let the app in namespace `{namespace}` use the database that comes with it? That one {found}. "
        "The accounts and tasks in the present one stay there, out of its sight."
    )
    with steps.locked("secrets unset"):
        with steps.reporter.step("Database"):
            secrets.complete(steps.cluster, namespace)
            steps.bring_back([POSTGRES])
            before = policies(steps)
            objects = steps.for_database(before, SecretsReport(()))
            opened = manifests.with_ways_of(objects, before)
            steps.apply(opened)
            steps.wait(objects)
        changed = renew(steps, {})
        steps.narrow(objects, opened)
        return changed


def _finish(steps: Steps) -> Changed:
    """Do what a run that was killed may have left to do after the Secrets had the new values."""
    cluster, namespace = steps.cluster, steps.settings.namespace
    state = secrets.change(cluster, namespace, secrets.APP, {})
    rolled = roll(steps)
    # Read under the lock: another run may have given the app another role, or another database, right before it.
    user = signs_in_as(steps)
    postgres = Postgres(cluster, namespace, steps.deadline)
    if user is not None and postgres.ready():
        postgres.sql(roles.dismiss_all_but(user))
        before = policies(steps)
        objects = steps.for_database(before, SecretsReport(()))
        steps.narrow(objects, manifests.with_ways_of(objects, before))
    return Changed((state,), rolled)
