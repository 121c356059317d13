"""Dates and times in plain English."""

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from todo_backend.tasks.schemas import Due, LocalTime


class WallClock(NamedTuple):
    """What calendar and clock on the user's own wall show."""

    date: date
    time: LocalTime


_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905 - reads better
)
_DAY: Final = "|".join(_DAYS)
_SHORT_DAY: Final = "|".join(day[:3] for day in _DAYS)
_MONTH: Final = "|".join(f"{month}|{month[:3]}" for month in _MONTHS)
_ORDINAL: Final = r"(?:st|nd|rd|th)?"

# A date or time is words of its own: what a backslash stands before is none, and `<b>tomorrow</b>` neither.
_START: Final = r"(?<!\S)"
_END: Final = r"(?=[\s,;.!?]|$)"
# `sun cream` and `in the sun` are no Sunday: short names count at the end, and after no article.
_DATE: Final = re.compile(
    rf"""{_START}(?:(?:due|on|by|for|until|till|to)\s+){{0,3}}(?:
        (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})
      | (?P<dom3>\d{{1,2}})\.(?P<number>\d{{1,2}})\.(?P<year3>\d{{4}})?
      | (?P<word>day\s+after\s+tomorrow|today|tonight|tomorrow|next\s+week)
      | in\s+(?P<count>\d{{1,3}}|a|one|two|three)\s+(?P<unit>day|week)s?
      | next\s+(?P<next>{_DAY}|{_SHORT_DAY})
      | (?:this\s+)?(?P<weekday>{_DAY})
      | (?<!\bthe\s)(?<!\ba\s)(?<!\ban\s)(?P<short>{_SHORT_DAY})(?=[\s,;.!?]*$)
      | (?P<dom>\d{{1,2}}){_ORDINAL}\s+(?:of\s+)?(?P<month>{_MONTH})(?:\s+(?P<year>\d{{4}}))?
      | (?P<month2>{_MONTH})\s+(?P<dom2>\d{{1,2}}){_ORDINAL}(?:,?\s+(?P<year2>\d{{4}}))?
    ){_END}""",
    re.IGNORECASE | re.VERBOSE,
)
_TIME: Final = re.compile(
    rf"""{_START}(?:
        (?:at\s+)?(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?:\s*(?P<half>[ap]m))?
      | (?:at\s+)?(?P<hour2>\d{{1,2}})\s*(?P<half2>[ap]m)
      | at\s+(?P<hour3>\d{{1,2}})
      | (?:at\s+)?(?P<noon>noon)
    ){_END}""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBERS: Final = {"a": 1, "one": 1, "two": 2, "three": 3}


def read_due(text: str, now: WallClock) -> tuple[str, Due | None]:
    """Take the last date and time out of a text: what is left, and when that is, seen from now.

    A time alone is the next time that the clock shows it. What looks like a date and is none, such as 31 February,
    stays in the text.
    """
    rest, time = _take_time(text)
    for match in reversed(list(_DATE.finditer(rest))):
        day = _day(match, now.date)
        if day is not None:
            if time is None and "tonight" in match[0].lower():
                time = "20:00"
            return _tidy(rest[: match.start()] + rest[match.end() :]), Due(date=day, time=time)
    if time is None:
        return text, None
    return _tidy(rest), Due(date=now.date if time > now.time else later(now.date, 1), time=time)


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


def next_week(today: date) -> date:
    """Return the Monday that comes."""
    return later(today, 7 - today.weekday())


def later(day: date, days: int) -> date:
    """Return the day so many days on, or the calendar's last."""
    return day + min(timedelta(days), date.max - day)


def _day(match: re.Match[str], today: date) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["word"]:
            words = " ".join(match["word"].lower().split())
            days = {"today": 0, "tonight": 0, "tomorrow": 1, "day after tomorrow": 2}
            return today + timedelta(days[words]) if words in days else next_week(today)
        if match["unit"]:
            count = _NUMBERS.get(match["count"].lower()) or int(match["count"])
            return today + timedelta(count * (7 if match["unit"].lower() == "week" else 1))
        if name := match["next"] or match["weekday"] or match["short"]:
            wanted = [day[:3] for day in _DAYS].index(name[:3].lower())
            ahead = (wanted - today.weekday() - 1) % 7 + 1
            return next_week(today) + timedelta(wanted) if match["next"] else today + timedelta(ahead)
        return _day_of_month(match, today)
    except (ValueError, OverflowError):
        return None


def _day_of_month(match: re.Match[str], today: date) -> date:
    number = int(match["dom"] or match["dom2"] or match["dom3"])
    name = match["month"] or match["month2"]
    month = [month[:3] for month in _MONTHS].index(name[:3].lower()) + 1 if name else int(match["number"])
    if year := match["year"] or match["year2"] or match["year3"]:
        return date(int(year), month, number)
    try:
        day = date(today.year, month, number)
    except ValueError:  # 29 February, perhaps
        return date(today.year + 1, month, number)
    return day if day >= today else date(today.year + 1, month, number)


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;")
