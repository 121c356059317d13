"""The benchmarks that docs/measurements.md names run through and print what they say; no figure is judged."""

import sys

import pytest

from harness import PROFILE, ROOT, command

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
