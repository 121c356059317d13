import json
from pathlib import Path

import click
import pytest

from todoctl import __version__
from todoctl.cli import main as cli
from todoctl.cli.terminal import Terminal
from todoctl.errors import ExitCode, RolloutError


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_itself(capsys, verb):
    code, out, _ = run(capsys, verb, "--help")
    assert code == ExitCode.OK
    assert f"Usage: todoctl {verb}" in out


def test_help_lists_the_verbs_in_the_order_of_their_story(capsys):
    _, out, _ = run(capsys, "--help")
    listed = [line.split()[0] for line in out.split("Commands:")[1].split("Examples:")[0].splitlines() if line.strip()]
    assert [word for word in listed if word in cli.VERBS] == list(cli.VERBS)


def test_version_names_itself_and_its_python(capsys):
    code, out, err = run(capsys, "version")
    assert (code, err) == (ExitCode.OK, "")
    assert out.startswith(f"todoctl {__version__} (Python 3.")


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


@pytest.mark.parametrize("form", [["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"]])
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
    }
    assert err == "error: todo-backend failed\n  because: OOMKilled\n\nhint: look at the logs\n"


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


@pytest.mark.parametrize(
    ("option", "value"),
    [("--namespace", "Todo"), ("--namespace", "a.b"), ("--namespace", "-a"), ("--host", "a b"), ("--host", "todo_app")],
)
def test_a_name_that_kubernetes_would_refuse_is_refused_at_once(capsys, option, value):
    code, _, err = run(capsys, "manifests", option, value)
    assert code == ExitCode.USAGE
    assert value in err


def test_the_readme_lists_every_exit_code():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for code in ExitCode:
        assert f"| {int(code)} | `{code.name}` |" in readme
