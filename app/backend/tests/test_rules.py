"""What the simple assistant understands, as of Tuesday, 24 November 2026, at half past twelve."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from todo_backend.assistant.rules import (
    Add,
    Complete,
    Days,
    Delete,
    Help,
    Intent,
    Retag,
    Show,
    Update,
    read_line,
    understand,
)
from todo_backend.assistant.when import WallClock
from todo_backend.tasks.schemas import Due, NewTask, Priority, View

QUICK_ADD = json.loads((Path(__file__).parents[2] / "contract" / "quick-add.json").read_text(encoding="utf-8"))
NOW = WallClock(date(2026, 11, 24), "12:30")
TOMORROW = Due(date=date(2026, 11, 25), time=None)


def _add(title: str, **more: object) -> Add:
    return Add(NewTask.model_validate({"title": title, **more}))


TABLE: list[tuple[str, Intent]] = [
    ("add buy milk", _add("buy milk")),
    ("Add a task: buy milk", _add("buy milk")),
    ("please add buy milk to my list", _add("buy milk")),
    ("Can you create a new task called 'Buy milk', please?", _add("Buy milk")),
    ("remind me to call Ann tomorrow", _add("call Ann", due=TOMORROW)),
    ("I need to call Ann tomorrow.", _add("call Ann", due=TOMORROW)),
    (
        "add buy milk !high #home tomorrow 18:00",
        _add("buy milk", priority="high", tags=["home"], due=Due(date=date(2026, 11, 25), time="18:00")),
    ),
    ("add buy milk with low priority", _add("buy milk", priority="low")),
    ("add buy sun cream", _add("buy sun cream")),
    ("add gifts 24.12.", _add("gifts", due=Due(date=date(2026, 12, 24), time=None))),
    ("add call mum at 12:00", _add("call mum", due=Due(date=date(2026, 11, 25), time="12:00"))),
    ("put milk on my list", _add("milk")),
    ("add drop off the kids", _add("drop off the kids")),
    ("what is due today?", Show(View.TODAY)),
    ("What is due tomorrow?", Show(View.OPEN, days=Days(TOMORROW.date, TOMORROW.date, "tomorrow"))),
    ("what is due this week", Show(View.OPEN, days=Days(NOW.date, date(2026, 11, 29), "this week"))),
    ("show tasks for next week", Show(View.OPEN, days=Days(date(2026, 11, 30), date(2026, 12, 6), "next week"))),
    (
        "what do I have on friday?",
        Show(View.OPEN, days=Days(date(2026, 11, 27), date(2026, 11, 27), "on Friday, 27 November 2026")),
    ),
    ("What do I have to do today", Show(View.TODAY)),
    ("show overdue tasks", Show(View.OVERDUE)),
    ("show me what's coming up", Show(View.UPCOMING)),
    ("list all tasks", Show(View.ALL)),
    ("list my tasks", Show(View.OPEN)),
    ("which tasks are done?", Show(View.DONE)),
    ("show tasks tagged home", Show(View.OPEN, tag="home")),
    ("show #Home", Show(View.OPEN, tag="home")),
    ("show tasks about the monday meeting", Show(View.OPEN, words="monday meeting")),
    ("list tasks about milk", Show(View.OPEN, words="milk")),
    ("find milk", Show(View.ALL, words="milk")),
    ("search for oat milk", Show(View.ALL, words="oat milk")),
    ("complete buy milk", Complete("buy milk", done=True)),
    ("tick off the task “buy milk”", Complete("buy milk", done=True)),
    ("mark buy milk as done", Complete("buy milk", done=True)),
    ("buy milk is done", Complete("buy milk", done=True)),
    ("I finished buy milk!", Complete("buy milk", done=True)),
    ("I'm done with buy milk", Complete("buy milk", done=True)),
    ("mark buy milk as not done", Complete("buy milk", done=False)),
    ("reopen buy milk", Complete("buy milk", done=False)),
    ("rename buy milk to buy oat milk", Update("buy milk", {"title": "buy oat milk"})),
    ("change buy milk to buy bread", Update("buy milk", {"title": "buy bread"})),
    ("change buy milk to tomorrow", Update("buy milk", {"due": TOMORROW})),
    ("change the due date of buy milk to tomorrow", Update("buy milk", {"due": TOMORROW})),
    ("update buy milk to high priority", Update("buy milk", {"priority": Priority.HIGH})),
    ("move buy milk to tomorrow", Update("buy milk", {"due": TOMORROW})),
    ("postpone buy milk until friday at 9", Update("buy milk", {"due": Due(date=date(2026, 11, 27), time="09:00")})),
    ("buy milk is due tomorrow", Update("buy milk", {"due": TOMORROW})),
    ("remove the due date from buy milk", Update("buy milk", {"due": None})),
    ("make buy milk high priority", Update("buy milk", {"priority": Priority.HIGH})),
    ("set the priority of buy milk to low", Update("buy milk", {"priority": Priority.LOW})),
    ("set priority of buy milk to none", Update("buy milk", {"priority": Priority.NONE})),
    ("tag buy milk with #Home", Retag("buy milk", "home", there=True)),
    ("remove the tag home from buy milk", Retag("buy milk", "home", there=False)),
    ("delete buy milk", Delete("buy milk")),
    ("drop off the kids", Help()),
    ("put off the dentist", Help()),
    ("Could you get rid of my task buy milk", Delete("buy milk")),
    ("", Help()),
    ("hello", Help()),
    ("sing me a song", Help()),
    ("add", Help()),
    (f"add {'x' * 201}", Help()),
    ("rename buy milk to " + "x" * 201, Help()),
    ("tag buy milk with a,b", Help()),
]


@pytest.mark.parametrize(("text", "intent"), TABLE)
def test_a_sentence_is_understood(text: str, intent: Intent) -> None:
    assert understand(text, NOW) == intent


@pytest.mark.parametrize("said", ["next week", "this week", "tomorrow", "friday"])
def test_the_calendars_end_ends_no_question(said: str) -> None:
    assert isinstance(understand(f"what is due {said}?", WallClock(date.max, "12:30")), Show)


@pytest.mark.parametrize("case", QUICK_ADD["cases"], ids=lambda case: case["line"])
def test_a_line_means_what_it_means_in_quick_add(case: dict[str, Any]) -> None:
    now = WallClock(date.fromisoformat(QUICK_ADD["now"]["date"]), QUICK_ADD["now"]["time"])
    due = {"date": case["date"], "time": case["time"]} if case["date"] else None
    expected = {name: case[name] for name in ("title", "priority", "tags")} | {"due": due}
    read = read_line(case["line"], now)
    assert (NewTask.model_validate(expected) if case["title"] else None) == read


@pytest.mark.parametrize(
    "text", ["(" * 2000, "add " * 500, "please " * 280, "tag " + "a " * 900, "\n" * 2000, "mark " * 400]
)
def test_no_sentence_takes_long(text: str) -> None:
    # The suite's own limit would tell: a pattern that backtracks takes minutes on these.
    understand(text[:2000], NOW)


@pytest.mark.parametrize(
    "text",
    [f"add x{'.' * 100_000}y", f"add x{',' * 100_000}y", f"change x {'to ' * 30_000}y"],
    ids=lambda text: text[:9],
)
def test_what_a_sentence_takes_grows_no_faster_than_its_length(text: str) -> None:
    # Longer than any message: what is quadratic takes minutes on these, so that again the suite's own limit would tell.
    understand(text, NOW)
