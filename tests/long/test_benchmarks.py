"""The benchmarks that docs/measurements.md names run through and print what they say; no figure is judged."""

import os
import sys

import pytest

from harness import HOST, PROFILE, ROOT, command

pytestmark = pytest.mark.minikube


def test_what_it_costs_to_find_nothing_to_do_is_measured(installed):
    told = command(sys.executable, "benchmarks/unchanged.py", PROFILE, "1", cwd=ROOT)
    assert [line.partition("  ")[0] for line in told.splitlines()] == [
        "todoctl install, nothing to do",
        "kubectl diff, rollout status, curl",
        "todoctl --help",
        "kubectl version --client",
    ]


def test_what_the_api_costs_is_measured_beside_a_bare_endpoint(installed):
    told = command(sys.executable, "benchmarks/api/compare.py", cwd=ROOT)
    assert [tuple(line.split()[:2]) for line in told.splitlines()] == [
        (call, of) for call in ("list", "create", "toggle") for of in ("backend", "bare", "p95")
    ]


def test_what_the_task_page_costs_a_browser_is_measured(installed, address):
    where = {"BASE_URL": f"http://{HOST}", "TODO_HOST_RULE": f"MAP {HOST} {address}"}
    told = command("node", "benchmarks/browser/visits.mjs", cwd=ROOT, env={**os.environ, **where})
    assert [line.partition("  ")[0] for line in told.splitlines()] == [
        "script that the page asks for, compressed",
        "first contentful paint",
        "longest interaction of a visit",
    ]
