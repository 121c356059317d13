"""`doctor --explain`: what the page says, without a page."""

from __future__ import annotations

import json

import pytest

from todoctl.cli.main import main
from todoctl.preflight import explain


@pytest.fixture(autouse=True)
def _nothing_is_looked_at(monkeypatch):
    monkeypatch.setattr("todoctl.recipes.doctor.look", lambda _: pytest.fail("went on"))


def test_a_check_is_explained_as_the_page_does(capsys):
    assert main(["doctor", "--explain", "host.disk"]) == 0
    head, *rest = capsys.readouterr().out.splitlines()
    assert head == "host.disk: Disk for Minikube, warning"
    assert [line.partition(": ")[0] for line in rest] == ["Means", "Matters", "Do", "--fix"]
    assert "MINIKUBE_HOME" in rest[2]


def test_every_entry_is_explained_to_its_end_and_no_further():
    for check in explain.entries():
        text = explain.explain(check)
        assert "\n--fix: " in text
        assert "\n#" not in text
        assert "**" not in text
        assert "](" not in text


def test_a_program_gets_it_as_one_text(capsys):
    assert main(["doctor", "--explain", "host.disk", "-o", "json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data == {"checks": [], "fixes": [], "report": None, "explanation": explain.explain("host.disk")}


@pytest.mark.parametrize(
    ("check", "hint"), [("host.dsk", "did you mean `host.disk`?"), ("?", "`todoctl doctor -o json` has the id of each")]
)
def test_what_is_no_check_is_bad_input(check, hint, capsys):
    assert main(["doctor", "--explain", check]) == 2
    assert f"hint: {hint}" in capsys.readouterr().err
