"""Known values do not show, whatever form they are in."""

import base64
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from todoctl.mask import hide

VALUE = 'p4ss w0rd/ü"<&>+='


@pytest.mark.parametrize(
    "shown",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        *(
            base64.b64encode(bytes(before) + VALUE.encode() + bytes(after)).decode()
            for before in range(5)
            for after in range(4)
        ),
        *(base64.urlsafe_b64encode(bytes(n) + VALUE.encode()).decode() for n in range(3)),
    ],
)
def test_a_value_is_hidden_in_every_form(shown: str) -> None:
    text = hide(f"before {shown} after", [VALUE])
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "***" in text
    assert leaks(text, VALUE) == []


def leaks(text: str, value: str) -> list[str]:
    """Return how the value shows after all: by decoding whatever may be base64, from each of its first characters."""
    found = [value] if value in text else []
    for run in re.findall(r"[A-Za-z0-9+/]{4,}", text.replace("-", "+").replace("_", "/")):
        for start in range(4):
            part = run[start:]
            if value.encode() in base64.b64decode(part[: len(part) // 4 * 4]):
                found.append(run)
    return found


def test_lines_of_a_key_are_hidden_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END KEY-----\n"
    assert hide("log: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC!", [key]) == "log: ***!"


def test_what_is_too_short_to_be_told_from_other_text_stays() -> None:
    assert hide("the cat sat", ["cat"]) == "the cat sat"


def test_of_two_values_the_longer_one_is_hidden_first() -> None:
    assert hide("hunter2-and-more hunter2", ["hunter2", "hunter2-and-more"]) == "*** ***"
