"""Every query is one user's: held for each method of each repository there is, by the SQL that it sends."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from todo_backend import application
from todo_backend.assistant.repository import AssistantRepository
from todo_backend.database import AnyRow, Database
from todo_backend.export.repository import AccountRepository
from todo_backend.repository import Repository
from todo_backend.statement import metadata
from todo_backend.tasks.cursor import Position
from todo_backend.tasks.repository import TaskRepository
from todo_backend.tasks.samples import samples_from
from todo_backend.tasks.schemas import NewTask, TaskQuery

assert application  # which imports every module that has a repository
TODAY, NOW = date(2026, 11, 24), time(12)
NEW = NewTask(title="x")
LONG_AGO = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

EXISTS: dict[str, Callable[[Any], Awaitable[Any]]] = {"account_exists": lambda r: r.account_exists()}
CALLS: dict[type[Any], dict[str, Callable[[Any], Awaitable[Any]]]] = {
    TaskRepository: {
        **EXISTS,
        "page": lambda r: r.page(TaskQuery(q="x", tag="x"), 5, Position(LONG_AGO, uuid4())),
        "create": lambda r: r.create(NEW),
        "create_once": lambda r: r.create_once(NEW, "key", "hash"),
        "creation": lambda r: r.creation("key"),
        "find": lambda r: r.find(uuid4()),
        "update": lambda r: r.update(uuid4(), {"title": "y"}, None),
        "toggle": lambda r: r.toggle(uuid4(), frozenset()),
        "delete": lambda r: r.delete(uuid4(), None),
        "restore": lambda r: r.restore(uuid4()),
        "counts": lambda r: r.counts(TODAY, NOW),
        "tags": lambda r: r.tags(),
        "add_samples": lambda r: r.add_samples(samples_from(TODAY)),
        "delete_samples": lambda r: r.delete_samples(),
    },
    AccountRepository: {**EXISTS, "find": lambda r: r.find()},
    AssistantRepository: {
        **EXISTS,
        "conversations": lambda r: r.conversations(),
        "conversation": lambda r: r.conversation(uuid4()),
        "begin": lambda r: r.begin(uuid4(), "title"),
        "delete": lambda r: r.delete(uuid4()),
        "messages": lambda r: r.messages(uuid4()),
        "messages_after": lambda r: r.messages_after(uuid4(), 0, 5),
        "messages_before": lambda r: r.messages_before(uuid4(), 9, 5),
        "ask": lambda r: r.ask(uuid4(), uuid4(), "x"),
        "answer": lambda r: r.answer(uuid4(), uuid4(), "x", [], stopped=False),
        "unanswered": lambda r: r.unanswered(),
        "used_tokens": lambda r: r.used_tokens(),
        "reserve_tokens": lambda r: r.reserve_tokens(1, 2),
        "correct_tokens": lambda r: r.correct_tokens(TODAY, -1),
        "ask_deletion": lambda r: r.ask_deletion("hash", uuid4(), LONG_AGO, MINUTE),
        "delete_confirmed": lambda r: r.delete_confirmed("hash"),
    },
}
EACH = [(kind, name) for kind, calls in CALLS.items() for name in calls]


def _kinds(kind: type[Any] = Repository) -> set[type[Any]]:
    return {kind for child in kind.__subclasses__() for kind in {child, *_kinds(child)}}


def test_every_repository_and_every_method_of_it_is_looked_at_here() -> None:
    assert _kinds() == set(CALLS)
    for kind, calls in CALLS.items():
        methods = inspect.getmembers(kind, inspect.iscoroutinefunction)
        assert {name for name, _ in methods if not name.startswith("_")} == set(calls), kind


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("user", ["", None])
def test_there_is_no_repository_without_a_user(kind: type[Any], user: str | None) -> None:
    with pytest.raises(ValueError, match="a repository is made for a user"):
        kind(None, user)
    with pytest.raises(TypeError):
        kind(None)


@pytest.mark.parametrize(("kind", "name"), EACH, ids=[f"{kind.__name__}.{name}" for kind, name in EACH])
def test_every_statement_names_the_user_for_every_table_that_it_reads_or_changes(
    database: str, user: str, kind: type[Any], name: str
) -> None:
    statements: list[tuple[str, Any]] = []

    class Watched(Database):
        async def run(self, statement: str, parameters: Mapping[str, Any]) -> list[AnyRow]:
            statements.append((statement, parameters))
            return await super().run(statement, parameters)

    async def call() -> None:
        own = Watched(SecretStr(database), 2)
        await CALLS[kind][name](kind(own, user))
        await own.close()

    asyncio.run(call())
    assert statements
    for text, parameters in statements:
        assert parameters["user"] == user
        for table in _named(text):
            assert f"{table}.user_id = %(user)s" in text or f"{table}.id = %(user)s" in text, (table, text)
        # A statement may have parts; an UPDATE or DELETE among them whose WHERE lacks the user would reach all rows.
        parts = text.replace("DELETE FROM", "\0DELETE FROM").replace("UPDATE ", "\0UPDATE ").split("\0")[1:]
        for part in parts:
            if not part.startswith("UPDATE SET"):
                assert "user_id = %(user)s" in part, part


def _named(sql: str) -> set[str]:
    """Return the tables that a statement reads, joins, updates or deletes from."""
    tables = {name if name != "user" else '"user"' for name in metadata.tables}
    return set(re.findall(r"(?:FROM|JOIN|UPDATE|,) *(\w+|\"user\")(?![.\w])", sql)) & tables
