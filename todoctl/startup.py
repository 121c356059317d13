"""What happens before anything else is imported.

Parses on Python 3.6, so that who has an old one is told so, and not shown a traceback. The zipapp carries a copy of
this file beside its launcher.
"""

import sys
from typing import NoReturn

MINIMUM = (3, 10)
PREFLIGHT = 4  # ExitCode.PREFLIGHT, which an old Python cannot import


def require_python() -> None:
    """End with exit code 4 and an explanation on a Python that todoctl does not run on."""
    if sys.version_info[:2] < MINIMUM:
        refuse(
            "todoctl needs Python {}.{} or newer".format(*MINIMUM),
            "`{}` is Python {}.{}".format(sys.executable, *sys.version_info[:2]),
            "run it with a newer one, such as `python3.12 {}`".format(sys.argv[0]),  # noqa: UP032 - as the others
        )


def refuse(what: str, because: str, hint: str) -> NoReturn:
    """Write one error to stderr, in the form of every other, and end with exit code 4."""
    sys.stderr.write(f"error: {what}\n  because: {because}\n\nhint: {hint}\n")
    sys.exit(PREFLIGHT)
