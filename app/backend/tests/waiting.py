"""Waiting for what a server, or a database, comes to."""

import time
from collections.abc import Callable

import httpx2
import psycopg


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail after a minute."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def waiting_for_locks(database: str) -> int:
    """Return how many statements wait for what somebody else holds."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(database) as watcher:
        return len(watcher.execute(query).fetchall())


def refuses_connections(address: str) -> bool:
    """Tell whether a server takes no connections any more."""
    try:
        httpx2.get(f"{address}/health")
    except httpx2.ConnectError:
        return True
    except httpx2.TransportError:  # taken by the kernel just before, and dropped
        return False
    return False
