"""What a sentence in plain English asks for, by rules alone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import TypeAdapter, ValidationError

from todo_backend.assistant.when import WallClock, later, next_week, read_due
from todo_backend.tasks.schemas import NewTask, Priority, Tag, TaskChanges, View


@dataclass(frozen=True)
class Add:
    """Add this task."""

    task: NewTask


@dataclass(frozen=True)
class Days:
    """From one day to another, both included, and how the user called them."""

    first: date
    last: date
    said: str


@dataclass(frozen=True)
class Show:
    """Show the tasks of a view, with a tag, with these words, due on these days."""

    view: View
    tag: str | None = None
    words: str = ""
    days: Days | None = None


@dataclass(frozen=True)
class Complete:
    """Tick the task with these words, or untick it."""

    words: str
    done: bool


@dataclass(frozen=True)
class Update:
    """Change the task with these words."""

    words: str
    changes: TaskChanges


@dataclass(frozen=True)
class Retag:
    """Give the task with these words a tag more, or take one away."""

    words: str
    tag: str
    there: bool


@dataclass(frozen=True)
class Delete:
    """Delete the task with these words, once the user has confirmed it."""

    words: str


@dataclass(frozen=True)
class Help:
    """The sentence is beyond the rules."""


Intent = Add | Show | Complete | Update | Retag | Delete | Help

_POLITE: Final = re.compile(
    r"^(?:(?:hi|hello|hey|please|ok|okay|so|now|then|and|can you|could you|would you|will you|i want(?: you)? to"
    r"|i'd like(?: you)? to|let's)\b[\s,]*)+|(?<![\s,])[\s,]*\b(?:please|thanks|thank you)\b[\s.!?]*$",
    re.IGNORECASE,
)
_PRIORITY: Final = re.compile(
    r"(?<!\S)(?:!(?P<mark>high|medium|low|[123])|(?:(?:with|at|as)\s+)?(?P<word>high|medium|low)[\s-]priority)(?!\S)",
    re.IGNORECASE,
)
_MARKS: Final = {"1": "high", "2": "medium", "3": "low"}
_ENDS_IN_DATE: Final = re.compile(r"\.\d\d?$")
_BEFORE_NAME: Final = re.compile(
    r"^(?:the\s+|my\s+|a\s+)?(?:task\s+|todo\s+|reminder\s+)?(?:called\s+|named\s+)?", re.IGNORECASE
)
_LIST: Final = re.compile(
    r"\s+(?:to|on|onto|in)\s+(?:my|the)\s+(?:tasks?|list|todos?|to-do list)(?:\s+list)?\b", re.IGNORECASE
)
_NEW: Final = re.compile(
    r"^(?:a\s+|an\s+|the\s+)?(?:new\s+)?(?:task|todo|reminder)\b[:\s]*(?:to\s+|called\s+|named\s+)?", re.IGNORECASE
)
_HASH: Final = re.compile(r"(?<!\S)#([^\s#,]+)")
_ESCAPED: Final = re.compile(r"(?<!\S)\\(?=\S)")
_tag: Final = TypeAdapter(Tag)


def understand(text: str, now: WallClock) -> Intent:
    """Return what a sentence asks for; `now` is what dates and times in it count from."""
    sentence = _POLITE.sub("", " ".join(text.split())).strip()
    sentence = _without_full_stop(_POLITE.sub("", sentence).strip())
    for pattern, read in _RULES:
        match = pattern.fullmatch(sentence)
        if match:
            intent = read({name: value or "" for name, value in match.groupdict().items()}, now)
            if intent:
                return intent
    return Help()


def _without_full_stop(sentence: str) -> str:
    bare = sentence.rstrip(" .!?")
    # The last full stop of `24.12.` belongs to the date.
    return sentence[: len(bare) + 1] if _ENDS_IN_DATE.search(bare[-3:]) else bare


def _name(words: str) -> str:
    """Return the words that a task is called by, without articles and quotes around them."""
    words = _BEFORE_NAME.sub("", words.strip())
    words = re.sub(r"\s+(?:task|todo)$", "", words, flags=re.IGNORECASE)
    return words.strip(" \"'“”‘’`")  # noqa: RUF001 - typographic quotes are what phones type


def read_line(text: str, now: WallClock) -> NewTask | None:
    """Return the task that a line such as `Buy milk !high #home tomorrow 18:00` describes, or None without a title.

    It means what it means in quick add, to which `contract/quick-add.json` holds both, and a little more (see when.py).
    """
    tags = [tag for word in _HASH.findall(text) if (tag := _mark(word))]
    text = _HASH.sub(lambda match: "" if _mark(match[1]) else match[0], text)
    marks = [mark["mark"] or mark["word"] for mark in _PRIORITY.finditer(text)]
    priority = marks[-1].lower() if marks else Priority.NONE
    title, due = read_due(" ".join(_PRIORITY.sub("", text).split()), now)
    try:
        return NewTask(
            title=_ESCAPED.sub("", title), priority=Priority(_MARKS.get(priority, priority)), tags=tags, due=due
        )
    except ValidationError:
        return None


def _mark(word: str) -> str | None:
    """Return the tag that a word after # is; `#12` is a number, and `#<i>` is none either."""
    plain = word.replace("-", "").replace("_", "")
    is_tag = plain.isalnum() and word[0].isalnum() and any(letter.isalpha() for letter in word)
    return _as_tag(word) if is_tag else None


