"""The roles that the app signs in as, and the SQL that changes them. Pure.

Role `todo` owns the database and everything in it. It is also the first that the app signs in as. A role has one
password, so a new one is given to another role: `todo_a` and `todo_b` take turns. Both are members of `todo`, and act
as it from the moment they sign in, so what they make is `todo`'s.
"""

from __future__ import annotations

from collections.abc import Collection

from todoctl.database.url import OWNER

TURNS = ("todo_a", "todo_b")
ADMIN = "postgres"

ABLE = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname IN ('todo', 'todo_a', 'todo_b');"
"""Lists the app's roles that can sign in."""

# A failed statement would be logged, and so would a slow one: with the password in it.
_UNLOGGED = """\
SET log_min_error_statement = 'panic';
SET log_statement = 'none';
SET log_min_duration_statement = -1;
"""


def next_turn(able: Collection[str], current: str | None) -> str:
    """Return the role to sign in as next: one that cannot yet, or at least is not the `current` one.

    Where none is free (`none_free`), pods of before may still sign in as it.
    """
    for role in TURNS:
        if role not in able:
            return role
    return next(role for role in TURNS if role != current)


def none_free(able: Collection[str], current: str) -> bool:
    """Tell whether a rotation to the `current` role was killed while all who take turns could sign in."""
    return {current, *TURNS} <= set(able)


def admit(role: str, password: str, admin_password: str) -> str:
    """Return the SQL that lets a role sign in and act as the owner, and sets the admin's password."""
    return f"""\
{_UNLOGGED}
BEGIN;
SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
GRANT {OWNER} TO {role};
ALTER ROLE {role} LOGIN PASSWORD {_literal(password)};
ALTER ROLE {role} SET role = '{OWNER}';
ALTER ROLE {ADMIN} PASSWORD {_literal(admin_password)};
COMMIT;
"""  # noqa: S608 - names and passwords of our own


def dismiss_all_but(role: str) -> str:
    """Return the SQL that keeps the app's other roles from signing in, and ends what sessions they have."""
    others = ", ".join(f"'{one}'" for one in (OWNER, *TURNS) if one != role)
    return f"""\
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname) FROM pg_roles WHERE rolname IN ({others}) \\gexec
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN ({others});
"""  # noqa: S608 - names of our own


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
