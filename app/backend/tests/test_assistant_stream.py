"""An answer as it comes over a real connection, mostly from a server in a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import psycopg
import pytest
from model_server import KEY, Say, Script, Silence, running_model
from postgres import free_port
from server import FOLDER, Running, running
from serving import serving
from tokens import SECRET, bearer
from waiting import refuses_connections, wait_until, waiting_for_locks

from todo_backend.application import create_app
from todo_backend.settings import Settings

Json = dict[str, Any]
BODY = {"text": "hello", "today": "2026-11-24", "time": "12:00"}
SLOW = Say("one word after the other", hesitates=12)
"""Takes longer than an answer may, and never so long for a word that patience ends."""


@pytest.fixture
def model() -> Iterator[Script]:
    with running_model() as script:
        yield script


@pytest.fixture
def metrics_port() -> int:
    return free_port()


@pytest.fixture
def server(database: str, model: Script, metrics_port: int) -> Iterator[Running]:
    given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url, "METRICS_PORT": str(metrics_port)}
    with running(database, **given) as server:
        yield server


def _serves_nobody(metrics_port: int) -> bool:
    return "\ntodo_requests_in_flight 0.0\n" in httpx2.get(f"http://127.0.0.1:{metrics_port}/metrics").text


def _messages(server: Running, user: str, conversation: str) -> list[Json]:
    answer = server.client.get(f"/api/conversations/{conversation}", headers=bearer(user)).json()
    messages: list[Json] = answer["messages"]
    return messages


def _wait_for_answer(server: Running, user: str, conversation: str) -> Json:
    wait_until(lambda: len(_messages(server, user, conversation)) == 2)
    return _messages(server, user, conversation)[1]


def _conversation(line: str) -> str:
    started = json.loads(line.removeprefix("data: "))
    assert started["type"] == "started"
    identifier: str = started["conversation_id"]
    return identifier


def test_words_arrive_while_the_model_still_speaks_and_a_heartbeat_while_it_is_silent(
    database: str, model: Script, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todo_backend.assistant.model.CHUNK_SECONDS", 50)  # the heartbeat is due after 15 s
    model.turns = [Say("first second", hesitates=50)]
    settings = Settings(database_url=database, better_auth_secret=SECRET, openai_api_key=KEY, openai_base_url=model.url)
    lines: list[str] = []
    with (
        serving(create_app(settings)) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
        client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer,
    ):
        for line in filter(None, answer.iter_lines()):
            lines.append(line)
            if line.startswith(":"):
                model.go_on.set()
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
    wait_until(lambda: model.broken_off == 1)


def test_an_answer_that_is_stopped_before_its_first_word_costs_what_was_set_aside(
    server: Running, model: Script, user: str
) -> None:
    model.turns = [Silence()]
    with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
        lines = filter(None, answer.iter_lines())
        conversation = _conversation(next(lines))
        wait_until(lambda: len(model.asked) == 1)
    assert _wait_for_answer(server, user, conversation)["stopped"] is True
    assert server.client.get("/api/assistant", headers=bearer(user)).json()["used_tokens"] > 1024


def test_a_change_that_is_being_made_when_the_listener_leaves_is_kept_with_what_undoes_it(
    server: Running, model: Script, user: str, database: str, metrics_port: int
) -> None:
    task = server.client.post("/api/tasks", json={"title": "buy milk"}, headers=bearer(user)).json()
    model.turns = [Say("", (("complete_task", {"id": task["id"]}),))]
    with psycopg.connect(database) as holder:
        holder.execute("SELECT 1 FROM task WHERE id = %s FOR UPDATE", [task["id"]])
        with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
            lines = filter(None, answer.iter_lines())
            conversation = _conversation(next(lines))
            wait_until(lambda: waiting_for_locks(database) == 1)
        wait_until(lambda: _serves_nobody(metrics_port))
    message = _wait_for_answer(server, user, conversation)
    done = server.client.get(f"/api/tasks/{task['id']}", headers=bearer(user)).json()
    assert done["done"] is True
    change = {"action": "completed", "task_id": task["id"], "title": "buy milk", "task": done, "before": task}
    assert (message["stopped"], message["changes"]) == (True, [change])


def test_an_answer_that_is_being_kept_when_the_listener_leaves_is_kept(
    server: Running, model: Script, user: str, database: str, metrics_port: int
) -> None:
    model.turns = [SLOW]
    with psycopg.connect(database) as holder:
        with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
            lines = filter(None, answer.iter_lines())
            conversation = _conversation(next(lines))
            holder.execute("SELECT 1 FROM conversation WHERE id = %s FOR UPDATE", [conversation])
            model.go_on.set()
            wait_until(lambda: waiting_for_locks(database) == 1)
        wait_until(lambda: _serves_nobody(metrics_port))
    message = _wait_for_answer(server, user, conversation)
    assert (message["text"], message["stopped"]) == (SLOW.text, False)


def test_sigterm_lets_an_answer_end(server: Running, model: Script, user: str) -> None:
    model.turns = [SLOW]
    with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as answer:
        lines = filter(None, answer.iter_lines())
        _conversation(next(lines))
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(server.address))
        model.go_on.set()
        rest = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "".join(event.get("text", "") for event in rest).strip() == SLOW.text
    assert rest[-1] == {"type": "done"}
    assert server.process.wait(timeout=60) in (0, 128 + signal.SIGTERM, -signal.SIGTERM)


def test_one_user_is_answered_twice_at_once_and_no_more(server: Running, model: Script, user: str) -> None:
    model.turns = [SLOW] * 2
    ask = ("POST", "/api/assistant/messages")
    with (
        server.client.stream(*ask, json=BODY, headers=bearer(user)) as one,
        server.client.stream(*ask, json=BODY, headers=bearer(user)) as two,
    ):
        lines = one.iter_lines(), two.iter_lines()  # who lets go of these has left
        assert all(next(each) for each in lines)
        third = server.client.post("/api/assistant/messages", json=BODY, headers=bearer(user))
        assert (third.status_code, third.headers.get("Retry-After")) == (429, "5"), third.text


def test_answers_of_other_pods_count_and_those_of_a_pod_that_died_for_a_minute(
    server: Running, model: Script, user: str, database: str
) -> None:
    model.turns = [SLOW, SLOW, Say("at once")]

    def ask() -> int:
        return server.client.post("/api/assistant/messages", json=BODY, headers=bearer(user)).status_code

    with running(database, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=model.url) as other:
        stream = partial(other.client.stream, "POST", "/api/assistant/messages", json=BODY, headers=bearer(user))
        with stream() as one, stream() as two:
            lines = one.iter_lines(), two.iter_lines()
            assert all(next(each) for each in lines)
            assert ask() == 429
            other.process.kill()
            other.process.wait()
    assert ask() == 429
    with psycopg.connect(database) as connection:
        earlier = "UPDATE message SET created_at = created_at - interval '1 minute' WHERE user_id = %s"
        connection.execute(earlier, [user])
    assert ask() == 200


def test_of_many_questions_at_the_same_moment_two_are_answered(server: Running, model: Script, user: str) -> None:
    model.turns = [SLOW] * 6
    with ThreadPoolExecutor(6) as threads:
        ask = partial(server.client.post, "/api/assistant/messages", json=BODY, headers=bearer(user))
        asked = [threads.submit(ask) for _ in range(6)]
        wait_until(lambda: len([each for each in asked if each.done()]) >= 4)
        model.go_on.set()
    assert sorted(each.result().status_code for each in asked) == [200] * 2 + [429] * 4


def test_of_two_questions_to_two_pods_at_the_same_moment_one_is_answered_beside_a_third(
    server: Running, model: Script, user: str, database: str
) -> None:
    model.turns = [SLOW, Say("at once"), Say("at once")]
    with running(database, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=model.url) as other, ThreadPoolExecutor(2) as threads:

        def ask(pod: Running) -> int:
            return pod.client.post("/api/assistant/messages", json=BODY, headers=bearer(user)).status_code

        with server.client.stream("POST", "/api/assistant/messages", json=BODY, headers=bearer(user)) as third:
            lines = third.iter_lines()
            assert next(lines)
            with psycopg.connect(database) as holder:
                holder.execute("LOCK TABLE message IN EXCLUSIVE MODE")  # what is said waits, what is counted does not
                asked = [threads.submit(ask, pod) for pod in (server, other)]
                wait_until(lambda: waiting_for_locks(database) == 2)
            assert sorted(each.result() for each in asked) == [200, 429]
    kept = server.client.get("/api/conversations", headers=bearer(user)).json()["items"]
    assert len(kept) == 2  # what was refused has begun none


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
