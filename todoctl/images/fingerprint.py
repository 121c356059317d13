"""A tag made from everything that decides an image, so that nothing unchanged is built, sent or rolled."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from todoctl.images.dockerignore import Dockerignore, files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

    from todoctl.images.image import Image

_LENGTH = 12


def fingerprint(image: Image, root: Path, *, platform: str, labels: Mapping[str, str]) -> str:
    """Return 12 hex digits of the SHA-256 over the image's build inputs under the payload's root.

    These are the Dockerfile, the labels and the platform (such as `linux/amd64`) it is built with, and each context
    file's path and content. The ignore file decides through the files that it lets in. File modes are left out, as
    Windows and zip files have none: the build sends every file with the same mode. Line endings count as they are;
    `.gitattributes` keeps them the same in every clone. What the Dockerfile itself fetches (a base image's tag that
    moved) is not an input.

    Raises ValueError when the ignore file has rules beyond the known grammar.
    """
    inputs = [
        ("platform", platform, ""),
        ("dockerfile", "", _sha256(root / image.dockerfile)),
        *(("label", name, value) for name, value in sorted(labels.items())),
        *(("file", path.as_posix(), _sha256(root / image.context / path)) for path in sources(image, root)),
    ]
    # JSON keeps the fields apart: no two different lists of inputs give the same text.
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:_LENGTH]


def sources(image: Image, root: Path) -> tuple[PurePosixPath, ...]:
    """List the files of the image's context that its ignore file lets in, relative to the context."""
    ignore = Dockerignore((root / image.ignore_file).read_text(encoding="utf-8"))
    return files(root / image.context, ignore)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
