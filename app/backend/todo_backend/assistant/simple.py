"""The assistant that works by rules: it understands plain English, asks no other server, and says what it is."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Final

from todo_backend.assistant.rules import Add, Complete, Delete, Help, Intent, Retag, Show, Update, understand
from todo_backend.assistant.schemas import AssistantEvent, Changed, Found, Said
from todo_backend.assistant.tools import MAX_FOUND, Tools
from todo_backend.assistant.when import WallClock
from todo_backend.problems import Problem
from todo_backend.tasks.schemas import MAX_TAGS, Due, Priority, Task, View

HELP: Final = """\
I am the simple assistant: without an OpenAI key I go by rules, and I know sentences like these:
- add buy milk tomorrow at 18:00 #home with high priority
- what is due today? / show overdue tasks / show tasks tagged home / find milk
- I finished buy milk / reopen buy milk
- move buy milk to friday / rename buy milk to buy oat milk / make buy milk low priority / tag buy milk with home
- delete buy milk (I ask before I do)"""

_OF_VIEW: Final = {
    View.ALL: "task",
    View.OPEN: "open task",
    View.DONE: "finished task",
    View.TODAY: "task due today",
    View.UPCOMING: "task coming up",
    View.OVERDUE: "overdue task",
}


async def answer(said: str, tools: Tools) -> AsyncIterator[AssistantEvent]:
    """Do what the user's words ask for, and say so."""
    intent = understand(said, WallClock(tools.today, tools.time))
    try:
        async for event in _do(intent, tools):
            yield event
    except Problem as problem:
        yield Said(text=f"That did not work: {problem.detail}.")


async def _do(intent: Intent, tools: Tools) -> AsyncIterator[AssistantEvent]:
    match intent:
        case Help():
            yield Said(text=HELP)
        case Add(new):
            added = await tools.add(new)
            yield added
            yield Said(text=f"Added “{added.task.title}”{_details(added.task)}.")
        case Show(view, tag, words, days):
            if days:
                # From the day before, what comes up begins with the first of the days.
                coming = await tools.find(
                    View.UPCOMING, tag, words, today=max(days.first, date.min + timedelta(1)) - timedelta(1)
                )
                found = Found(tasks=[task for task in coming.tasks if task.due and task.due.date <= days.last])
            else:
                found = await tools.find(view, tag, words)
            yield found
            yield Said(text=_summary(found, intent))
        case Complete() | Update() | Retag() | Delete():
            task = await _called(intent.words, tools, view=View.DONE if _reopens(intent) else View.OPEN)
            if isinstance(task, Task):
                async for event in _to_one(intent, task, tools):
                    yield event
            else:
                for event in task:
                    yield event


def _reopens(intent: Intent) -> bool:
    return isinstance(intent, Complete) and not intent.done


async def _to_one(intent: Intent, task: Task, tools: Tools) -> AsyncIterator[AssistantEvent]:
    match intent:
        case Complete(_, done):
            yield await tools.complete(task.id, done=done)
            yield Said(text=f"“{task.title}” is {'done' if done else 'open again'}.")
        case Update(_, changes):
            changed = await tools.update(task.id, changes)
            yield changed
            yield Said(text=f"Changed: “{changed.task.title}”{_details(changed.task) or ', without a due date'}.")
        case Retag(_, tag, there):
            yield await _retag(task, tag, tools, there=there)
            yield Said(text=f"“{task.title}” {'now has' if there else 'no longer has'} the tag #{tag}.")
        case Delete():
            yield await tools.ask_to_delete(task.id)
            yield Said(text=f"Shall “{task.title}” really be deleted? Nothing happens until you confirm it.")


async def _retag(task: Task, tag: str, tools: Tools, *, there: bool) -> Changed:
    others = [other for other in task.tags if other != tag]
    if there and len(others) == MAX_TAGS:
        raise Problem(422, f"a task has at most {MAX_TAGS} tags")
    return await tools.update(task.id, {"tags": [*others, tag] if there else others})


async def _called(words: str, tools: Tools, view: View) -> Task | list[AssistantEvent]:
    """Return the one task that is meant, or what to say where there is none, or more than one."""
    for where in (view, View.ALL):
        tasks = (await tools.find(where, words=words)).tasks if words else []
        exact = [task for task in tasks if task.title.casefold() == words.casefold()]
        if len(exact) == 1 or len(tasks) == 1:
            return (exact or tasks)[0]
        if tasks:
            which = Said(text=f"More than one task has “{words}” in it. Which one? Say its whole title, please.")
            return [Found(tasks=tasks), which]
    return [Said(text=f"I find no task with “{words}” in it.")]


def _details(task: Task) -> str:
    parts = [f"due {_due(task.due)}"] if task.due else []
    parts += [f"{task.priority} priority"] if task.priority is not Priority.NONE else []
    parts += [f"#{tag}" for tag in task.tags]
    return "".join(f", {part}" for part in parts)


def _due(due: Due) -> str:
    day = f"{due.date:%A}, {due.date.day} {due.date:%B %Y}"
    return f"{day} at {due.time}" if due.time else day


def _summary(found: Found, asked: Show) -> str:
    count = len(found.tasks)
    what = _OF_VIEW[asked.view].replace("task", "task" if count == 1 else "tasks", 1)
    due = f" due {asked.days.said}" if asked.days else ""
    tagged = f" tagged #{asked.tag}" if asked.tag else ""
    having = f" with “{asked.words}” in it" if asked.words else ""
    if not count:
        return f"There are no {what}{due}{tagged}{having}."
    if count == MAX_FOUND:
        return f"The first {count} {what}{due}{tagged}{having}:"
    return f"{count} {what}{due}{tagged}{having}:"
