"""What `bundle` and `install --offline` say before they know a cluster. The files are real, their images made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import schemas
from todoctl import bundle
from todoctl.cli.main import main
from todoctl.recipes.bundle import Saved


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with bundle.creating(tmp_path / "todo.bundle") as writer:
        with writer.member(bundle.ZIPAPP) as member:
            member.write(b"z" * 2_000_000)
        with writer.member("images/todo-backend-1.tar") as member:
            member.write(b"i" * 3_400_000)
            member.references, member.config = ("todo-backend:1",), "sha256:" + "a" * 64
        writer.close(todoctl="0.1.0", platform="linux/amd64")
    return tmp_path / "todo.bundle"


def test_verify_says_what_is_in_a_whole_file(path, capsys):
    assert main(["bundle", "verify", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path} is whole: made by todoctl 0.1.0 for linux/amd64\n  todoctl.pyz  2 MB\n  todo-backend:1  3 MB\n"
    )


def test_verify_gives_programs_the_same_with_the_sums(path, capsys):
    assert main(["bundle", "verify", str(path), "-o", "json"]) == 0
    envelope = json.loads(capsys.readouterr().out)
    schemas.check(envelope)
    zipapp, image = envelope["data"]["entries"]
    assert (zipapp["size"], zipapp["references"], zipapp["config"]) == (2_000_000, [], None)
    assert (image["references"], image["config"]) == (["todo-backend:1"], "sha256:" + "a" * 64)


def test_save_prints_what_it_wrote_and_what_is_missing(path, capsys, monkeypatch):
    with bundle.opened(path) as found:
        saved = Saved(found.index, found.size, ("registry.k8s.io/a@sha256:b",))
    monkeypatch.setattr("todoctl.recipes.bundle.save", lambda _steps, _file: saved)
    assert main(["bundle", "save", str(path), "-o", "json"]) == 0
    envelope = json.loads(capsys.readouterr().out)
    schemas.check(envelope)
    assert envelope["data"]["missing"] == ["registry.k8s.io/a@sha256:b"]
    assert main(["bundle", "save", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{path}  5 MB"


@pytest.mark.parametrize("command", [["bundle", "verify"], ["install", "--offline", "--bundle"]])
@pytest.mark.parametrize(
    ("content", "told"),
    [(None, (2, "cannot be read")), (b"no bundle", (14, "is not a bundle of todoctl"))],
    ids=["absent", "foreign"],
)
def test_a_file_that_is_none_is_told_before_anything_is_looked_at(command, content, told, tmp_path, capsys):
    file = tmp_path / "todo.bundle"
    if content is not None:
        file.write_bytes(content)
    code, words = told
    assert main([*command, str(file)]) == code
    err = capsys.readouterr().err
    assert words in err
    assert "hint: " in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--offline"], "--offline and --bundle FILE belong together"),
        (["--bundle", "f"], "--offline and --bundle FILE belong together"),
        (["--offline", "--bundle", "f", "--dry-run"], "--offline does not go with --dry-run"),
        (
            ["--offline", "--bundle", "f", "-e", "staging", "--context", "c", "--registry", "r.example.com"],
            "--offline does not go with --environment staging, which pulls its images",
        ),
    ],
)
def test_options_that_do_not_go_with_offline_are_bad_input(arguments, words, capsys, monkeypatch):
    monkeypatch.setattr("todoctl.install.install", lambda _: pytest.fail("went on"))
    assert main(["install", *arguments]) == 2
    assert words in capsys.readouterr().err
