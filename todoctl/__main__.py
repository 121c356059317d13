"""The way in, from a clone (`python3 -m todoctl`) and from the zipapp."""

import signal

from todoctl.startup import require_python

INTERRUPTED = 130  # ExitCode.INTERRUPTED, which is not imported yet when Ctrl-C comes early


def main() -> int:
    """Run todoctl on this process's arguments and return its exit code, after which Ctrl-C changes nothing any more."""
    require_python()
    try:
        from todoctl.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        # The interpreter's own end is short, but to be interrupted there would end it by the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    raise SystemExit(main())
