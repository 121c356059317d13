"""The app as it runs: `fastapi run` in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from postgres import free_port
from tokens import SECRET

FOLDER = Path(__file__).parent.parent


class Running:
    """A running server; `lines` are what it printed, to be read once it has ended."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.client = httpx2.Client(base_url=address, timeout=60)

    def wait_for(self, path: str, status: int, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        last: object = None
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                last = self.client.get(path).status_code
            except httpx2.TransportError as error:
                last = error
            if last == status:
                return
            time.sleep(0.1)
        raise AssertionError(f"{path} never answered {status}, last: {last}")

    def output(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=120)[0]


@contextmanager
def running(database: str, **environment: str) -> Iterator[Running]:
    port = free_port()
    command = ["-m", "fastapi_cli", "run", "--entrypoint", "todo_backend.main:app", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        cwd=FOLDER,
        env={**os.environ, "DATABASE_URL": database, "BETTER_AUTH_SECRET": SECRET, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Running(process, f"http://127.0.0.1:{port}")
    try:
        server.wait_for("/health", 200)
        yield server
    finally:
        server.client.close()
        process.kill()
        process.communicate()
