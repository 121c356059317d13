"""The way in, from a clone (`python3 -m todoctl`) and from the zipapp."""

import signal

from todoctl.startup import INTERRUPTED, end_interrupted, require_python


def main() -> int:
    """Run todoctl on this process's arguments and return its exit code, after which Ctrl-C changes nothing any more.

    What was interrupted is ended here, with its exit code.
    """
    require_python()
    try:
        from todoctl.cli.main import main as run

        code = run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        # The interpreter's own end is short, but to be interrupted there would end it by the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if code == INTERRUPTED:
        end_interrupted()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
