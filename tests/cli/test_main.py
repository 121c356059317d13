import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness import ROOT
from todoctl import __version__
from todoctl.cli import main as cli
from todoctl.cli import options
from todoctl.cli.terminal import Terminal
from todoctl.errors import ExitCode, RolloutError, TodoctlError
from verbs import COMMANDS, VERBS, commands, parse


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("words", COMMANDS)
def test_every_verb_explains_itself_with_examples(capsys, words):
    code, out, _ = run(capsys, *words.split(), "--help")
    assert code == ExitCode.OK
    assert f"Usage: todoctl {words}" in out
    examples = [line for line in commands(out.partition("Examples:\n")[2]) if line.startswith(f"todoctl {words}")]
    assert examples, "its EPILOG needs an example of the verb"
    for line in examples:
        assert parse(shlex.split(line)[1:]).startswith(words)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_is_explained(words):
    options = [one for one in COMMANDS[words].params if isinstance(one, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_the_terminal(words, columns):
    context = click.Context(COMMANDS[words], info_name=f"todoctl {words}", terminal_width=columns)
    # Examples are for copying: they stay in one line.
    text = COMMANDS[words].get_help(context).partition("Examples:")[0]
    assert [line for line in text.splitlines() if len(line) > columns] == []


def test_help_lists_the_verbs_in_the_order_of_their_story(capsys):
    _, out, _ = run(capsys, "--help")
    listed = [line.split()[0] for line in out.split("Commands:")[1].split("Examples:")[0].splitlines() if line.strip()]
    assert [word for word in listed if word in cli.VERBS] == list(cli.VERBS)


def test_version_names_itself_and_its_python(capsys):
    code, out, err = run(capsys, "version")
    assert (code, err) == (ExitCode.OK, "")
    assert out.startswith(f"todoctl {__version__} (Python 3.")
    assert run(capsys, "--version") == (code, out, err)


def test_help_has_the_exit_codes(capsys):
    _, out, _ = run(capsys, "--help")
    (told,) = re.findall(r"Exit codes: ([^.]*)\.", out)
    assert {int(number): name for number, name in (one.split("=") for one in told.split(","))} == {
        code.value: code.name.lower() for code in ExitCode
    }


def test_what_an_option_takes_is_named_for_what_it_is(capsys):
    for words, command in COMMANDS.items():
        taken = {
            option.make_metavar(click.Context(command)) for option in command.params if isinstance(option, click.Option)
        }
        assert not taken & {"TEXT", "INTEGER", "INTEGER RANGE", "FLOAT RANGE"}, words


def test_json_output_is_one_versioned_envelope(capsys):
    code, out, _ = run(capsys, "version", "-o", "json")
    envelope = json.loads(out)
    assert code == ExitCode.OK
    assert envelope["apiVersion"] == "todoctl/v1"
    assert envelope["command"] == "version"
    assert envelope["exitCode"] == 0
    assert envelope["data"]["version"] == __version__
    assert envelope["error"] is None


def test_without_a_verb_the_verbs_are_listed(capsys):
    assert run(capsys) == run(capsys, "--help")


def test_of_two_output_options_the_last_counts(capsys):
    assert run(capsys, "version", "-o", "json", "-o", "text")[1].startswith("todoctl ")
    assert run(capsys, "version", "-o", "text", "-ojson")[1].startswith("{")


@pytest.mark.parametrize(
    "form",
    [["-o", "json"], ["-ojson"], ["-o=json"], ["-yo", "json"], ["-yojson"], ["--output=json"], ["--output", "json"]],
)
def test_an_unknown_option_is_a_usage_error_in_json_too(capsys, form):
    code, out, _ = run(capsys, "version", "--nonsense", *form)
    envelope = json.loads(out)
    assert code == envelope["exitCode"] == ExitCode.USAGE
    assert "--nonsense" in envelope["error"]["what"]


def raising(error):
    @click.command("version")
    @click.option("-o", "--output")
    def command(output):
        raise error

    return command


def test_an_error_names_the_verb_and_its_own_verb(capsys, monkeypatch):
    group = click.Group("version", commands={"first": click.Command("first")})
    monkeypatch.setattr("todoctl.cli.version.command", group)
    _, out, err = run(capsys, "version", "first", "--nonsense", "-o", "json")
    assert json.loads(out)["command"] == "version first"
    assert "hint: see `todoctl version first --help`" in err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["foo", "status"], "todoctl"),
        (["status", "version"], "status"),
        (["secrets", "nonsense", "set"], "secrets"),
        (["--nonsense", "version"], "version"),
    ],
)
def test_a_word_that_follows_another_is_not_the_verb(capsys, arguments, command):
    _, out, err = run(capsys, *arguments, "-o", "json")
    assert json.loads(out)["command"] == command
    assert re.search(r"hint: (see|did you mean) `(.*?)(?: --help)?`", err)[2].startswith(
        "todoctl" if command == "todoctl" else f"todoctl {command}"
    )


