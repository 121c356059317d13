"""Ctrl-C, for what does works in threads and waits for them."""

from __future__ import annotations

import _thread
import sys
import threading
from concurrent import futures
from typing import Any

import pytest

from todoctl.adapters import process
from todoctl.deadline import Deadline


class BeforeAProgram:
    """A work to be called: Ctrl-C comes while it is waited for, and it starts a long program only after that.

    `waits` is the name of what waits, `concurrent.futures.wait` as the module imports it. `ends` has how the program
    ended: what was raised, or None where it ended by itself.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, waits: str) -> None:
        self.ends: list[type[BaseException] | None] = []
        self._waiting, self._looked = threading.Event(), threading.Event()
        self._end_children = process.end_children
        monkeypatch.setattr(waits, self._wait)
        monkeypatch.setattr(process, "end_children", self._look)

    def __call__(self) -> str:
        assert self._waiting.wait(10)
        _thread.interrupt_main()
        assert self._looked.wait(10)  # such as for the engine's answer, while the first look finds no program
        try:
            process.run([sys.executable, "-c", "import time; time.sleep(60)"], deadline=Deadline(600))
        except BaseException as error:
            self.ends.append(type(error))
            raise
        self.ends.append(None)
        return "fine"

    def _wait(self, works: Any, timeout: float) -> Any:
        self._waiting.set()
        return futures.wait(works, timeout)

    def _look(self) -> None:
        self._end_children()
        self._looked.set()
