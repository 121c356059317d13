"""What the simple assistant understands, as of Tuesday, 24 November 2026."""

from datetime import date

import pytest

from todo_backend.assistant.rules import Add, Complete, Delete, Help, Intent, Retag, Show, Update, understand
from todo_backend.tasks.schemas import Due, NewTask, Priority, View

TODAY = date(2026, 11, 24)
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
    ("what is due today?", Show(View.TODAY)),
    ("What do I have to do today", Show(View.TODAY)),
    ("show overdue tasks", Show(View.OVERDUE)),
    ("show me what's coming up", Show(View.UPCOMING)),
    ("list all tasks", Show(View.ALL)),
    ("list my tasks", Show(View.OPEN)),
    ("which tasks are done?", Show(View.DONE)),
    ("show tasks tagged home", Show(View.OPEN, tag="home")),
    ("show #Home", Show(View.OPEN, tag="home")),
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
    assert understand(text, TODAY) == intent


@pytest.mark.parametrize(
    "text", ["(" * 2000, "add " * 500, "please " * 280, "tag " + "a " * 900, "\n" * 2000, "mark " * 400]
)
def test_no_sentence_takes_long(text: str) -> None:
    # The suite's own limit would tell: a pattern that backtracks takes minutes on these.
    understand(text[:2000], TODAY)
