"""A port-forward to all parts of the app lives through the cluster's stop and start."""

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import PROFILE, command

pytestmark = pytest.mark.minikube

# https://www.postgresql.org/docs/17/protocol-message-formats.html: SSLRequest, answered with S or N
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def postgres_answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(SSL_REQUEST)
        return client.recv(1) in {b"S", b"N"}


def all_answer(ports: dict[str, int]) -> bool:
    try:
        return (
            status(ports["frontend"], "/healthz") == 200
            and status(ports["backend"], "/health") == 200
            and postgres_answers(ports["postgres"])
        )
    except (OSError, http.client.HTTPException):
        return False


def envelope(process: subprocess.Popen[str]) -> dict:
    """Read the one JSON document that is printed while the command goes on."""
    text = ""
    while line := process.stdout.readline():
        text += line
        try:
            return json.loads(text)
        except ValueError:
            continue
    raise AssertionError(process.stderr.read())


def held(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
def test_all_parts_answer_again_after_the_cluster_was_stopped_and_started(todoctl, installed) -> None:
    arguments = ["port-forward", "frontend:0", "backend:0", "postgres:0", "-o", "json"]
    process = subprocess.Popen(
        [sys.executable, todoctl.zipapp, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TODOCTL_PROFILE": PROFILE},
    )
    try:
        ports = {one["part"]: one["port"] for one in envelope(process)["data"]["forwards"]}
        assert all_answer(ports)
        before = held(process.pid)
        with socket.create_connection(("127.0.0.1", ports["postgres"])) as client:
            client.sendall(SSL_REQUEST)
            assert client.recv(1) in {b"S", b"N"}
            command("minikube", "stop", "-p", PROFILE)
            client.settimeout(90)
            assert client.recv(1) == b""  # it ends with its pod
        assert not all_answer(ports)
        command("minikube", "start", "-p", PROFILE, "--keep-context", "--interactive=false")
        end = time.monotonic() + 240
        while not all_answer(ports):
            assert time.monotonic() < end, "the parts did not answer again"
            assert process.poll() is None
            time.sleep(1)
        # Clients gave up meanwhile: their connections end after 30 s. The API servers' pools may have grown by some.
        end = time.monotonic() + 180
        while held(process.pid) > before + 12:
            assert time.monotonic() < end, "connections stayed"
            time.sleep(1)
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    lines = [line for line in told.splitlines() if line.strip()]
    # Of the others nothing was asked meanwhile, so nothing had to be told.
    assert "Service `todo-frontend` answers again" in told
    assert "Traceback" not in told
    assert len(lines) < 40, told  # a word when it goes and one when it comes, not one for each try
