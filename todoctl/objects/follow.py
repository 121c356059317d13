"""Follow the objects of several kinds as they change: one watch per kind, each in a thread of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from todoctl.adapters.apiserver import GoneError, may_pass
from todoctl.adapters.kinds import Kind
from todoctl.adapters.kubernetes import Cluster, Object, Watch
from todoctl.deadline import SLICE_SECONDS
from todoctl.errors import TodoctlError

_REOPEN_SECONDS = 0.2  # between watches that the server ends at once


class Follower:
    """A context in which `next` says what the objects of some kinds look like, whenever that changes.

    Each kind is listed, then watched from that version on; listed again when the version got too old, and when the
    server was away: for how long that may be is the caller's to say. `tell` is told each time that it begins to be
    away, from any thread; it is back when each kind for which it was away has been listed again.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str | None,
        followed: Sequence[Kind],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._tell = tell
        self._away: dict[Kind, TodoctlError] = {}
        self._losing = threading.Lock()
        self._cluster = cluster
        self._namespace = namespace
        self._queue: queue.Queue[tuple[Kind, list[Object]] | TodoctlError] = queue.Queue()
        self._stopped = threading.Event()
        self._watches: dict[Kind, Watch] = {}
        self._threads = [threading.Thread(target=self._follow, args=(kind,), daemon=True) for kind in followed]

    def __enter__(self) -> Follower:  # noqa: PYI034 - Self is not in typing before Python 3.11
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask the threads to end; they hold nothing that needs waiting for."""
        self._stopped.set()
        for watch in list(self._watches.values()):
            watch.close()

    @property
    def lost(self) -> TodoctlError | None:
        """The error of a server that is away, and None while it answers."""
        return next(iter(list(self._away.values())), None)

    def next(self, seconds: float) -> tuple[Kind, list[Object]] | None:
        """Return a kind and all its objects as they are after a change, or None when none came in time.

        May return earlier with None. Raises what the cluster's calls raise, but for a server that is away.
        """
        with contextlib.suppress(queue.Empty):
            answer = self._queue.get(timeout=min(seconds, SLICE_SECONDS)) if seconds > 0 else self._queue.get_nowait()
            if isinstance(answer, TodoctlError):
                raise answer
            return answer
        return None

    def _follow(self, kind: Kind) -> None:
        while not self._stopped.is_set():
            try:
                items, version = self._cluster.list(kind, self._namespace)
                with self._losing:
                    self._away.pop(kind, None)
                objects = {item["metadata"]["uid"]: item for item in items}
                self._queue.put((kind, list(objects.values())))
                with contextlib.suppress(GoneError):
                    self._watch(kind, objects, version)
            except TodoctlError as error:
                if self._stopped.is_set():
                    return
                if not may_pass(error):
                    self._queue.put(error)
                    return
                self._lose(kind, error)
                self._stopped.wait(_REOPEN_SECONDS)

    def _lose(self, kind: Kind, error: TodoctlError) -> None:
        with self._losing:
            known = bool(self._away)
            self._away[kind] = error
        if not known:
            self._tell(f"{error.what}: {error.because}; going on trying")

    def _watch(self, kind: Kind, objects: dict[str, Object], version: str) -> None:
        """Watch, again and again, until stopped or the version is gone."""
        while not self._stopped.is_set():
            with self._cluster.watch(kind, self._namespace, version) as watch:
                self._watches[kind] = watch
                if self._stopped.is_set():
                    return
                for event, item in watch:
                    version = item["metadata"]["resourceVersion"]
                    if event == "BOOKMARK":
                        continue
                    if event == "DELETED":
                        objects.pop(item["metadata"]["uid"], None)
                    else:
                        objects[item["metadata"]["uid"]] = item
                    self._queue.put((kind, list(objects.values())))
            self._stopped.wait(_REOPEN_SECONDS)
