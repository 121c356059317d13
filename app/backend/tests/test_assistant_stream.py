"""An answer as it comes over a real connection, from a server in a process of its own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from model_server import KEY, Say, Script, running_model
from server import FOLDER, Running, running
from tokens import bearer

Json = dict[str, Any]
BODY = {"text": "hello", "today": "2026-11-24", "time": "12:00"}


@pytest.fixture
def model() -> Iterator[Script]:
    with running_model() as script:
        yield script


@pytest.fixture
def server(database: str, model: Script) -> Iterator[Running]:
    with running(database, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=model.url) as server:
        yield server


def _messages(server: Running, user: str, conversation: str) -> list[Json]:
    answer = server.client.get(f"/api/conversations/{conversation}", headers=bearer(user)).json()
    messages: list[Json] = answer["messages"]
    return messages


def _wait_for_answer(server: Running, user: str, conversation: str) -> Json:
    deadline = time.monotonic() + 10
    while len(messages := _messages(server, user, conversation)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return messages[1]


def _conversation(line: str) -> str:
    started = json.loads(line.removeprefix("data: "))
    assert started["type"] == "started"
    identifier: str = started["conversation_id"]
    return identifier


def test_words_arrive_while_the_model_still_speaks_and_a_heartbeat_while_it_is_silent(
    server: Running, model: Script, user: str
) -> None:
    model.turns = [Say("first second", hesitates=16)]
    lines: list[str] = []
    with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
        for line in filter(None, answer.iter_lines()):
            lines.append(line)
            if "second" in line:
                break
    kinds = [line if line.startswith(":") else json.loads(line.removeprefix("data: "))["type"] for line in lines]
    assert kinds == ["started", "text", ": ping", "text"]


def test_a_listener_who_leaves_stops_the_model_and_what_was_said_is_kept(
    server: Running, model: Script, user: str
) -> None:
    model.turns = [Say("and so on " * 300, hesitates=0.1)]
    with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
        lines = filter(None, answer.iter_lines())
        conversation = _conversation(next(lines))
        assert '"and "' in next(lines)
    message = _wait_for_answer(server, user, conversation)
    assert message["stopped"] is True
    assert message["text"].startswith("and")
    assert len(message["text"]) < 1000
    deadline = time.monotonic() + 10
    while not model.broken_off:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_sigterm_lets_an_answer_end(server: Running, model: Script, user: str) -> None:
    model.turns = [Say("one two three", hesitates=0.5)]
    with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
        lines = filter(None, answer.iter_lines())
        _conversation(next(lines))
        server.process.send_signal(signal.SIGTERM)
        rest = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "".join(event.get("text", "") for event in rest).strip() == "one two three"
    assert rest[-1] == {"type": "done"}
    assert server.process.wait(timeout=10) in (0, 128 + signal.SIGTERM, -signal.SIGTERM)


def test_one_user_is_answered_twice_at_once_and_no_more(server: Running, model: Script, user: str) -> None:
    model.turns = [Say("slow words", hesitates=20) for _ in range(2)]
    ask = ("POST", "/api/assistant/messages")
    with (
        server.client.stream(*ask, json=BODY, headers=bearer(user)) as one,
        server.client.stream(*ask, json=BODY, headers=bearer(user)) as two,
    ):
        assert next(one.iter_lines())
        assert next(two.iter_lines())
        third = server.client.post("/api/assistant/messages", json=BODY, headers=bearer(user))
        assert (third.status_code, third.headers.get("Retry-After")) == (429, "5"), third.text


def test_of_many_questions_at_the_same_moment_two_are_answered(server: Running, model: Script, user: str) -> None:
    model.turns = [Say("slow words", hesitates=2) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        ask = partial(server.client.post, "/api/assistant/messages", json=BODY, headers=bearer(user))
        answers = list(threads.map(lambda _: ask(), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [429] * 4


def test_neither_key_nor_words_are_in_the_log(server: Running, model: Script, user: str) -> None:
    model.turns = [Say("my-private-answer", (("add_task", {"title": "my-private-title"}),)), Say("ok")]
    body = {**BODY, "text": "my-private-question"}
    assert server.client.post("/api/assistant/messages", json=body, headers=bearer(user)).status_code == 200
    output = server.output()
    assert "/api/assistant/messages" in output
    assert [word for word in ("my-private", KEY) if word in output] == []


def test_the_model_and_its_library_are_imported_at_first_use() -> None:
    code = "import sys, todo_backend.application; print('openai' in sys.modules or 'httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
