"""Keep secrets out of what is told or kept: errors, logs, reports."""

from __future__ import annotations

import re

_SECRETS = (
    # A URL's password, an Authorization header, an OpenAI key, a JWT, and whatever is called a password or a token.
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]+(?=@)", re.IGNORECASE), r"\g<keep>***"),
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE), r"\g<keep>***"),
    (re.compile(r"\bsk-[\w-]{12,}"), "***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "***"),
    (
        re.compile(
            r"(?P<keep>[\"']?\w*(?:password|passwd|secret|token|api_?key)\w*[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}]+)",
            re.IGNORECASE,
        ),
        r"\g<keep>***",
    ),
)


def mask(text: str) -> str:
    """Return the text with everything that looks like a secret replaced by `***`."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
