"""The app as it runs."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import psycopg
from postgres import Server, add_user
from server import FOLDER, running
from tokens import SECRET, bearer
from waiting import refuses_connections, wait_until, waiting_for_locks

from todo_backend.migrate import migrate
from todo_backend.settings import MigrateSettings


def _json_lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_sigterm_lets_a_running_request_end_and_takes_no_new_one(database: str, user: str) -> None:
    with running(database) as server, psycopg.connect(database) as holder, ThreadPoolExecutor() as threads:
        task = server.client.post("/api/tasks", json={"title": "x"}, headers=bearer(user)).json()
        holder.execute("SELECT 1 FROM task WHERE id = %s FOR UPDATE", [task["id"]])
        path = f"{server.address}/api/tasks/{task['id']}/toggle"
        toggled = threads.submit(httpx2.post, path, headers=bearer(user), timeout=60)
        wait_until(lambda: waiting_for_locks(database) > 0)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(server.address))
        assert not toggled.done()
        holder.rollback()
        assert (toggled.result().status_code, toggled.result().json()["done"]) == (200, True)
        assert server.process.wait(timeout=60) in (0, 128 + signal.SIGTERM, -signal.SIGTERM)


def test_a_stopped_database_turns_readiness_off_and_its_return_turns_it_on(
    own_server: Server, stoppable_database: str
) -> None:
    migrate(MigrateSettings(database_url=stoppable_database))
    user = add_user(stoppable_database)
    with running(stoppable_database) as server:
        server.wait_for("/ready", 200)
        assert server.client.get("/api/tasks", headers=bearer(user)).status_code == 200
        own_server.stop()
        try:
            server.wait_for("/ready", 503)
            answer = server.client.get("/api/tasks", headers=bearer(user))
            assert (answer.status_code, answer.json()["detail"]) == (503, "The database cannot serve this now")
            assert server.client.get("/health").status_code == 200
        finally:
            own_server.start()
        server.wait_for("/ready", 200)
        assert server.client.get("/api/tasks", headers=bearer(user)).status_code == 200
        messages = [line["message"] for line in _json_lines(server.output())]
    of_readiness = [message for message in messages if "ready" in message and "GET" not in message]
    # On a busy machine the first answer may be another.
    assert of_readiness[-3:] == ["ready", "not ready: the database is not reachable", "ready"]


def test_log_lines_are_json_with_the_requests_id_and_the_answer_carries_it(database: str, user: str) -> None:
    with running(database) as server:
        given = server.client.get("/api/tasks", headers=bearer(user) | {"X-Request-ID": "from-the-ingress_1.2"})
        made = server.client.get("/api/tasks")
        insane = server.client.get("/api/tasks", headers={"X-Request-ID": 'forged", "level": "info'})
        server.wait_for("/ready", 200)
        output = server.output()
    assert given.headers["X-Request-ID"] == "from-the-ingress_1.2"
    assert len(made.headers["X-Request-ID"]) == 32
    assert len(insane.headers["X-Request-ID"]) == 32
    lines = [line for line in _json_lines(output) if line["logger"] == "todo_backend.access"]
    probes = [line for line in lines if line["path"] in ("/health", "/ready")]
    assert [line for line in probes if line["status"] < 400] == []
    seen = [(line["request_id"], line["method"], line["path"], line["status"]) for line in lines if line not in probes]
    assert seen == [
        ("from-the-ingress_1.2", "GET", "/api/tasks", 200),
        (made.headers["X-Request-ID"], "GET", "/api/tasks", 401),
        (insane.headers["X-Request-ID"], "GET", "/api/tasks", 401),
    ]
    banner, _, rest = output.partition("{")  # fastapi-cli's own greeting comes before the first line of ours
    assert "Starting FastAPI" in banner
    assert all(line.startswith("{") for line in f"{{{rest}".splitlines())


def test_a_crash_is_a_500_problem_without_the_reason_and_the_reason_is_in_the_log(empty_database: str) -> None:
    with running(empty_database) as server:  # which has no tables
        answer = server.client.get("/api/tasks", headers=bearer("anyone"))
        output = server.output()
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "Internal Server Error", "status": 500}
    [line] = [line for line in _json_lines(output) if line["level"] == "error"]
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert 'relation "task" does not exist' in line["exception"]


def test_no_secret_is_in_the_log_whatever_happens(database: str, empty_database: str, user: str) -> None:
    header = bearer(user)
    output = ""
    for url in (database, empty_database, database.replace("127.0.0.1", "127.0.0.1,127.0.0.2")):
        with running(url, LOG_LEVEL="debug") as server:
            server.client.post("/api/tasks", json={"title": "my-private-title"}, headers=header)
            server.client.get("/api/tasks", headers=header)
            server.client.get("/api/tasks", params={"cursor": "my-private-title"}, headers=header)
            server.client.get("/api/tasks", headers={"Authorization": header["Authorization"] + "x"})
            server.client.get("/ready")
            output += server.output()
    assert "todo_backend.access" in output
    password = urlsplit(database).password or ""
    assert password
    secrets = [password, unquote(password), SECRET, header["Authorization"].split()[1], "my-private-title"]
    assert [secret for secret in secrets if secret in output] == []


def test_without_its_secret_it_refuses_to_start_with_one_line_and_no_traceback(database: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "fastapi_cli", "run", "--entrypoint", "todo_backend.main:app"],
        cwd=FOLDER,
        env={**os.environ, "DATABASE_URL": database, "BETTER_AUTH_SECRET": "short"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    [line] = _json_lines(ended.stdout)
    assert line["message"].startswith("refusing to start: BETTER_AUTH_SECRET: ")
    assert "Traceback" not in ended.stdout + ended.stderr