def test_a_known_error_gives_its_exit_code_and_no_traceback(capsys, monkeypatch):
    error = RolloutError("rollout.failed", "todo-backend failed", because="OOMKilled", hint="look at the logs")
    monkeypatch.setattr("todoctl.cli.version.command", raising(error))
    code, out, err = run(capsys, "version", "-o", "json")
    assert code == ExitCode.ROLLOUT
    assert json.loads(out)["error"] == {
        "id": "rollout.failed",
        "what": "todo-backend failed",
        "because": "OOMKilled",
        "hint": "look at the logs",
        "details": [],
        "log": None,
    }
    assert err == "error: todo-backend failed\n  because: OOMKilled\n\nhint: look at the logs\n"


@pytest.mark.parametrize("form", [[], ["--debug"], ["-o", "json"]])
def test_what_looks_like_a_secret_is_in_no_error(capsys, monkeypatch, form):
    url = "postgresql://todo:h0rse-battery@db.example.org/todo"
    error = RolloutError("rollout.failed", f"no {url}", because=f"at {url}", hint=f"see {url}", details=(url, "a line"))
    command = raising(error)
    command.params.append(click.Option(["--debug"], is_flag=True, expose_value=False))
    monkeypatch.setattr("todoctl.cli.version.command", command)
    code, out, err = run(capsys, "version", *form)
    assert code == ExitCode.ROLLOUT
    assert "h0rse-battery" not in out + err
    assert err.count("postgresql://todo:***@db.example.org/todo") >= 4
    assert "| a line" in err
    assert ("Traceback" in err) == (form == ["--debug"])


def test_an_unforeseen_error_is_named_without_a_traceback(capsys, monkeypatch):
    monkeypatch.setattr("todoctl.cli.version.command", raising(KeyError("spec")))
    code, _, err = run(capsys, "version")
    assert code == ExitCode.FAILURE
    assert "KeyError: 'spec'" in err
    assert "Traceback" not in err
    assert "--debug" in err


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(capsys, monkeypatch):
    monkeypatch.setattr("todoctl.cli.version.command", raising(KeyboardInterrupt()))
    code, _, err = run(capsys, "version")
    assert code == ExitCode.INTERRUPTED
    assert "error: interrupted\n" in err
    assert "run the same command again" in err


def test_ctrl_c_in_a_step_says_in_which(capsys, monkeypatch):
    @click.command("version")
    def command():
        with Terminal().step("Build"), Terminal().step("a part of it"):
            raise KeyboardInterrupt

    monkeypatch.setattr("todoctl.cli.version.command", command)
    code, _, err = run(capsys, "version")
    assert code == ExitCode.INTERRUPTED
    assert "error: interrupted in step `a part of it`\n" in err


INTERRUPTED_WHILE = """
import atexit, os, signal, sys
from todoctl import __main__
from todoctl.cli import main, version
def interrupt(*_, **__): os.kill(os.getpid(), signal.SIGINT)
def interrupted(*_, **__): raise KeyboardInterrupt
atexit.register(print, "ended in order")
{patch}
sys.argv = ["todoctl", "version"]
sys.exit(__main__.main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot send itself Ctrl-C alone")
@pytest.mark.parametrize(
    ("patch", "code", "told"),
    [
        ("version.command.callback = interrupted; main._end_children = interrupt", 130, "run the same command again"),
        ("version.command.callback = lambda **_: exec('interrupted()')", 130, "run the same command again"),
        ("main._render = interrupt", 130, ""),
        ("main._wants_json = interrupt", 130, ""),
        ("atexit.register(interrupt)", 0, ""),
    ],
    ids=[
        "it tells of the first one",
        "it executes a string, as dataclasses do",
        "it writes the result",
        "it begins",
        "the interpreter ends",
    ],
)
def test_ctrl_c_never_ends_the_process_by_its_signal_while(tmp_path, patch, code, told):
    # As the zipapp is run: the interpreter's own end differs from that of `python -c`.
    (tmp_path / "__main__.py").write_text(INTERRUPTED_WHILE.format(patch=patch), encoding="utf-8")
    argv = [sys.executable, str(tmp_path)]
    # Where the tests run in the background, the shell has had Ctrl-C ignored.
    start = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", start, *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    assert told in ended.stderr
    assert ended.stdout.endswith("ended in order\n")
    assert "Traceback" not in ended.stderr


SLEEPS = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(float(sys.argv[1]))"
RUNS_A_CHILD = f"""
import os, signal, sys
from todoctl import __main__
from todoctl.adapters import process
from todoctl.cli import version
from todoctl.deadline import Deadline
asked, seconds, *nohup = sys.argv[1:]
signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
def says(line):
    print(line, flush=True)
    os.kill(os.getpid(), int(asked))