def _add(found: dict[str, str], now: WallClock) -> Intent | None:
    new = read_line(_NEW.sub("", _LIST.sub("", found["what"])), now)
    title = _name(new.title) if new else ""
    return Add(new.model_copy(update={"title": title})) if new and title else None


def _as_tag(text: str) -> str | None:
    try:
        return _tag.validate_python(text.removeprefix("#"))
    except ValidationError:
        return None


def _show(found: dict[str, str], now: WallClock) -> Intent | None:
    text = found["what"].lower()
    views = {
        View.OVERDUE: r"\b(?:overdue|late|missed)\b",
        View.TODAY: r"\btoday\b",
        View.UPCOMING: r"\b(?:upcoming|coming up|next|later)\b",
        View.DONE: r"\b(?:done|completed|finished|ticked)\b",
        View.ALL: r"\b(?:everything|all)\b",
    }
    tag = _HASH.search(text) or re.search(r"\btagged\s+(?:with\s+|as\s+)?([^\s#,]+)", text)
    words = re.search(r"\b(?:with|about|containing|named|called|for|matching)\s+(.+)$", text)
    # `about the monday meeting` is no day, `for monday` is.
    is_named = words is not None and not words[0].startswith("for")
    days = _days(text[: words.start()] if words and is_named else text, now)
    view = View.OPEN if days else next((view for view, pattern in views.items() if re.search(pattern, text)), View.OPEN)
    plain = r"(?:today|me|later)"
    wanted = _name(words[1]) if words and not tag and (is_named or not days) else ""
    wanted = "" if re.fullmatch(plain, wanted) else wanted
    return Show(view, _as_tag(tag[1]) if tag else None, wanted, days)


def _days(text: str, now: WallClock) -> Days | None:
    """Return the days that a question asks for. Today has a view of its own."""
    monday = next_week(now.date)
    if re.search(r"\bthis week\b", text):
        return Days(now.date, later(now.date, 6 - now.date.weekday()), "this week")
    if re.search(r"\bnext week\b", text):
        return Days(monday, later(monday, 6), "next week")
    _, due = read_due(text, now)
    if due is None or due.date == now.date:
        return None
    tomorrow = due.date == later(now.date, 1)
    return Days(due.date, due.date, "tomorrow" if tomorrow else f"on {due.date:%A}, {due.date.day} {due.date:%B %Y}")


def _find(found: dict[str, str], _: WallClock) -> Intent | None:
    return Show(View.ALL, words=_name(found["what"]))


def _complete(found: dict[str, str], _: WallClock) -> Intent | None:
    return Complete(_name(found["what"]), done=True)


def _reopen(found: dict[str, str], _: WallClock) -> Intent | None:
    return Complete(_name(found["what"]), done=False)


def _rename(found: dict[str, str], _: WallClock) -> Intent | None:
    title = _name(found["to"])
    return Update(_name(found["what"]), {"title": title}) if 1 <= len(title) <= 200 else None  # noqa: PLR2004 - a title's length


def _move(found: dict[str, str], now: WallClock) -> Intent | None:
    rest, due = read_due(found["when"], now)
    return Update(_name(found["what"]), {"due": due}) if due and not rest else None


def _undate(found: dict[str, str], _: WallClock) -> Intent | None:
    return Update(_name(found["what"]), {"due": None})


def _prioritize(found: dict[str, str], _: WallClock) -> Intent | None:
    priority = (
        found["priority"].lower().replace("no", "none") if found["priority"].lower() == "no" else found["priority"]
    )
    return Update(_name(found["what"]), {"priority": Priority(priority.lower())})


