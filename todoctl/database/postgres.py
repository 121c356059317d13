"""The Postgres that comes with the app, over the socket inside its pod: there the OS user postgres needs no password.

SQL goes through stdin, so what it says is in no list of processes and in no request's URL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from todoctl.adapters import kinds
from todoctl.adapters.exec import Execution
from todoctl.adapters.kubernetes import Cluster
from todoctl.database.url import DATABASE, OWNER, SERVICE, external_port
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, PreflightError, TodoctlError

POD = f"{SERVICE}-0"
CONTAINER = "postgres"

# Terse, so that no error quotes the statement that it is about.
_PSQL = (
    *("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
    *("--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse", f"--dbname={DATABASE}"),
)
_DUMP = ("pg_dump", "--format=custom", "--no-owner", "--no-acl", "--lock-wait-timeout=30s", f"--dbname={DATABASE}")
_DECODE = ("pg_restore", "--file=/dev/null")

# What is there goes with all that the dump does not have, and what comes is the owner's. Whoever is still connected
# goes first, and would wait for the locks otherwise.
_BEFORE = f"""\
BEGIN;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';
GRANT USAGE ON SCHEMA public TO PUBLIC;
SET ROLE {OWNER};
"""  # noqa: S608 - names of our own
_RESTORED = "restored"
_AFTER = f"COMMIT; SELECT '{_RESTORED}';"
_BROKEN = "DO $$ BEGIN RAISE EXCEPTION 'the dump did not come to its end'; END $$;"
# COMMIT comes only from here, after the whole dump: where anything ends early, psql finds none, and all is undone.
_REPLACE = """\
before=$1 after=$2 broken=$3
shift 3
{
  printf '%s\\n' "$before"
  if pg_restore --no-owner --no-acl --file=-; then printf '%s\\n' "$after"; else printf '%s\\n' "$broken"; fi
} | "$@"
"""

# A connection that is lost ends neither psql nor its transaction: by this name it is found and ended.
_RESTORING = "todoctl-restore"
_STOP_SECONDS = 20
_STOP = f"""\
SELECT pg_terminate_backend(pid, {_STOP_SECONDS // 2 * 1000}) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = '{_RESTORING}';
"""  # noqa: S608 - names of our own


class Postgres:
    """The pod's Postgres. Each call has a deadline of its own, made by `deadline`; all raise ClusterError."""

    def __init__(self, cluster: Cluster, namespace: str, deadline: Callable[[], Deadline]) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._deadline = deadline

    def require(self, database_url: str | None) -> None:
        """Raise PreflightError unless the app's database is this one, and it runs.

        `database_url` is the app's, where it is known. Raises SecretsError where that is no URL.
        """
        if database_url is not None and external_port(self._namespace, database_url) is not None:
            raise PreflightError(
                "database.elsewhere",
                "the database of this installation is not the one that comes with the app",
                because="DATABASE_URL leads elsewhere",
                hint="use the tools that come with that database; `todoctl secrets set database-url` tells the app, "
                "and `todoctl secrets unset database-url` has it use its own database again",
            )
        if not self.ready():
            raise PreflightError(
                "database.not-ready",
                f"the database in namespace `{self._namespace}` does not run",
                because=f"pod `{POD}` is not there, or not Ready",
                hint="look at `todoctl status`; `todoctl install` brings it up",
            )

    def ready(self) -> bool:
        """Tell whether the pod is Ready."""
        pod = self._cluster.get(kinds.POD, POD, self._namespace) or {}
        conditions = (pod.get("status") or {}).get("conditions") or ()
        going = "deletionTimestamp" in pod.get("metadata", {})
        return not going and any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def sql(self, text: str, *, within: float | None = None) -> list[str]:
        """Run SQL as the admin, and return the lines that it answers: columns are joined by `|`."""
        content = text.encode()
        with self._run(_PSQL, [content], len(content), within) as running:
            return b"".join(running).decode().splitlines()

    def dump(self) -> Iterator[bytes]:
        """Yield a dump of the app's database, in pg_dump's custom format: one moment of it, while the app goes on."""
        with self._run(_DUMP) as running:
            yield from running

    def decode(self, dump: Iterable[bytes], length: int) -> None:
        """Read a whole dump as a restore would, and do nothing with it. Raises ExecError where that fails."""
        with self._run(_DECODE, dump, length) as running:
            for _ in running:
                pass

    def replace(self, dump: Iterable[bytes], length: int) -> None:
        """Put a dump in the place of all that the app's database holds, in one transaction: wholly or not at all.

        Where this raises, the transaction does not go on in the pod, unless the pod cannot be reached.
        """
        argv = ("sh", "-c", _REPLACE, "sh", _BEFORE, _AFTER, _BROKEN, "env", f"PGAPPNAME={_RESTORING}", *_PSQL)
        try:
            with self._run(argv, dump, length) as running:
                said = b"".join(running).decode().splitlines()
        except BaseException:
            with suppress(TodoctlError):
                self.sql(_STOP, within=_STOP_SECONDS)
            raise
        if said[-1:] != [_RESTORED]:
            raise ClusterError(
                "database.not-restored",
                "the dump was not restored, and the database is as it was",
                because="the transaction did not come to its end",
                hint="run the command again",
            )

    def _run(
        self, argv: Sequence[str], stdin: Iterable[bytes] = (), length: int = 0, within: float | None = None
    ) -> Execution:
        deadline = self._deadline() if within is None else self._deadline().within(within)
        return self._cluster.execute(
            self._namespace, POD, CONTAINER, argv, stdin=stdin, stdin_length=length, deadline=deadline
        )
