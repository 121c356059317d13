"""What the verbs about Secrets and backups print, and how a value is read: never from the command line."""

import io
import json
from pathlib import Path
from textwrap import dedent

import pytest

import schemas
from todoctl.cli.main import main
from todoctl.database.backupfile import About, Backup
from todoctl.recipes.secrets import Changed, Names
from todoctl.secrets import SecretAction, SecretState

CHANGED = Changed(
    (SecretState("todo-secrets", "9", SecretAction.CHANGED, ("openai-api-key",)),), ("todo-backend", "todo-frontend")
)
BACKUP = Backup(
    About("2026-11-24T08:00:00Z", "0.1.0", "todo-app", "todo-backend:3f1c9d27a0b4", "0001", "17.6"),
    size=539043,
    sha256="ab" * 32,
    start=300,
    length=538000,
)


@pytest.fixture
def world(monkeypatch):
    """Have a recipe answer as told; give the list of what it was asked."""

    def of(recipe, answer):
        asked = []

        def answering(_steps, *given):
            asked.append(given)
            return answer

        monkeypatch.setattr(f"todoctl.recipes.{recipe}", answering)
        return asked

    return of


@pytest.fixture
def typed(monkeypatch):
    """Have text on stdin, which is no terminal."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def run(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    if "json" in arguments:
        schemas.check(json.loads(out))
    return code, out, err


def test_names_show_what_is_set_and_nothing_of_a_value(capsys, world):
    found = (
        Names("todo-secrets", there=True, keys={"database-url": True, "openai-api-key": False}),
        Names("todo-postgres", there=False, keys={"app-password": False}),
    )
    world("secrets.names", found)
    assert run(capsys, "secrets", "names")[:2] == (
        0,
        dedent("""\
            todo-secrets
              database-url    set
              openai-api-key  not set
            todo-postgres: not there
              app-password  not set
            """),
    )
    data = json.loads(run(capsys, "secrets", "names", "-o", "json")[1])["data"]
    assert data["secrets"][1] == {
        "name": "todo-postgres",
        "there": False,
        "keys": [{"name": "app-password", "set": False}],
    }


def test_what_became_of_the_secrets_is_told_with_the_pods_that_have_it(capsys, world, typed):
    asked = world("secrets.set_value", CHANGED)
    typed("sk-hush\n")
    assert run(capsys, "secrets", "set", "openai-api-key")[:2] == (
        0,
        dedent("""\
            Secret/todo-secrets changed: openai-api-key
            The pods run with the Secrets as they are now: todo-backend, todo-frontend
            """),
    )
    assert asked == [("openai-api-key", "sk-hush")]
    typed("sk-hush\n")
    code, out, _ = run(capsys, "secrets", "set", "openai-api-key", "-o", "json")
    assert (code, json.loads(out)["data"]["rolled"]) == (0, ["todo-backend", "todo-frontend"])
    assert "hush" not in out


@pytest.mark.parametrize("what", ["database", "auth"])
def test_rotate_and_reset_give_programs_the_same(capsys, world, what):
    world(f"secrets.rotate_{what}", CHANGED)
    world("reset.reset", Changed(CHANGED.states, ()))
    for words, rolled in ((["rotate", what], ["todo-backend", "todo-frontend"]), (["reset"], [])):
        code, out, _ = run(capsys, "secrets", *words, "-o", "json")
        found = json.loads(out)
        assert (code, found["command"]) == (0, f"secrets {words[0]}")
        assert found["data"] == {
            "changed": True,
            "secrets": [{"name": "todo-secrets", "action": "changed", "keys": ["openai-api-key"]}],
            "rolled": rolled,
        }


@pytest.mark.parametrize("key", ["openai-api-key", "database-url"])
def test_a_key_that_was_set_can_be_taken_away_again(capsys, world, key):
    asked = world("unset.unset", CHANGED)
    code, out, _ = run(capsys, "secrets", "unset", key, "-o", "json")
    found = json.loads(out)
    assert (code, found["command"], asked) == (0, "secrets unset", [(key,)])
    assert found["data"]["rolled"] == ["todo-backend", "todo-frontend"]


@pytest.mark.parametrize(
    ("rolled", "told"),
    [
        (("todo-backend",), "The pods run with the Secrets as they are now: todo-backend"),
        ((), "The app is not there: `todoctl install` brings it up with the Secrets as they are now."),
    ],
)
def test_nobody_is_told_that_the_pods_run_with_a_key_that_was_taken_away(capsys, world, rolled, told):
    world("unset.unset", Changed(CHANGED.states, rolled))
    out = run(capsys, "secrets", "unset", "openai-api-key")[1]
    assert out == f"Secret/todo-secrets changed: openai-api-key\n{told}\n"


@pytest.mark.parametrize("content", ["sk-hush", "sk-hush\n", "sk-hush\r\n", "\ufeffsk-hush\n", "  sk-hush \n"])
def test_a_value_comes_from_a_file_without_its_line_end(capsys, world, tmp_path, content):
    asked = world("secrets.set_value", CHANGED)
    file = tmp_path / "key"
    file.write_text(content, encoding="utf-8")
    assert run(capsys, "secrets", "set", "openai-api-key", "--from-file", str(file))[0] == 0
    assert asked == [("openai-api-key", "sk-hush")]


def test_on_a_terminal_a_value_is_asked_for_and_hidden(capsys, world, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    asked = world("secrets.set_value", CHANGED)
    monkeypatch.setattr("sys.stdin", Terminal("seen\n"))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _prompt: "sk-hush")
    code, out, err = run(capsys, "secrets", "set", "openai-api-key")
    assert (code, asked) == (0, [("openai-api-key", "sk-hush")])
    assert "hush" not in out + err


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("sk-hush\nsk-more\n", "it has more than one line"),
        ("sk-hush\0", "it has more than one line, or characters that cannot be seen"),
        ("h" * 70_000, "it is longer than 65536 characters"),
    ],
)
def test_what_is_no_value_is_refused_and_not_shown(capsys, world, typed, text, because):
    asked = world("secrets.set_value", CHANGED)
    typed(text)
    code, out, err = run(capsys, "secrets", "set", "openai-api-key", "-o", "json")
    error = json.loads(out)["error"]
    assert (code, asked, json.loads(out)["command"]) == (2, [], "secrets set")
    assert because in error["because"]
    assert "hush" not in out + err


@pytest.mark.parametrize(
    "arguments",
    [["better-auth-secret"], ["openai-api-key", "sk-hush"], ["openai-api-key", "--from-file", "absent"], []],
    ids=["a key that only a rotation changes", "a value as an argument", "no such file", "no key"],
)
def test_bad_input_is_a_usage_error(capsys, world, arguments):
    asked = world("secrets.set_value", CHANGED)
    code, out, err = run(capsys, "secrets", "set", *arguments)
    assert (code, asked) == (2, [])
    assert "hush" not in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_backup_is_told_by_what_it_holds(capsys, world, verb):
    asked = world(f"{verb}.{verb}", BACKUP)
    assert run(capsys, verb, "tasks.backup")[:2] == (
        0,
        dedent(f"""\
            tasks.backup: 539043 bytes, SHA-256 {"ab" * 32}
            namespace todo-app at 2026-11-24T08:00:00Z, schema 0001, Postgres 17.6, todoctl 0.1.0
            """),
    )
    assert asked == [(Path("tasks.backup"),)]
    code, out, _ = run(capsys, verb, "tasks.backup", "-o", "json")
    assert code == 0
    assert json.loads(out)["data"] == {
        "file": "tasks.backup",
        "size": 539043,
        "sha256": "ab" * 32,
        "createdAt": "2026-11-24T08:00:00Z",
        "namespace": "todo-app",
        "image": "todo-backend:3f1c9d27a0b4",
        "revision": "0001",
        "postgres": "17.6",
        "todoctl": "0.1.0",
    }


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"todoctl backup\r\n"])
def test_a_file_that_is_no_backup_is_refused_before_any_cluster_is_asked(capsys, tmp_path, content):
    file = tmp_path / "tasks.backup"
    file.write_bytes(content)
    code, _, err = run(capsys, "restore", str(file), "--context", "nowhere")
    assert code == 14
    assert "nowhere" not in err