def _retag(found: dict[str, str], _: WallClock) -> Intent | None:
    tag = _as_tag(found["tag"])
    there = not found["verb"].lower().startswith(("un", "remove"))
    return Retag(_name(found["what"]), tag, there) if tag else None


def _delete(found: dict[str, str], _: WallClock) -> Intent | None:
    return Delete(_name(found["what"]))


def _patterns() -> Iterator[tuple[str, Callable[[dict[str, str], WallClock], Intent | None]]]:
    """Yield each rule: what a sentence looks like, and how it is read. The first that can read it counts."""
    yield r"(?P<verb>remove|untag)\s+(?:the\s+)?tag\s+(?P<tag>\S+)\s+from\s+(?P<what>.+)", _retag
    yield r"(?P<verb>untag)\s+(?P<what>.+?)\s+(?:from\s+)?(?P<tag>\S+)", _retag
    yield r"(?P<verb>tag)\s+(?P<what>.+?)\s+(?:with|as)\s+(?P<tag>\S+)", _retag
    yield r"(?:remove|clear|drop)\s+(?:the\s+)?(?:due date|date|deadline)\s+(?:from|of)\s+(?P<what>.+)", _undate
    yield r"(?:delete|remove|erase|drop(?!\s+off\b)|get rid of|throw away|trash)\s+(?P<what>.+)", _delete
    yield r"(?:reopen|untick|uncheck|undo)\s+(?P<what>.+)", _reopen
    yield r"mark\s+(?P<what>.+?)\s+(?:as\s+)?(?:not\s+(?:done|completed?|finished)|undone|open)", _reopen
    yield r"mark\s+(?P<what>.+?)\s+(?:as\s+)?(?:done|completed?|finished)", _complete
    yield r"(?:complete|finish|tick(?:\s+off)?|check(?:\s+off)?|close)\s+(?P<what>.+)", _complete
    yield r"(?:i(?:'m|\s+am)?\s+)?(?:done|finished|through)\s+with\s+(?P<what>.+)", _complete
    yield r"i(?:'ve|\s+have)?\s+(?:finished|completed|done|did)\s+(?P<what>.+)", _complete
    shown = r"(?:show|list|what|what's|which|do i have|anything|how many)"
    yield rf"{shown}\b(?P<what>.*)", _show
    yield r"(?P<what>.+?)\s+(?:is|are)\s+(?:done|finished|completed?)", _complete
    yield r"rename\s+(?P<what>.+?)\s+(?:to|as|into)\s+(?P<to>.+)", _rename
    yield r"change\s+(?:the\s+)?title\s+of\s+(?P<what>.+?)\s+to\s+(?P<to>.+)", _rename
    levels = r"(?P<priority>high|medium|low|no|none)"
    yield (
        rf"(?:set|change|make|update)\s+(?:the\s+)?priority\s+(?:of|for)\s+(?P<what>.+?)\s+(?:to\s+)?{levels}",
        _prioritize,
    )
    yield (
        rf"(?:make|mark|set|give|change|update)\s+(?P<what>.+?)\s+(?:a\s+|to\s+|as\s+)?{levels}[\s-]priority",
        _prioritize,
    )
    due_date = r"(?:the\s+)?(?:due\s+date|date|deadline)"
    yield rf"(?:move|set|change|update)\s+{due_date}\s+(?:of|for)\s+(?P<what>.+?)\s+(?P<when>to\s+.+)", _move
    moved = r"(?:move|reschedule|postpone|push|shift|set|put off|change|update)"
    yield rf"{moved}\s+(?P<what>.+?)\s+(?P<when>(?:to|until|till|for|on|by)\s+.+)", _move
    yield r"(?:change|update)\s+(?P<what>.+?)\s+(?:to|into)\s+(?P<to>.+)", _rename
    yield r"(?P<what>.+?)\s+is\s+(?P<when>due\s+.+)", _move
    yield r"(?:find|search(?:\s+for)?|look\s+for)\s+(?P<what>.+)", _find
    added = r"(?:add|create|new|note|make|put(?!\s+off\b)|remind me(?:\s+to)?|remember(?:\s+to)?|todo)"
    yield rf"{added}\b:?\s+(?P<what>.+)", _add
    yield r"i\s+(?:need\s+to|have\s+to|must|should)\s+(?P<what>.+)", _add


_RULES: Final = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), read) for pattern, read in _patterns()]
