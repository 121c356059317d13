"""Work at the same time, and what becomes of it after Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ctrl_c import BeforeAProgram
from todoctl.images.at_once import at_once


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
    work = BeforeAProgram(monkeypatch, "todoctl.images.at_once.wait")
    with pytest.raises(KeyboardInterrupt):
        at_once([work])
    assert work.ends == [KeyboardInterrupt]
