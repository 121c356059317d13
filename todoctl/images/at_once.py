"""Independent work at the same time, in threads, without leaving programs behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from todoctl.adapters import process
from todoctl.deadline import SLICE_SECONDS

T = TypeVar("T")


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Do all works at once and return what they return, in their order.

    All are finished when this returns or raises; of several errors the first in order is raised. Ctrl-C ends the
    programs that the works run, and those that they start after it.
    """
    if not works:
        return []
    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        futures: list[Future[T]] = []
        try:
            futures += (pool.submit(work) for work in works)
            while wait(futures, timeout=SLICE_SECONDS).not_done:
                pass
        except BaseException:
            process.end_children_of(futures)
            raise
    return [future.result() for future in futures]
