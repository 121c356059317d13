"""The way in, from a clone (`python3 -m todoctl`) and from the zipapp."""

from todoctl.startup import require_python


def main() -> int:
    """Run todoctl on this process's arguments and return its exit code."""
    require_python()
    from todoctl.cli.main import main as run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
