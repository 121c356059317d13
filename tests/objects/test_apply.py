"""What the real cluster does not do on demand: an interruption in the midst of an apply."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from todoctl.objects import plan


def test_after_ctrl_c_what_has_not_begun_does_not_begin() -> None:
    begun: list[int] = []
    submitted, interrupted = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield from range(3)
        submitted.set()

    def work(item: int) -> bool:
        begun.append(item)
        assert submitted.wait(10)
        if item == 0:
            _thread.interrupt_main()  # does not wake a wait, as Ctrl-C on Windows does not
        return interrupted.wait(10)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            plan.at_once(pool, work, items())
        interrupted.set()
    assert begun == [0]
