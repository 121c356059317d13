"""What todoctl brings along: the app's source, its Dockerfiles, the chart and the rendered manifests."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_payload"  # build_zipapp.py puts it there


def root() -> Path:
    """Return the folder with `app/`, `dockerfiles/` and `bundled_manifests/`: the clone's, or the zipapp's copy."""
    return _BUNDLED if _BUNDLED.is_dir() else _PACKAGE.parent
