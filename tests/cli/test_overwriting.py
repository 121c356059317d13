"""Verbs that write a file where one is: nothing replaces it without a yes."""

from __future__ import annotations

import io

import pytest

from todoctl.cli.main import main


@pytest.mark.parametrize(
    "words",
    [["bundle", "save", "there.zip"], ["doctor", "--report", "there.zip"], ["backup", "there.zip"]],
    ids=lambda words: words[0],
)
def test_a_file_that_is_there_is_overwritten_only_with_a_yes(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.zip").write_text("of before")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    monkeypatch.setattr("todoctl.recipes.bundle._zipapp", lambda: tmp_path / "todoctl.pyz")
    monkeypatch.setattr("todoctl.recipes.backup.Postgres.require", lambda *_: None)
    monkeypatch.setattr("todoctl.secrets.values", lambda *_: {})
    monkeypatch.setattr("todoctl.installation.Installation.cluster", None)
    for going_on in ("recipes.bundle.bundle.creating", "recipes.doctor.look", "recipes.backup.backupfile.creating"):
        monkeypatch.setattr(f"todoctl.{going_on}", lambda *_: pytest.fail("went on"))
    assert main(words) == 10
    assert "this needs a yes: Overwrite `there.zip`?" in capsys.readouterr().err
    assert (tmp_path / "there.zip").read_text() == "of before"
