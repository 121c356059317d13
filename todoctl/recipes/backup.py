"""`backup`: everything that the app's own Postgres holds, in one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from todoctl import __version__, newfile, secrets
from todoctl.adapters import kinds
from todoctl.database import backupfile
from todoctl.database.backupfile import About, Backup
from todoctl.database.postgres import Postgres
from todoctl.steps import Steps

BACKEND = "todo-backend"

_ABOUT = """\
SELECT current_setting('server_version');
SELECT 'SELECT version_num FROM public.alembic_version' WHERE to_regclass('public.alembic_version') IS NOT NULL \\gexec
"""


def backup(steps: Steps, path: Path) -> Backup:
    """Dump the database into a file, and read it back through pg_restore: what is there then can be restored.

    Changes nothing in the cluster. Asks before it overwrites a file. Works without the Secrets, too. Raises
    PreflightError where the database is elsewhere or does not run, UsageError, ConsentError and ClusterError.
    """
    postgres = Postgres(steps.cluster, steps.settings.namespace, steps.deadline)
    held = secrets.values(steps.cluster, steps.settings.namespace, secrets.APP)
    postgres.require(held.get(secrets.DATABASE_URL))
    newfile.ask(path, steps.reporter)
    with backupfile.creating(path) as file:
        with steps.reporter.step("Dump"):
            backupfile.write(file, _about(steps, postgres), counted(steps, "dumped", postgres.dump()))
        with steps.reporter.step("Check"):
            written = backupfile.check(file)
            postgres.decode(counted(steps, "read back", written.dump(file), written.length), written.length)
    return written


def counted(steps: Steps, label: str, chunks: Iterable[bytes], total: int | None = None) -> Iterator[bytes]:
    """Hand chunks on, and tell how many bytes that were."""
    done = 0
    for chunk in chunks:
        done += len(chunk)
        steps.reporter.progress(label, done, total, "B")
        yield chunk


def _about(steps: Steps, postgres: Postgres) -> About:
    namespace = steps.settings.namespace
    version, *revision = postgres.sql(_ABOUT)
    backend = steps.cluster.get(kinds.DEPLOYMENT, BACKEND, namespace)
    return About(
        created_at=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        todoctl=__version__,
        namespace=namespace,
        image=backend["spec"]["template"]["spec"]["containers"][0]["image"] if backend else "",
        revision="".join(revision),
        postgres=version.partition(" ")[0],
    )
