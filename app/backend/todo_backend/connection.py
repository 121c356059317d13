"""How this app connects to Postgres, be it to serve or to migrate."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

CONNECT_SECONDS: Final = 5


def connect_args(url: SecretStr, *, statement_seconds: int) -> dict[str, Any]:
    """Return what psycopg connects with: the URL as libpq reads it, and where it is silent, bounds.

    So `sslmode` and its like mean what the Postgres documentation says, and no engine's URL holds a password. The
    keepalives notice a server that vanished without a word after about half a minute. The frontend is held to the same
    by app/contract/sslmode.json.
    """
    given = conninfo_to_dict(url.get_secret_value())
    bounds = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "todo-backend",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    options = f"-c statement_timeout={statement_seconds}s -c timezone=UTC {given.get('options', '')}"
    return {**bounds, **_root_certificate(given), **given, "options": options}


def _root_certificate(given: Mapping[str, Any]) -> dict[str, str]:
    """Say whom to trust where the server's certificate is to be verified and the URL does not say.

    libpq would look in a home folder, which this container has not: here it is the file of DATABASE_CA_FILE, where it
    is there, and else the system's CAs.
    """
    if given.get("sslmode") not in {"verify-ca", "verify-full"}:
        return {}
    file = os.environ.get("DATABASE_CA_FILE", "")
    return {"sslrootcert": file if file and Path(file).is_file() else "system"}
