from pathlib import Path
from typing import Any

import pytest
import yaml

from todoctl.objects.status import failure, probe_failure, status

TABLES = Path(__file__).parent / "status"


def cases(*names: str) -> list[Any]:
    entries = [entry for name in names for entry in yaml.safe_load((TABLES / f"{name}.yaml").read_text())]
    return [pytest.param(entry, id=entry["case"]) for entry in entries]


@pytest.mark.parametrize("case", cases("deployment", "stateful-set", "others"))
def test_status_of(case: dict[str, Any]) -> None:
    verdict = status(case["object"], minimum=case.get("minimum"))
    assert (verdict.status.value, verdict.message) == (case["status"], case["message"])


@pytest.mark.parametrize("case", cases("pods"))
def test_failure_of(case: dict[str, Any]) -> None:
    found = failure(case["pod"])
    if case["reason"] is None:
        assert found is None
    else:
        assert found is not None
        assert (found.reason, found.container, found.grace) == (case["reason"], case["container"], case["grace"])


@pytest.mark.parametrize("case", cases("probes"))
def test_probe_failure_of(case: dict[str, Any]) -> None:
    found = probe_failure(case["pod"], case["events"])
    if case["reason"] is None:
        assert found is None
    else:
        assert found is not None
        assert (found.reason, found.container, found.message) == (case["reason"], case["container"], case["message"])
