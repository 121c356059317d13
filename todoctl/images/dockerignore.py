"""Which files of a build context reach the image: Docker's ignore rules, for the grammar that allow-lists need.

The rules are those of https://docs.docker.com/build/concepts/context/#dockerignore-files: each line is a pattern
matched against the path and all its parent folders, `!` makes it an exception, the last line that matches decides.
Docker 20.10 and later agree on what is written in this grammar; anything beyond it is refused rather than guessed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_BEYOND = re.compile(r"[?\[\]\\]|(?<![^/])\.\.(?![^/])|[^/]\*\*|\*\*[^/]")


@dataclass(frozen=True)
class _Rule:
    exception: bool
    parts: tuple[str, ...]
    matches: re.Pattern[str]


class Dockerignore:
    """The rules of one ignore file.

    Raises ValueError, naming the line, for what is beyond the grammar: `*` within one part of the path, `**` as a whole
    part, `!`, and `#` comments. An exception may have them in its last part only, since Docker before 23 does not look
    for exceptions in ignored folders that the exception does not name.
    """

    def __init__(self, text: str) -> None:
        self._rules = tuple(
            _rule(number, line.strip())
            for number, line in enumerate(text.removeprefix("\N{BYTE ORDER MARK}").splitlines(), start=1)
            if line.strip() and not line.startswith("#")
        )

    def ignores(self, path: str) -> bool:
        """Tell whether this path (POSIX, relative to the context) stays out, be it a file or a folder."""
        parts = path.split("/")
        prefixes = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        ignored = False
        for rule in self._rules:
            if ignored == rule.exception and any(rule.matches.fullmatch(prefix) for prefix in prefixes):
                ignored = not rule.exception
        return ignored

    def enters(self, folder: str) -> bool:
        """Tell whether anything below this folder can be in: it is not ignored, or an exception names a path in it."""
        parts = tuple(folder.split("/"))
        return not self.ignores(folder) or any(
            rule.exception and len(rule.parts) > len(parts) and rule.parts[: len(parts)] == parts
            for rule in self._rules
        )


def files(context: Path, ignore: Dockerignore) -> tuple[PurePosixPath, ...]:
    """List a context's files, relative to it, in the order of their POSIX paths.

    Ignored folders are not walked, so a `node_modules` costs nothing. Raises ValueError for a symbolic link that is not
    ignored: Windows clones and zip files do not carry them, so the same sources would give different images.
    """
    found: list[str] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(context / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if ignore.enters(path):
                        folders.append(path)
                elif not ignore.ignores(path):
                    if entry.is_symlink():
                        raise ValueError(f"`{path}` is a symbolic link, which a build context cannot carry everywhere")
                    found.append(path)
    return tuple(PurePosixPath(path) for path in sorted(found))


def _rule(number: int, line: str) -> _Rule:
    exception = line.startswith("!")
    parts = tuple(part for part in line.removeprefix("!").strip().split("/") if part not in ("", "."))
    pattern = "/".join(parts)
    if not parts or _BEYOND.search(pattern):
        raise ValueError(f"line {number}: `{line}` is beyond the ignore rules that todoctl knows")
    if exception and any("*" in part for part in parts[:-1]):
        raise ValueError(f"line {number}: `{line}` has a wildcard before its last part, which older Dockers ignore")
    return _Rule(exception, parts, re.compile(_expression(parts), re.DOTALL))


def _expression(parts: tuple[str, ...]) -> str:
    """Translate as moby/patternmatcher does: `**/` is any number of folders, also none; a last `**` is all below."""
    *folders, last = ("[^/]*".join(re.escape(piece) for piece in part.split("*")) for part in parts)
    translated = "".join("(?:.*/)?" if part == "**" else f"{name}/" for part, name in zip(parts, folders, strict=False))
    return translated + (".*" if parts[-1] == "**" else last)
