"""Write a dump of the newest schema with data in it, for the tests of migrations: `<revision>.sql` in this folder.

It loads the newest dump there is, migrates it to head, runs the SQL on stdin, which adds rows to what is new, and dumps
the whole. Run it from app/backend with the tests' Python: `python tests/schemas/make_dump.py < rows.sql`. A dump that
is there is what a release left behind: it is never made again.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from postgres import new_server, url  # noqa: E402 - after the path to it

from todo_backend import schema  # noqa: E402
from todo_backend.migrate import migrate  # noqa: E402
from todo_backend.settings import MigrateSettings  # noqa: E402


def dump(database: str) -> str:
    """Return the database as SQL that any client can run: no psql commands, no settings of this server's version."""
    parts = urlsplit(database)
    [program] = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))[-1:]
    command = [
        program,
        "--inserts",
        "--no-owner",
        "--no-privileges",
        f"--host={parts.hostname}",
        f"--port={parts.port}",
    ]
    command += [f"--username={parts.username}", f"--dbname={parts.path.strip('/')}"]
    environment = {"PGPASSWORD": unquote(parts.password or "")}
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    kept = [
        line
        for line in text.splitlines()
        if line and not line.startswith(("--", "SET ", "SELECT pg_catalog.set_", "\\"))
    ]
    return "\n".join(kept) + "\n"


def main() -> None:
    """Make the dump."""
    target = HERE / f"{schema.HEAD}.sql"
    if target.exists():
        sys.exit(f"{target.name} is there already")
    with tempfile.TemporaryDirectory(prefix="todo-backend-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        server = new_server(Path(name))
        if server is None:
            sys.exit("needs a Postgres, as the tests do")
        server.start()
        try:
            database = url(server.port, "postgres")
            with psycopg.connect(database, autocommit=True) as connection:
                for earlier in sorted(HERE.glob("0*.sql"))[-1:]:
                    connection.execute(earlier.read_bytes())
                migrate(MigrateSettings.model_validate({"database_url": database}))
                connection.execute(sys.stdin.buffer.read())
            target.write_text(dump(database), encoding="utf-8")
        finally:
            server.remove()


if __name__ == "__main__":
    main()
