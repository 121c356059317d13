"""What docs/errors.md says of a check: the zipapp has the page too."""

from __future__ import annotations

import difflib
import re

from todoctl import payload
from todoctl.errors import UsageError

_ENTRY = re.compile(r"^### `(?P<id>[^`\n]+)`\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def entries() -> dict[str, str]:
    """Return what the page has under each check's id, in its order."""
    page = (payload.root() / "docs" / "errors.md").read_text("utf-8")
    return {found["id"]: found["text"].strip() for found in _ENTRY.finditer(page)}


def explain(check: str) -> str:
    """Return a check's entry without what is for Markdown alone. Raises UsageError where there is no such check."""
    known = entries()
    if check not in known:
        close = difflib.get_close_matches(check, known, n=1)
        raise UsageError(
            "doctor.no-check",
            f"there is no check `{check}`",
            hint=f"did you mean `{close[0]}`?" if close else "`todoctl doctor -o json` has the id of each",
        )
    plain = re.sub(r"^- \*\*`?(.*?)`?:\*\*", r"\1:", known[check], flags=re.MULTILINE)
    plain = re.sub(r"\[([^\]]+)\]\((https?://[^)]+)\)", r"\1 (\2)", plain)
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1 (in docs/errors.md)", plain)
    return f"{check}: " + re.sub(r"^\*(.*)\*$", r"\1", plain, count=1, flags=re.MULTILINE)
