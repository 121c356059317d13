from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from todoctl.images.image import Image


@dataclass(frozen=True)
class Sources:
    """A payload of one small image, with a name of its own."""

    root: Path
    image: Image

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    image = Image(f"t-images-{uuid.uuid4().hex[:8]}", "dockerfiles/app.Dockerfile", "app")
    made = Sources(tmp_path / "payload", image)
    made.write("dockerfiles/app.Dockerfile", "FROM scratch\nCOPY . /\n")
    made.write("dockerfiles/app.Dockerfile.dockerignore", "*\n!src\n")
    made.write("app/src/main.py", "print('hello')\n")
    made.write("app/src/deep/other.py", "x = 1\n")
    made.write("app/.env", "SECRET=1\n")
    yield made
    listed = subprocess.run(["docker", "image", "ls", "-q", image.name], capture_output=True, check=False, text=True)
    for found in set(listed.stdout.split()):
        subprocess.run(["docker", "image", "rm", "-f", found], capture_output=True, check=False)
