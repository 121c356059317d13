"""Dates and times in plain English."""

import re
from datetime import date, timedelta
from typing import Final

from todo_backend.tasks.schemas import Due

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905 - reads better
)
_DAY: Final = "|".join(f"{day}|{day[:3]}" for day in _DAYS)
_MONTH: Final = "|".join(f"{month}|{month[:3]}" for month in _MONTHS)
_LEAD: Final = r"(?:\b(?:due|on|by|for|until|till|to)\s+)*"

_DATE: Final = re.compile(
    rf"""{_LEAD}\b(?:
        (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})
      | (?P<word>day\s+after\s+tomorrow|today|tonight|tomorrow|next\s+week)
      | in\s+(?P<count>\d{{1,3}}|a|one|two|three)\s+(?P<unit>day|week)s?
      | (?:next\s+|this\s+)?(?P<weekday>{_DAY})
      | (?P<dom>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})(?:\s+(?P<year>\d{{4}}))?
      | (?P<month2>{_MONTH})\s+(?P<dom2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year2>\d{{4}}))?
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_TIME: Final = re.compile(
    r"\b(?:at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})\b(?:\s*(?P<half>[ap]m)\b)?"
    r"|\b(?:at\s+)?(?P<hour2>\d{1,2})\s*(?P<half2>[ap]m)\b"
    r"|\bat\s+(?P<hour3>\d{1,2})\b"
    r"|\bat\s+(?P<noon>noon)\b",
    re.IGNORECASE,
)
_NUMBERS: Final = {"a": 1, "one": 1, "two": 2, "three": 3}


def read_due(text: str, today: date) -> tuple[str, Due | None]:
    """Take the last date and time out of a text: what is left, and when that is, seen from today.

    A time alone is today's. What looks like a date and is none, such as 31 February, stays in the text.
    """
    rest, time = _take_time(text)
    found = list(_DATE.finditer(rest))
    for match in reversed(found):
        day = _day(match, today)
        if day is not None:
            rest = rest[: match.start()] + rest[match.end() :]
            if time is None and "tonight" in match[0].lower():
                time = "20:00"
            return _tidy(rest), Due(date=day, time=time)
    if time is None:
        return text, None
    return _tidy(rest), Due(date=today, time=time)


def _take_time(text: str) -> tuple[str, str | None]:
    for match in reversed(list(_TIME.finditer(text))):
        if match["noon"]:
            hour, minute, half = 12, 0, ""
        else:
            hour = int(match["hour"] or match["hour2"] or match["hour3"])
            minute = int(match["minute"] or 0)
            half = (match["half"] or match["half2"] or "").lower()
        if half and not 1 <= hour <= 12:  # noqa: PLR2004 - a clock's face
            continue
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        if hour < 24 and minute < 60:  # noqa: PLR2004 - a day's hours, an hour's minutes
            return text[: match.start()] + text[match.end() :], f"{hour:02}:{minute:02}"
    return text, None


def _day(match: re.Match[str], today: date) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["word"]:
            words = " ".join(match["word"].lower().split())
            days = {"today": 0, "tonight": 0, "tomorrow": 1, "day after tomorrow": 2}
            return today + timedelta(days[words] if words in days else 7 - today.weekday())
        if match["unit"]:
            count = _NUMBERS.get(match["count"].lower()) or int(match["count"])
            return today + timedelta(count * (7 if match["unit"].lower() == "week" else 1))
        if match["weekday"]:
            wanted = [day[:3] for day in _DAYS].index(match["weekday"][:3].lower())
            return today + timedelta((wanted - today.weekday() - 1) % 7 + 1)
        return _day_of_month(match, today)
    except (ValueError, OverflowError):
        return None


def _day_of_month(match: re.Match[str], today: date) -> date:
    name, number, year = (match[group] or match[f"{group}2"] for group in ("month", "dom", "year"))
    month = [month[:3] for month in _MONTHS].index(name[:3].lower()) + 1
    if year:
        return date(int(year), month, int(number))
    day = date(today.year, month, int(number))
    return day if day >= today else date(today.year + 1, month, int(number))


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;")
