"""What happens before anything else is imported, and after all else was interrupted.

Parses on Python 3.6, so that who has an old one is told so, and not shown a traceback. The zipapp carries a copy of
this file beside its launcher.
"""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import NoReturn

MINIMUM = (3, 10)
PREFLIGHT = 4  # ExitCode.PREFLIGHT, which an old Python cannot import
INTERRUPTED = 130  # ExitCode.INTERRUPTED, which may not be imported yet when Ctrl-C comes


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


def end_interrupted() -> NoReturn:
    """End with exit code 130, after all that the interpreter does in its end.

    Left to itself it would end the zipapp by the signal, which a parent sees as -2, if Ctrl-C came while a string was
    executed, as a dataclass is made by one: also where it was caught then. That is `unhandled_keyboard_interrupt` in
    https://github.com/python/cpython/blob/v3.13.0/Python/pythonrun.c
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 - as the standard library's multiprocessing does
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # it cannot be written any more, or was closed before todoctl began
            stream.flush()
    os._exit(INTERRUPTED)
