"""What the API costs beside the least that FastAPI can do: `python3 benchmarks/api/compare.py [IMAGE]`.

One backend with a production pod's limits (1 CPU, 512 MiB), a bare endpoint (bare.py) in the same image with the same
limits, and one Postgres, all in Docker on loopback: 50 users with 1,000 tasks each. Both are asked in turn, in rounds,
by the same four connections, which are kept; round-trip times are the client's. Prints requests a second and p50, p95
and p99 in milliseconds for each, and how many times the bare one's p95 ours is. Needs Docker with postgres:17, and the
backend's image, which `todoctl build` makes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

USERS, TASKS = 50, 1000
CLIENTS = 4
ROUNDS, REQUESTS = 10, 400
LIMITS = ["--cpus=1", "--memory=512m", "--network=host", "--read-only", "--tmpfs=/tmp"]
SECRET = secrets.token_hex(32)
BARE = Path(__file__).with_name("bare.py")
ROWS = f"""
INSERT INTO "user" (id, name, email, "emailVerified") SELECT 'u' || n, 'n', n || '@example.com', false
  FROM generate_series(1, {USERS}) AS n;
INSERT INTO task (user_id, title, description, priority, tags, due_date, due_time, created_at)
  SELECT 'u' || u, 'Task number ' || t, repeat('words ', t % 20), t % 4, ARRAY['home', 'tag' || t % 9],
         CASE WHEN t % 2 = 0 THEN date '2026-11-01' + t % 60 END, CASE WHEN t % 4 = 0 THEN time '18:00' END,
         now() - t * interval '1 minute'
  FROM generate_series(1, {USERS}) AS u, generate_series(1, {TASKS}) AS t;
VACUUM ANALYZE task;
SELECT user_id || ' ' || id FROM task WHERE title LIKE '%00';
"""


def docker(*arguments: str, stdin: str = "") -> str:
    """Run a docker command."""
    done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout


@contextmanager
def container(*arguments: str) -> Iterator[str]:
    """Run a container in the background, and remove it."""
    name = f"todo-benchmark-{secrets.token_hex(4)}"
    docker("run", "--detach", f"--name={name}", *arguments)
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(ready: Callable[[], object]) -> None:
    """Wait until this raises nothing."""
    deadline = time.monotonic() + 60
    while True:
        try:
            ready()
        except (OSError, SystemExit):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def token(user: str) -> str:
    """Return a token as the frontend mints them; see docs/contract.md."""
    key = hmac.digest(bytes(32), SECRET.encode(), "sha256")
    key = hmac.digest(key, b"todo-app/api-token/v1\x01", "sha256")
    now = int(time.time())
    claims = {"iss": "todo-frontend", "aud": "todo-backend", "sub": user, "iat": now, "exp": now + 300}
    parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.digest(key, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, base64url(signature)])


def base64url(data: bytes) -> str:
    """Encode as JWTs do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def request(method: str, path: str, user: str, body: dict[str, Any] | None = None) -> bytes:
    """Return a request as it goes over the wire."""
    payload = json.dumps(body).encode() if body else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: todo-app.local\r\nAuthorization: Bearer {token(user)}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    return head.encode() + payload


async def measure(port: int, requests: list[bytes]) -> tuple[list[float], float]:
    """Send the requests over CLIENTS connections; return each one's seconds, and those of all together."""
    waiting = iter(requests)
    took: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for raw in waiting:
            started = time.perf_counter()
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - started)
            if not head.startswith(b"HTTP/1.1 20"):
                sys.exit(f"unexpected answer: {head.decode()}")
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return took, time.perf_counter() - started


def compare(title: str, ports: dict[str, int], make: Callable[[], list[bytes]]) -> None:
    """Measure both in turn, after a round that does not count, and print a line for each."""
    took: dict[str, list[float]] = {name: [] for name in ports}
    seconds = dict.fromkeys(ports, 0.0)
    for number in range(ROUNDS + 1):
        for name, port in ports.items():
            each, whole = asyncio.run(measure(port, make()))
            if number:
                took[name] += each
                seconds[name] += whole
    p95 = {}
    for name, each in took.items():
        cuts = [1000 * cut for cut in statistics.quantiles(each, n=100)]
        p95[name] = cuts[94]
        rate = len(each) / seconds[name]
        print(f"{title:8} {name:8} {rate:7.0f}/s   p50 {cuts[49]:6.2f}   p95 {cuts[94]:6.2f}   p99 {cuts[98]:6.2f} ms")
    print(f"{title:8} p95 is {p95['backend'] / p95['bare']:.2f} times the bare one's")


def main(image: str = "") -> None:
    """Set the stage, and measure."""
    image = image or docker("images", "--format={{.Repository}}:{{.Tag}}", "todo-backend").split()[0]
    database, app, bare = free_port(), free_port(), free_port()
    url = f"postgresql://postgres:benchmark@127.0.0.1:{database}/postgres"
    environment = [f"--env=DATABASE_URL={url}", f"--env=BETTER_AUTH_SECRET={SECRET}", "--env=DATABASE_POOL_SIZE=5"]
    with ExitStack() as stack:
        server = ["--network=host", "--env=POSTGRES_PASSWORD=benchmark", "postgres:17", f"--port={database}"]
        postgres = stack.enter_context(container(*server))
        psql = ["exec", "--interactive", postgres, "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", url]
        wait_for(lambda: docker(*psql, stdin="SELECT 1"))
        docker("run", "--rm", "--network=host", *environment, image, "python", "-m", "todo_backend.migrate")
        tasks = [line.split() for line in docker(*psql, stdin=ROWS).splitlines()]
        command = ["fastapi", "run", "--entrypoint", "todo_backend.main:app", "--host=127.0.0.1", f"--port={app}"]
        stack.enter_context(container(*LIMITS, *environment, image, *command))
        command = ["uvicorn", "--app-dir=/bench", "bare:app", "--no-access-log", f"--port={bare}"]
        mount = ["--env=PYTHONPATH=/app", f"--volume={BARE}:/bench/bare.py:ro"]
        stack.enter_context(container(*LIMITS, *environment, *mount, image, *command))
        for port in (app, bare):
            address = f"http://127.0.0.1:{port}/health"
            wait_for(lambda address=address: urllib.request.urlopen(address, timeout=5))  # type: ignore[misc]
        users = [f"u{number + 1}" for number in range(USERS)]
        ports = {"backend": app, "bare": bare}
        compare("list", ports, lambda: times(cycle([request("GET", "/api/tasks", user) for user in users])))
        new = {"title": "Buy milk"}
        compare("create", ports, lambda: times(cycle([request("POST", "/api/tasks", user, new) for user in users])))
        toggles = [request("POST", f"/api/tasks/{identifier}/toggle", user) for user, identifier in tasks]
        compare("toggle", ports, lambda: times(cycle(toggles)))


def times(requests: Iterator[bytes]) -> list[bytes]:
    """Return as many requests as a round has."""
    return [next(requests) for _ in range(REQUESTS)]


if __name__ == "__main__":
    main(*sys.argv[1:])
