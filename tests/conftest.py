"""The markers `docker` and `minikube`: on a machine without, a test that carries one is skipped, and says why."""

from __future__ import annotations

import functools
import shutil
import subprocess

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("docker", "minikube"):
        if item.get_closest_marker(marker) and (reason := _missing(marker)):
            pytest.skip(reason)


@functools.cache
def _missing(marker: str) -> str | None:
    programs = ("docker", "minikube", "kubectl") if marker == "minikube" else ("docker",)
    absent = [program for program in programs if not shutil.which(program)]
    if absent:
        return f"needs {' and '.join(absent)} on PATH"
    engine = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, check=False)
    return "needs a Docker engine that answers" if engine.returncode else None
