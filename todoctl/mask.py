"""Keep secrets out of what is told or kept: errors, logs, reports."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_SHORTEST, _LINE, _ENCODED = 4, 16, 6

_SECRETS = (
    # A URL's password, an Authorization header, an OpenAI key, a JWT or other JSON in base64, and whatever is called a
    # password or a token. A line may be as long as a log: from no two beginnings is the same stretch looked through for
    # an end that may not come. So a URL's scheme does not matter, nor what a name begins with, and where that ends is
    # looked for near by; what begins as a JWT is masked however it goes on.
    (re.compile(r"(?P<keep>://[^\s:/@]*:)[^\s/]+(?=@)"), r"\g<keep>***"),
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE), r"\g<keep>***"),
    (re.compile(r"\bsk-[\w-]{12,}"), "***"),
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]+)*"), "***"),
    # A bootstrap token of Kubernetes, such as `kubeadm join` takes; and what a program is given beside an option.
    # https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format
    (re.compile(r"(?<![\w.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w-])"), "***"),
    (
        re.compile(
            r"(?P<keep>(?<![\w-])--(?:[a-z]+-){0,3}(?:password|token|api-key|certificate-key)[ =]+)"
            r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'`]+)"
        ),
        r"\g<keep>***",
    ),
    # What `docker login` keeps: `name:password` in base64, in JSON that may be within a text itself.
    (re.compile(r"(?P<keep>\"auth\\{0,7}\"\s*:\s*)\\{0,7}\"[^\"]*\""), r'\g<keep>"***"'),
    (
        re.compile(
            r"(?P<keep>(?:password|passwd|secret|token|api[_-]?key)\w{0,64}[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}]+)",
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


def hide(text: str, values: Iterable[str]) -> str:
    """Return the text with these values replaced by `***`, whatever form they are in (see `forms`)."""
    known = {form for value in values for form in forms(value)}
    for form in sorted(known, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


@functools.lru_cache(maxsize=1024)
def forms(value: str) -> frozenset[str]:
    """Return a value as it is, as it looks in JSON, in URLs and in base64, and the lines of one that has several.

    In base64 it is also found within something longer: what precedes it shifts it by none, one or two bytes, and what
    then depends on its neighbours is left out. A form that is too short to be told from other text is none.
    """
    found = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    found |= {quote(value, safe=""), quote(value), quote_plus(value)}
    found |= {line.strip() for line in value.splitlines() if len(line.strip()) >= _LINE}
    raw = value.encode("utf-8", "surrogateescape")
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        bits = 8 * (shift + len(raw))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(bytes(shift) + raw).decode()[skipped : bits // 6]
            if len(encoded) >= _ENCODED:
                found.add(encoded)
    return frozenset(form for form in found if len(form) >= _SHORTEST)
