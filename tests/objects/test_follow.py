"""What a healthy API server does not do on demand: versions that get too old, watches that end at once, failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import ApiError, GoneError
from todoctl.errors import ClusterError
from todoctl.objects.follow import Follower


def pod(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": version}}


class Watch:
    def __init__(self, events: list[Any]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self) -> None:
        pass


class Server:
    """Answers lists and watches from a script; asked for more than it has, it fails."""

    def __init__(self, lists: list[Any], watches: list[list[Any]]) -> None:
        self._lists, self._watches = lists, watches
        self.watched_from: list[str] = []

    def list(self, kind: Any, namespace: str) -> Any:
        assert (kind, namespace) == (kinds.POD, "ns")
        answer = self._lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def watch(self, kind: Any, namespace: str, version: str) -> AbstractContextManager[Watch]:
        assert (kind, namespace) == (kinds.POD, "ns")
        self.watched_from.append(version)
        if not self._watches:
            raise ClusterError("cluster.forbidden", "cannot watch pods", because="the script has ended")
        return opened(Watch(self._watches.pop(0)))


@contextmanager
def opened(watch: Watch) -> Iterator[Watch]:
    yield watch


def followed(server: Server, tell: Callable[[str], None] = lambda _: None) -> list[list[str]]:
    """Return the names of the pods after each change, until the script has ended."""
    seen: list[list[str]] = []
    with Follower(server, "ns", [kinds.POD], tell) as follower:  # type: ignore[arg-type]
        while True:
            try:
                change = follower.next(5)
            except ClusterError as error:
                if error.because == "the script has ended":
                    return seen
                raise
            if change is not None:
                seen.append([item["metadata"]["name"] for item in change[1]])


def test_every_change_shows_all_objects_as_they_are() -> None:
    events = [("ADDED", pod("b", "2")), ("MODIFIED", pod("a", "3")), ("DELETED", pod("a", "4"))]
    server = Server([([pod("a", "1")], "1")], [events])
    assert followed(server) == [["a"], ["a", "b"], ["a", "b"], ["b"]]


def test_a_watch_that_ends_is_opened_again_from_its_last_version_bookmarks_included() -> None:
    bookmark = {"metadata": {"resourceVersion": "9"}}
    server = Server([([], "1")], [[("ADDED", pod("a", "2")), ("BOOKMARK", bookmark)], []])
    assert followed(server) == [[], ["a"]]
    assert server.watched_from == ["1", "9", "9"]


def test_a_version_that_got_too_old_is_listed_anew() -> None:
    gone = GoneError("cannot watch pods", status=410, reason="Expired", because="too old")
    server = Server([([pod("a", "1")], "1"), ([pod("b", "7")], "7")], [[gone]])
    assert followed(server) == [["a"], ["b"]]
    assert server.watched_from == ["1", "7"]


AWAY = ClusterError("cluster.unreachable", "cannot list pods", because="connection refused")
BUSY = ApiError("cannot watch pods", status=503, reason="ServiceUnavailable", because="starting")


def test_a_server_that_is_away_for_longer_than_a_call_tries_is_waited_for_and_told_of_once() -> None:
    server = Server([([pod("a", "1")], "1"), AWAY, AWAY, ([pod("b", "7")], "7")], [[BUSY]])
    told: list[str] = []
    assert followed(server, told.append) == [["a"], ["b"]]
    assert told == ["cannot watch pods: starting; going on trying"]


class Returning:
    """Is away for two kinds, comes back for pods, fails once more for Deployments, and then is back for both."""

    def __init__(self) -> None:
        self._asked: list[Any] = []
        self._both_lost = threading.Barrier(2, timeout=10)
        self._pods_are_back, self._ended = threading.Event(), threading.Event()

    def list(self, kind: Any, _: str) -> Any:
        self._asked.append(kind)
        if self._asked.count(kind) == 1:
            raise AWAY
        if self._asked.count(kind) == 2:
            self._both_lost.wait()
            if kind == kinds.DEPLOYMENT:
                assert self._pods_are_back.wait(10)
                raise AWAY
        return [], "1"

    def watch(self, kind: Any, *_: Any) -> AbstractContextManager[Watch]:
        if kind == kinds.POD:
            self._pods_are_back.set()
        self._ended.wait(10)
        return opened(Watch([]))

    def end(self) -> None:
        self._ended.set()


def test_a_server_that_comes_back_for_one_kind_first_is_told_of_once() -> None:
    server, told, seen = Returning(), [], set()
    with Follower(server, "ns", [kinds.POD, kinds.DEPLOYMENT], told.append) as follower:  # type: ignore[arg-type]
        while len(seen) < 2:
            change = follower.next(0.1)
            seen |= {change[0]} if change else set()
        assert follower.lost is None
        server.end()
    assert told == ["cannot list pods: connection refused; going on trying"]


def test_a_server_that_stays_away_is_known_to_be() -> None:
    server = Server([AWAY] * 1000, [])
    with Follower(server, "ns", [kinds.POD]) as follower:  # type: ignore[arg-type]
        while follower.lost is None:
            assert follower.next(0.1) is None
        assert follower.lost is AWAY


def test_what_no_waiting_mends_ends_it_at_once() -> None:
    refused = ApiError("cannot list pods", status=403, reason="Forbidden", because="no right to")
    with pytest.raises(ApiError):
        followed(Server([refused], []))
