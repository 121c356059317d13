"""`secrets reset`: make the Secrets fit the database again, where one of them was lost, or the database was."""

from __future__ import annotations

from dataclasses import dataclass

from todoctl import secrets
from todoctl.adapters import kinds
from todoctl.database import url
from todoctl.database.postgres import Postgres
from todoctl.database.volume import CLAIM
from todoctl.errors import PreflightError, SecretsError
from todoctl.objects import manifests
from todoctl.objects.apply import apply
from todoctl.recipes.secrets import SIGN_OUT, Changed, renew
from todoctl.secrets import SecretsReport
from todoctl.steps import Steps


@dataclass(frozen=True)
class _Found:
    """What the question is about: the volume claim's UID, if it is there, and whether Better Auth's secret is."""

    volume: str | None
    signs_in: bool


def reset(steps: Steps) -> Changed:
    """Give the database new passwords over its pod's own socket, and make up what else was lost, after a question.

    Where the volume is gone, the Secrets are made fit for a new one instead, which the next install makes. Secrets that
    are there stay: only where Better Auth's was lost must everybody sign in again. Killed anywhere in between, the next
    run finishes. A rotation that was killed is not finished first, as that takes whole Secrets: one of its roles gets a
    new password, and requests of pods that sign in as it fail until they are replaced. Raises ConsentError on a no,
    PreflightError where the app's database is not the one that comes with it, SecretsError where nothing is there or
    another run changed what was asked about, and RolloutError.
    """
    namespace = steps.settings.namespace
    steps.require_identity()
    found = _look(steps)
    if found.volume is None:
        steps.reporter.confirm(
            f"The volume of the database in namespace `{namespace}` is gone, with all accounts and tasks. "
            "Let the next install begin with an empty one?"
        )
    else:
        steps.reporter.confirm(
            f"Give the database in namespace `{namespace}` new passwords?"
            + ("" if found.signs_in else " Everybody must sign in again, as Better Auth's secret was lost.")
        )
    with steps.locked("secrets reset"):
        if _look(steps) != found:
            raise SecretsError(
                "secrets.changed-since",
                f"the Secrets or the database in namespace `{namespace}` are not those of the question any more",
                because="another run changed them before the answer",
                hint="run it again: the question may be another one, or there may be nothing to reset",
            )
        lost = {} if found.signs_in else {secrets.BETTER_AUTH_SECRET: secrets.random_value()}
        if found.volume is None:
            with steps.reporter.step("Secrets"):
                return _begin_anew(steps, lost)
        with steps.reporter.step("Database"):
            _bring_up(steps)
        changed = renew(steps, lost)
        if lost:
            Postgres(steps.cluster, namespace, steps.deadline).sql(SIGN_OUT)
            steps.reporter.warn("a key of OpenAI's, if there was one, is lost: `todoctl secrets set openai-api-key`")
        return changed


def _look(steps: Steps) -> _Found:
    """Look at what there is. Raises PreflightError and SecretsError where it is nothing to reset."""
    cluster, namespace = steps.cluster, steps.settings.namespace
    app = secrets.values(cluster, namespace, secrets.APP)
    volume = cluster.get(kinds.PERSISTENT_VOLUME_CLAIM, CLAIM, namespace)
    if url.external_port(namespace, app.get(secrets.DATABASE_URL) or url.built_in(namespace, "-")) is not None:
        raise PreflightError(
            "database.elsewhere",
            "the database of this installation is not the one that comes with the app",
            because="DATABASE_URL leads elsewhere",
            hint="set its password there, then tell the app: `todoctl secrets set database-url`; "
            "`todoctl secrets unset database-url` has the app use its own database again",
        )
    if volume is None and not app and not secrets.values(cluster, namespace, secrets.POSTGRES):
        raise SecretsError(
            "secrets.absent",
            f"there is nothing to reset in namespace `{namespace}`",
            because="neither the Secrets nor the database are there",
            hint="`todoctl install` makes both",
        )
    return _Found(volume["metadata"]["uid"] if volume else None, secrets.BETTER_AUTH_SECRET in app)


def _begin_anew(steps: Steps, lost: dict[str, str]) -> Changed:
    cluster, namespace = steps.cluster, steps.settings.namespace
    password = secrets.random_value()
    theirs = {
        secrets.ADMIN_PASSWORD: secrets.random_value(),
        secrets.APP_USER: url.OWNER,
        secrets.APP_PASSWORD: password,
    }
    ours = {**lost, secrets.DATABASE_URL: url.built_in(namespace, password)}
    # In this order: until both fit a new volume, the database's Secret, or that it is not there, tells of the old one.
    app = secrets.change(cluster, namespace, secrets.APP, ours)
    postgres = secrets.change(cluster, namespace, secrets.POSTGRES, theirs)
    secrets.remember_volume(cluster, namespace)
    return Changed((postgres, app), ())


def _bring_up(steps: Steps) -> None:
    """Have Postgres run: without its Secret the pod does not start, after an uninstall it is not there."""
    cluster, namespace = steps.cluster, steps.settings.namespace
    secrets.complete(cluster, namespace)
    if Postgres(cluster, namespace, steps.deadline).ready():
        return
    bundled = steps.manifests((), SecretsReport(()))
    objects = [item for item in bundled if item["metadata"]["name"] == manifests.POSTGRES]
    apply(cluster, objects, observe=steps.tell)
    steps.wait(objects)
