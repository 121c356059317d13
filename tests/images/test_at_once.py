"""Work at the same time, and what becomes of it after Ctrl-C."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import pytest

from todoctl.adapters import process
from todoctl.deadline import Deadline
from todoctl.images.at_once import at_once

LONG = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_what_works_return_comes_in_their_order_and_of_their_errors_the_first() -> None:
    meeting = threading.Barrier(2, timeout=10)  # one after the other they would never end

    def work(number: int) -> Callable[[], int]:
        return lambda: meeting.wait() * 0 + number

    def fails(error: Exception) -> int:
        meeting.wait()
        raise error

    assert at_once([work(1), work(2)]) == [1, 2]
    with pytest.raises(LookupError):
        at_once([lambda: fails(LookupError()), lambda: fails(ValueError())])
    nothing: list[Callable[[], int]] = []
    assert at_once(nothing) == []


def test_ctrl_c_ends_also_the_programs_that_a_work_starts_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, looked = threading.Event(), threading.Event()
    ends: list[type[BaseException] | None] = []
    end_children = process.end_children

    def look() -> None:
        end_children()
        looked.set()

    def work() -> None:
        assert waiting.wait(10)
        _thread.interrupt_main()
        assert looked.wait(10)  # such as for the engine's answer, while the first look finds no program
        try:
            process.run(LONG, deadline=Deadline(600))
        except BaseException as error:
            ends.append(type(error))
            raise
        ends.append(None)

    def wait(works: Any, timeout: float) -> Any:
        waiting.set()
        return futures.wait(works, timeout)

    monkeypatch.setattr("todoctl.images.at_once.wait", wait)
    monkeypatch.setattr(process, "end_children", look)
    with pytest.raises(KeyboardInterrupt):
        at_once([work])
    assert ends == [KeyboardInterrupt]
