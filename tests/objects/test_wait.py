"""What a real cluster seldom does: a pod replaced between the look at it and its deletion."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from todoctl.adapters.apiserver import StaleError
from todoctl.objects.rollout import Failing
from todoctl.objects.status import Failure
from todoctl.objects.wait import _restart_stale


class Replaced:
    """A cluster whose pods all have become others of the same name."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def delete(self, _kind: object, name: str, _namespace: str, *, uid: str | None = None, **_: object) -> bool:
        self.asked.append((name, uid))
        raise StaleError("cannot delete it", status=409, reason="Conflict", because="its UID is another")


def test_a_failing_pod_that_was_replaced_meanwhile_is_left_alone() -> None:
    metadata = {"name": "todo-postgres-0", "uid": "old", "creationTimestamp": "2020-01-01T00:00:00Z"}
    failing = Failing("todo-postgres", {"metadata": metadata}, Failure("CrashLoopBackOff", "it ends"))
    rollout: Any = SimpleNamespace(failing=lambda: [failing])
    cluster: Any = Replaced()
    assert _restart_stale(cluster, "todo-app", rollout) == {"old"}
    assert cluster.asked == [("todo-postgres-0", "old")]
