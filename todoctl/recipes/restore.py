"""`restore`: put a backup in the place of everything that the app's own Postgres holds."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from todoctl.adapters import kinds
from todoctl.adapters.exec import ExecError
from todoctl.database import backupfile
from todoctl.database.backupfile import Backup
from todoctl.database.postgres import Postgres
from todoctl.errors import ArchiveError
from todoctl.objects import manifests, pause
from todoctl.objects.applied import applied
from todoctl.recipes.backup import counted
from todoctl.recipes.secrets import require_postgres
from todoctl.steps import Steps


def restore(steps: Steps, path: Path) -> Backup:
    """Replace all accounts and tasks by a backup's, after a question.

    The whole file is read before anything is asked of the cluster, and once more through pg_restore before anything is
    touched. Then the app's pods go, so that nobody writes; the dump comes in one transaction; and the pods come back,
    the first of which migrates an older schema. Where the transaction fails, they come back to what was there.

    Killed anywhere in between, the next run does it all again, and `install` brings the app back with or without the
    backup, never with half of it. Raises ArchiveError for a file that is not a whole backup, PreflightError where the
    database is elsewhere or does not run, ConsentError, RolloutError and ClusterError.
    """
    with backupfile.reading(path) as file:
        with steps.reporter.step("Check"):
            backup = backupfile.check(file)
            steps.require_identity()
            _decode(steps, require_postgres(steps), backup, file)
        steps.reporter.confirm(
            f"Replace all accounts and tasks in namespace `{steps.settings.namespace}` by those of `{path}`, "
            f"from namespace `{backup.about.namespace}` at {backup.about.created_at}?"
        )
        with steps.locked("restore"):
            # Once more: before the answer another run may have given the app another database.
            _replace(steps, require_postgres(steps), backup, file)
    return backup


def _decode(steps: Steps, postgres: Postgres, backup: Backup, file: BinaryIO) -> None:
    try:
        postgres.decode(counted(steps, "read", backup.dump(file), backup.length), backup.length)
    except ExecError as error:
        raise ArchiveError(
            "backup.not-restorable",
            f"`{file.name}` cannot be restored here, and nothing was done with it",
            because=f"pg_restore says: {error.because}",
            hint=f"it was made with Postgres {backup.about.postgres}: that version or a newer one can read it",
            details=error.details,
        ) from error


def _replace(steps: Steps, postgres: Postgres, backup: Backup, file: BinaryIO) -> None:
    cluster, namespace = steps.cluster, steps.settings.namespace
    try:
        with steps.reporter.step("Stop"):
            pause.stop(cluster, namespace, steps.deadline())
        with steps.reporter.step("Restore"):
            postgres.replace(counted(steps, "restored", backup.dump(file), backup.length), backup.length)
    finally:
        pause.start(cluster, namespace)
    with steps.reporter.step("Start"):
        live = [
            item
            for kind in (kinds.DEPLOYMENT, kinds.HORIZONTAL_POD_AUTOSCALER)
            for item in cluster.list(kind, namespace, labels=manifests.PART_OF)[0]
        ]
        if live:
            steps.wait([applied(item) for item in live])
