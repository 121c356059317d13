"""What docs/errors.md says of a check, and of an error by its id: the zipapp has the page, and no other."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache

from todoctl import payload
from todoctl.errors import UsageError

_SECTION = re.compile(r"^##+ (?P<head>[^\n]+)\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(
    r"^\| (?P<ids>`[^|]+`) \| (?P<codes>[\d, ]+) \| (?P<means>[^|]+) \| ?(?P<do>[^|]*?) ?\|$", re.MULTILINE
)
_ANY = "REASON"
"""What ends the id of the row that is for whatever another program names so."""
_SLIP = 0.9
"""How like another id (see difflib) one that such a row may be for has to be, to be a slip of the other: a letter."""


@dataclass(frozen=True)
class Row:
    """What the page's table says of an error: its exit codes, what it means, and what to do beyond its own hint."""

    exit_codes: tuple[int, ...]
    means: str
    do: str

    def __str__(self) -> str:
        """Return it as an entry of the page has it."""
        codes = " or ".join(map(str, self.exit_codes))
        do = f"\n- **Do:** {self.do}." if self.do else ""
        return f"an error, exit code {codes}\n- **Means:** {self.means}.{do}"


def entries() -> dict[str, str]:
    """Return what the page has under each check's id, in its order."""
    return {head.strip("`"): text for head, text in _sections().values() if head.startswith("`")}


def errors() -> dict[str, Row]:
    """Return the rows of the page's table by the errors' ids, in its order."""
    found: dict[str, Row] = {}
    for row in _ROW.finditer(_page()):
        ids = re.findall(r"`(.+?)`", row["ids"])
        codes = tuple(map(int, row["codes"].split(", ")))
        for id_, own in zip(ids, [(code,) for code in codes] if len(ids) > 1 else [codes], strict=True):
            found[id_] = Row(own, row["means"], row["do"])
    return found


def explain(id_: str) -> str:
    """Return what the page says of a check or an error, with the sections that this refers to, as plain text.

    Raises UsageError where nothing has that id.
    """
    texts = [f"{id_}: {text}" for text in _about(id_)]
    sections, told = _sections(), {_anchor(f"`{id_}`")}
    for text in texts:  # it grows: what a section refers to is told as well
        for anchor in re.findall(r"\]\(#([^)]+)\)", text):
            if anchor not in told:
                told.add(anchor)
                head, section = sections[anchor]
                texts.append(f"{head.strip('`')}: {section}")
    return "\n\n".join(map(_plain, texts))


def _about(id_: str) -> list[str]:
    """Return what the page says of an id: as a check's, as an error's, or both. Raises UsageError."""
    checks, rows = entries(), errors()
    if found := [str(known[id_]) for known in (checks, rows) if id_ in known]:
        return found
    of_any = [row for name, row in rows.items() if name.endswith(_ANY) and id_.startswith(name.removesuffix(_ANY))]
    close = difflib.get_close_matches(id_, [*checks, *rows], n=3, cutoff=_SLIP if of_any else 0.6)
    if of_any and not close:
        return [str(of_any[0])]
    closest = " or ".join(f"`{one}`" for one in close)
    raise UsageError(
        "doctor.no-check",
        f"no check and no error has the id `{id_}`",
        hint=f"did you mean {closest}?"
        if close
        else "`todoctl doctor -o json` lists the ids of checks; with `-o json` a verb that fails has `error.id`",
    )


def _plain(text: str) -> str:
    """Return a text without what is for Markdown alone."""
    text = re.sub(r"^- \*\*`?(.*?)`?:\*\*", r"\1:", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]+)\]\((https?://[^)]+)\)", r"\1 (\2)", text)
    text = re.sub(r"\[([^\]]+)\]\(#[^)]*\)", r"\1", text)
    return re.sub(r"^(\S+: )?\*(.*)\*$", r"\1\2", text, count=1, flags=re.MULTILINE)


def _sections() -> dict[str, tuple[str, str]]:
    """Return the page's sections, each with its head, by what a link to it says."""
    return {_anchor(found["head"]): (found["head"], found["text"].strip()) for found in _SECTION.finditer(_page())}


def _anchor(head: str) -> str:
    return re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")


@cache
def _page() -> str:
    return (payload.root() / "docs" / "errors.md").read_text("utf-8")
