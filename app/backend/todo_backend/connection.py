"""How this app connects to Postgres, be it to serve or to migrate."""

from typing import Any, Final

from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

CONNECT_SECONDS: Final = 5


def connect_args(url: SecretStr, *, statement_seconds: int) -> dict[str, Any]:
    """Return what psycopg connects with: the URL as libpq reads it, and where it is silent, bounds.

    So `sslmode` and its like mean what the Postgres documentation says, and no engine's URL holds a password. The
    keepalives notice a server that vanished without a word after about half a minute.
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
    return {**bounds, **given, "options": options}
