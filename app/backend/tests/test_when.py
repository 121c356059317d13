"""Dates and times in plain English, as of Tuesday, 24 November 2026, at half past twelve."""

from datetime import date

import pytest

from todo_backend.assistant.when import WallClock, read_due
from todo_backend.tasks.schemas import Due

NOW = WallClock(date(2026, 11, 24), "12:30")

TABLE: list[tuple[str, str, str | None]] = [
    ("buy milk", "buy milk", None),
    ("buy milk today", "buy milk", "2026-11-24"),
    ("buy milk tomorrow", "buy milk", "2026-11-25"),
    ("Tomorrow buy milk", "buy milk", "2026-11-25"),
    ("buy milk tomorrow at 18:00", "buy milk", "2026-11-25 18:00"),
    ("buy milk tomorrow 18:00", "buy milk", "2026-11-25 18:00"),
    ("buy milk at 6pm tomorrow", "buy milk", "2026-11-25 18:00"),
    ("buy milk tomorrow at 6:30 pm", "buy milk", "2026-11-25 18:30"),
    ("lunch tomorrow at noon", "lunch", "2026-11-25 12:00"),
    ("buy milk at 12am tomorrow", "buy milk", "2026-11-25 00:00"),
    ("buy milk at 12 pm tomorrow", "buy milk", "2026-11-25 12:00"),
    ("buy milk tonight", "buy milk", "2026-11-24 20:00"),
    ("call Ann at 9", "call Ann", "2026-11-25 09:00"),
    ("call Ann at 21", "call Ann", "2026-11-24 21:00"),
    ("call Ann the day after tomorrow", "call Ann the", "2026-11-26"),
    ("buy milk on friday", "buy milk", "2026-11-27"),
    ("buy milk by Fri", "buy milk", "2026-11-27"),
    ("buy milk next tuesday", "buy milk", "2026-12-01"),
    ("buy milk on tuesday", "buy milk", "2026-12-01"),
    ("buy milk next week", "buy milk", "2026-11-30"),
    ("buy milk in 3 days", "buy milk", "2026-11-27"),
    ("buy milk in a week", "buy milk", "2026-12-01"),
    ("buy milk in two weeks", "buy milk", "2026-12-08"),
    ("buy milk on 2027-01-02", "buy milk", "2027-01-02"),
    ("pay rent on 1 December", "pay rent", "2026-12-01"),
    ("pay rent on the 1st of december", "pay rent on the", "2026-12-01"),
    ("pay rent Dec 1st, 2028 at 08:00", "pay rent", "2028-12-01 08:00"),
    ("pay rent due 3 March", "pay rent", "2027-03-03"),
    ("watch 2001 at 21:15", "watch 2001", "2026-11-24 21:15"),
    ("read chapter 5", "read chapter 5", None),
    ("sunday roast for friday", "sunday roast", "2026-11-27"),
    ("party on 31 February", "party on 31 February", None),
    ("party on 2026-02-30", "party on 2026-02-30", None),
    ("meet at 25:00", "meet at 25:00", None),
    ("meet at 13pm", "meet at 13pm", None),
    ("in 999 weeks", "", "2046-01-16"),
    ("monitor the sunlight", "monitor the sunlight", None),
    ("todays news", "todays news", None),
    ("dentist next friday", "dentist", "2026-12-04"),
    ("dentist this friday, please", "dentist , please", "2026-11-27"),
    ("buy sun cream", "buy sun cream", None),
    ("walk in the sun", "walk in the sun", None),
    ("walk on sun", "walk", "2026-11-29"),
    ("gifts 24.12.", "gifts", "2026-12-24"),
    ("release 1.2", "release 1.2", None),
    ("celebrate 29 feb", "celebrate 29 feb", None),
]


@pytest.mark.parametrize(("text", "rest", "due"), TABLE)
def test_a_date_and_a_time_are_read_and_taken_out(text: str, rest: str, due: str | None) -> None:
    day, _, time = (due or "").partition(" ")
    expected = Due(date=date.fromisoformat(day), time=time or None) if due else None
    assert read_due(text, NOW) == (rest, expected)


def test_the_calendars_end_is_no_date() -> None:
    assert read_due("celebrate tomorrow", WallClock(date.max, "12:30")) == ("celebrate tomorrow", None)
