"""Remember which config digest an engine's image has, so that a second install needs to save nothing."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from pathlib import Path

_KEPT = 100


class ConfigDigests:
    """A small file of `engine image ID → config digest`.

    Both sides are made from the image's content, so an entry never goes stale. A file that cannot be read or written
    costs one more transfer and nothing else. Safe to use from several threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def of(self, image_id: str) -> frozenset[str]:
        """Return the config digests that this engine image may have, the ID itself among them.

        Docker's own image store uses the config digest as the ID; a manifest's digest never equals a config's.
        """
        remembered = self._read().get(image_id)
        return frozenset({image_id, remembered} if remembered else {image_id})

    def remember(self, image_id: str, config_digest: str) -> None:
        """Write down a digest that was seen in the image's own archive."""
        with self._lock:
            entries = {**self._read(), image_id: config_digest}
            kept = dict(list(entries.items())[-_KEPT:])
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                # Replaced as a whole: another todoctl may be reading.
                handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(kept, file)
                Path(temporary).replace(self._path)

    def _read(self) -> dict[str, str]:
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}