def run(**_):
    process.stream([sys.executable, "-c", {SLEEPS!r}, seconds], on_line=says, deadline=Deadline(60))
version.command.callback = run
sys.argv = ["todoctl", "version"]
sys.exit(__main__.main())
"""


def asked_to_end(name, *arguments, stderr=subprocess.PIPE):
    argv = [sys.executable, "-c", RUNS_A_CHILD, str(int(signal.Signals[name])), *arguments]
    return subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=100, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="signals there end a process at once")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_what_asks_it_to_end_ends_its_programs_too(name):
    ended = asked_to_end(name, "600")
    assert ended.returncode == ExitCode.INTERRUPTED, ended.stderr
    assert "run the same command again" in ended.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(ended.stdout), 0)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_it_ends_so_also_where_nothing_can_be_told_any_more():
    terminal, side = os.openpty()
    os.close(terminal)
    ended = asked_to_end("SIGHUP", "600", stderr=side)
    os.close(side)
    assert ended.returncode == ExitCode.INTERRUPTED


@pytest.mark.skipif(sys.platform == "win32", reason="there is no nohup")
def test_under_nohup_it_outlives_its_terminal():
    ended = asked_to_end("SIGHUP", "0", "as nohup has it")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--namespace", "Todo"), ("--namespace", "a.b"), ("--namespace", "-a"), ("--host", "a b"), ("--host", "todo_app")],
)
def test_a_name_that_kubernetes_would_refuse_is_refused_at_once(capsys, option, value):
    code, _, err = run(capsys, "manifests", option, value)
    assert code == ExitCode.USAGE
    assert value in err


def test_the_readme_lists_the_exit_codes_that_there_are_and_no_other():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (?=\S)", readme, flags=re.MULTILINE)
    assert rows == [(str(int(code)), code.name) for code in ExitCode]


def errors(family=TodoctlError):
    for error in family.__subclasses__():
        if error.__module__ == "todoctl.errors":
            yield error
        yield from errors(error)


def test_every_family_of_errors_has_an_exit_code_of_its_own():
    codes = [error.exit_code for error in errors()]
    assert len(codes) == len(set(codes))
    assert set(ExitCode) - set(codes) == {ExitCode.OK, ExitCode.FAILURE, ExitCode.FINDINGS, ExitCode.INTERRUPTED}


@pytest.mark.parametrize("error", list(errors()), ids=lambda error: error.__name__)
def test_a_command_ends_with_the_exit_code_of_its_errors_family(capsys, monkeypatch, error):
    monkeypatch.setattr("todoctl.cli.version.command", raising(error("made.up", "made up")))
    code, out, _ = run(capsys, "version", "-o", "json")
    assert code == json.loads(out)["exitCode"] == error.exit_code


def test_verbs_that_leave_no_log_are_verbs():
    assert set(VERBS) >= options.READ_ONLY


def test_the_list_of_verbs_cuts_no_summary(capsys):
    for words in ("", *(words for words, command in COMMANDS.items() if isinstance(command, click.Group))):
        _, out, _ = run(capsys, *words.split(), "--help")
        listed = out.partition("Commands:\n")[2].partition("Examples:")[0]
        assert listed.strip()
        assert "..." not in listed


@pytest.mark.parametrize("words", COMMANDS)
def test_every_verb_has_a_summary_of_its_own_that_fits_a_line(words):
    assert COMMANDS[words].short_help
    assert len(COMMANDS[words].short_help) <= 52


@pytest.mark.parametrize(("words", "verbs"), [("secrets", "names"), ("bundle", "verify")])
def test_a_verb_without_one_of_its_own_verbs_is_an_error_that_names_them(capsys, words, verbs):
    code, out, err = run(capsys, words)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.startswith(f"error: `todoctl {words}` needs one of its verbs: ")
    assert f"`{verbs}`" in err
    assert err.endswith(f"hint: see `todoctl {words} --help`\n")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("instal", "did you mean `todoctl install`?"), ("secrets rotat", "did you mean `todoctl secrets rotate`?")],
)
def test_a_verb_that_is_nearly_one_is_answered_with_that_one(capsys, typed, meant):
    code, _, err = run(capsys, *typed.split())
    assert code == ExitCode.USAGE
    assert err == f"error: No such command '{typed.split()[-1]}'\n\nhint: {meant}\n"


def test_a_verb_that_is_like_none_leads_to_the_list_of_them(capsys):
    assert run(capsys, "zzz")[2].endswith("hint: see `todoctl --help`\n")


def test_what_click_says_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr("todoctl.cli.version.command", raising(click.UsageError("one\n\tof  these.")))
    assert run(capsys, "version")[2].startswith("error: one of these\n")
