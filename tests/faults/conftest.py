"""Every case here finds the app installed, whatever the tests before left behind."""

import pytest

from harness import Outcome, Todoctl


@pytest.fixture(scope="session", autouse=True)
def app_runs(installed: Outcome, todoctl: Todoctl) -> None:
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
