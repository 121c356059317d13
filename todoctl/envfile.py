"""Read `--env-file`: lines of KEY=VALUE, with secrets in them that no error may repeat."""

from __future__ import annotations

import re

from todoctl.errors import UsageError

KEYS = ("OPENAI_API_KEY", "DATABASE_URL")
"""What an env file may set."""

_LINE = re.compile(r"(?:export\s+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)", re.DOTALL)
_NAME = re.compile(r"[A-Z][A-Z_]*")
_BARE_END = re.compile(r"\s+#.*")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def parse_env_file(text: str) -> dict[str, str]:
    """Return the values of an env file's keys.

    A line is `KEY=value`, with `export ` before it if you like; blank lines and lines that start with `#` count for
    nothing. A value without quotes ends before ` #`; in single quotes everything is itself; in double quotes
    backslashes escape. Nothing is expanded. A key without a value counts as not set; of a key that comes twice the
    last counts. A byte order mark and CRLF do no harm.

    Raises UsageError for a line that is none of this or sets a key that todoctl does not know. It names the line and
    the key, never the value.
    """
    values: dict[str, str] = {}
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _malformed(number, "it is not KEY=value")
        key = match["key"]
        if key not in KEYS:
            # What does not look like a name may be a piece of a secret.
            raise _malformed(
                number, f"there is no setting {key}" if _NAME.fullmatch(key) else "there is no such setting"
            )
        value = _unquote(match["value"], number)
        if value:
            values[key] = value
        else:
            values.pop(key, None)
    return values


def _unquote(value: str, number: int) -> str:
    quote = value[:1]
    if quote not in ("'", '"'):
        return _BARE_END.sub("", value) if not value.startswith("#") else ""
    parts: list[str] = []
    position = 1
    while position < len(value) and value[position] != quote:
        if quote == '"' and value[position] == "\\" and position + 1 < len(value):
            position += 1
            parts.append(_ESCAPES.get(value[position], "\\" + value[position]))
        else:
            parts.append(value[position])
        position += 1
    rest = value[position + 1 :].strip()
    if position >= len(value):
        raise _malformed(number, "its quote does not end")
    if rest and not rest.startswith("#"):
        raise _malformed(number, "there is something after the closing quote")
    return "".join(parts)


def _malformed(number: int, because: str) -> UsageError:
    return UsageError(
        "usage.env-file",
        f"line {number} of the env file cannot be used",
        because=because,
        hint=f"write one KEY=value a line; the keys are {' and '.join(KEYS)}",
    )
