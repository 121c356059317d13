"""Name every platform's optional packages in the frontend's npm lock: `python3 locks/complete_npm_lock.py`.

npm from 11.12 on refuses a lock that lacks one, and `npm install` leaves out those that its registry does not have.
What is added here has no hash, and is never installed on the platforms of the image.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "app" / "frontend" / "package-lock.json"


def missing(packages: dict[str, Any]) -> dict[str, Any]:
    """Return the entries that the lock lacks: key → entry. A name ends in its platform: `swc-darwin-arm64`."""
    found = {}
    for package in packages.values():
        for name, version in package.get("optionalDependencies", {}).items():
            platform = re.search(r"-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)", name)
            if f"node_modules/{name}" not in packages and platform:
                entry: dict[str, Any] = {"version": version, "cpu": [platform[2]]}
                entry |= {"dev": True} if package.get("dev") else {}
                entry |= {"optional": True, "os": [platform[1]]}
                entry |= {"libc": ["musl" if "musl" in name else "glibc"]} if platform[1] == "linux" else {}
                found[f"node_modules/{name}"] = entry
    return found


if __name__ == "__main__":
    lock = json.loads(LOCK.read_text("utf-8"))
    lock["packages"] = dict(sorted((lock["packages"] | missing(lock["packages"])).items()))
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
