"""Compare version numbers as programs print them. Pure."""

from __future__ import annotations

import re


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers: `v1.35.4-gke.100` is (1, 35, 4), `20.10.24+dfsg1` is (20, 10, 24), `dev` is ()."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, match[1].split("."))) if match else ()


def at_least(version: str, wanted: str) -> bool:
    """Tell whether `version` is `wanted` or newer. A pre-release counts as its release; no number counts as old."""
    found, least = numbers(version), numbers(wanted)
    width = max(len(found), len(least))
    return bool(found) and _padded(found, width) >= _padded(least, width)


def _padded(version: tuple[int, ...], width: int) -> tuple[int, ...]:
    return version + (0,) * (width - len(version))
