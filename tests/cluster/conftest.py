"""Every test here finds a cluster that runs, with the app on it."""

import pytest

from harness import Outcome


@pytest.fixture(scope="session", autouse=True)
def app_is_installed(installed: Outcome) -> Outcome:
    return installed
