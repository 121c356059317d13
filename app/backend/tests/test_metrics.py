"""Figures for Prometheus, and spans for OpenTelemetry, of the app as it runs."""

import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
from postgres import free_port
from server import running
from tokens import bearer


def _figures(port: int) -> dict[str, float]:
    """Return the figures of all requests that were answered: the last is counted after its answer was sent."""
    deadline = time.monotonic() + 60
    while True:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            lines = answer.read().decode().splitlines()
        found = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}
        if not found["todo_requests_in_flight"] or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_requests_are_counted_by_route_on_a_port_of_its_own(database: str, user: str) -> None:
    port = free_port()
    with running(database, METRICS_PORT=str(port)) as server:
        made = server.client.post("/api/tasks", json={"title": "my-private-title"}, headers=bearer(user)).json()
        for path in (f"/api/tasks/{made['id']}", "/api/tasks?q=my-private-words", "/api/tasks/made-up", "/made/up"):
            server.client.get(path, headers=bearer(user))
        server.client.request("MADE-UP", "/api/tasks")
        assert server.client.get("/metrics").status_code == 404
        figures = _figures(port)
    counted = {
        name: value for name, value in figures.items() if name.startswith("todo_requests_total") and "/api" in name
    }
    assert counted == {
        'todo_requests_total{method="POST",route="/api/tasks",status="201"}': 1,
        'todo_requests_total{method="GET",route="/api/tasks",status="200"}': 1,
        'todo_requests_total{method="GET",route="/api/tasks/{task_id}",status="200"}': 1,
        'todo_requests_total{method="GET",route="/api/tasks/{task_id}",status="422"}': 1,
    }
    assert figures['todo_requests_total{method="GET",route="unknown",status="404"}'] == 2
    assert figures['todo_request_seconds_count{method="POST",route="/api/tasks"}'] == 1
    assert figures["todo_database_connections_limit"] == 4
    assert (figures["todo_requests_in_flight"], figures["todo_database_connections_in_use"]) == (0, 0)
    assert figures["process_resident_memory_bytes"] > 0
    assert "private" not in str(figures)
    assert user not in str(figures)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A collector's address, and what it was sent."""
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


def test_spans_go_to_the_collector_that_is_named_and_carry_the_callers_trace(
    database: str, user: str, collector: tuple[str, list[bytes]]
) -> None:
    endpoint, received = collector
    trace = "0af7651916cd43dd8448eb211c80319c"
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_SERVICE_NAME": "todo-backend",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with running(database, **given) as server:
        headers = bearer(user) | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        assert server.client.get("/api/tasks", headers=headers).status_code == 200
        deadline = time.monotonic() + 60
        # A request's own span comes after those of its parts, perhaps in a later batch.
        while not any(bytes.fromhex(trace) in body and b"GET /api/tasks" in body for body in received):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    sent = b"".join(received)
    assert b"GET /api/tasks" in sent
    assert b"todo-backend" in sent
    assert b"/health" not in sent
    assert headers["Authorization"].encode() not in sent


def test_without_a_collector_nothing_of_the_sdk_is_imported(database: str) -> None:
    with running(database) as server:
        maps = Path(f"/proc/{server.process.pid}/maps").read_text("utf-8")
    # protobuf's extension module is what only the exporter needs.
    assert "psycopg" in maps
    assert "protobuf" not in maps
