"""What becomes of a command whose output cannot be written: real pipes and a device that is always full."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from harness import ROOT
from todoctl.cli import stdout
from todoctl.cli.main import main
from todoctl.errors import ExitCode, TodoctlError
from verbs import COMMANDS

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110

# A verb that does something while it talks, as install does.
VERB = """
import sys, click
from todoctl import __main__
from todoctl.cli import options, version
from todoctl.result import Result
@click.command("version")
@options.output
def command(debug, no_color, output):
    terminal = options.terminal(debug=debug, no_color=no_color)
    done = 0
    for number in range(3):
        with terminal.step(f"Step {number}"):
            terminal.note("a note")
            terminal.progress("image", 1, 2, "steps", f"step {number}")
            terminal.warn("a warning")
            done += 1
    return Result("version", text=f"{done} steps", data={"version": "1", "python": "3", "system": "", "machine": ""})
version.command = command
sys.argv = ["todoctl", *sys.argv[1:]]
sys.exit(__main__.main())
"""


@contextmanager
def full() -> Iterator[int]:
    with open("/dev/full", "wb") as device:  # noqa: PTH123
        yield device.fileno()


@contextmanager
def gone() -> Iterator[int]:
    """A pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


UNWRITABLE = {"full": full, "gone": gone}


def run(*arguments: str, program: tuple[str, ...] = ("-m", "todoctl"), **streams: int) -> subprocess.CompletedProcess:
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run([sys.executable, *program, *arguments], cwd=ROOT, text=True, check=False, timeout=60, **piped)


@pytest.fixture(params=["1", ""], ids=["unbuffered", "buffered"], autouse=True)
def _buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", request.param)
    monkeypatch.setenv("XDG_STATE_HOME", os.devnull)  # no folder, so no log among the user's own


ABOUT = ["--help", "-h", "--version", "install --help", "secrets --help", "secrets rotate --help"]
"""What click itself would print, and end todoctl where it cannot."""


@pytest.mark.parametrize("words", ["version", "version -o json", *ABOUT])
def test_what_cannot_be_written_is_one_clear_error(words: str) -> None:
    with full() as device:
        done = run(*words.split(), stdout=device)
    assert done.returncode == ExitCode.FAILURE
    assert done.stderr == (
        "error: what was asked for cannot be written to stdout\n  because: No space left on device\n\n"
        "hint: redirect stdout to a disk with free space, and run the command again\n"
    )


@pytest.mark.parametrize("words", ["version", *ABOUT])
def test_a_reader_that_has_gone_has_what_it_wanted(words: str) -> None:
    with gone() as pipe:
        done = run(*words.split(), stdout=pipe)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")


@pytest.mark.parametrize(("where", "code"), [("gone", ExitCode.OK), ("full", ExitCode.FAILURE)])
@pytest.mark.parametrize("words", COMMANDS)
def test_so_it_is_with_the_help_of_every_verb(
    words: str, where: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # In one process, as there are many; how one ends is seen above.
    with UNWRITABLE[where]() as descriptor:
        stream = open(os.dup(descriptor), "w", encoding="utf-8")  # noqa: PTH123, SIM115 - its end cannot be written
        monkeypatch.setattr(sys, "stdout", stream)
        assert main([*words.split(), "--help"]) == code
        told = capsys.readouterr().err
        with suppress(OSError):
            stream.close()
    assert told.startswith("error: what was asked for cannot be written to stdout") == (where == "full")
    assert bool(told) == (where == "full")


def test_an_error_whose_envelope_cannot_be_written_keeps_its_exit_code_and_both_are_told() -> None:
    with full() as device:
        done = run("nosuch", "-o", "json", stdout=device)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith("error: No such command 'nosuch'\n")
    assert "error: what was asked for cannot be written to stdout\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("where", UNWRITABLE)
def test_an_envelope_is_printed_whatever_became_of_stderr(where: str) -> None:
    with UNWRITABLE[where]() as stream:
        done = run("nosuch", "-o", "json", stderr=stream)
    assert done.returncode == json.loads(done.stdout)["exitCode"] == ExitCode.USAGE


@pytest.mark.parametrize("words", [[], ["--debug"], ["-o", "json"]])
@pytest.mark.parametrize("where", UNWRITABLE)
def test_what_is_being_done_goes_on_to_its_end_when_nobody_listens_any_more(where: str, words: list[str]) -> None:
    with UNWRITABLE[where]() as stream:
        done = run("version", *words, program=("-c", VERB), stderr=stream)
    assert done.returncode == ExitCode.OK
    assert ("3 steps" in done.stdout) == (words != ["-o", "json"])
    assert ('"exitCode": 0' in done.stdout) == (words == ["-o", "json"])


def test_it_goes_on_when_both_have_gone() -> None:
    with gone() as pipe:
        assert run("version", program=("-c", VERB), stdout=pipe, stderr=pipe).returncode == ExitCode.OK


def meeting(statement: str) -> tuple[str, str]:
    """The verb, in whose own work something happens."""
    return ("-c", VERB.replace("done += 1", statement))


@pytest.mark.parametrize("words", [[], ["-o", "json"]])
def test_a_broken_pipe_in_the_verbs_own_work_is_told(words: list[str]) -> None:
    # As to a program that has ended: click would take it for a reader of todoctl's who has gone, and say nothing.
    done = run("version", *words, program=meeting("raise BrokenPipeError(32, 'Broken pipe')"))
    assert done.returncode == ExitCode.FAILURE
    assert "because: BrokenPipeError: [Errno 32] Broken pipe" in done.stderr
    assert not words or json.loads(done.stdout)["error"]["id"] == "unforeseen"


@pytest.mark.parametrize("where", UNWRITABLE)
def test_ctrl_c_is_what_it_is_where_nobody_listens(where: str) -> None:
    with UNWRITABLE[where]() as stream:
        done = run("version", program=meeting("raise KeyboardInterrupt"), stdout=stream, stderr=stream)
    assert done.returncode == ExitCode.INTERRUPTED


def test_so_it_is_on_windows_where_a_pipe_without_a_reader_is_an_invalid_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pipe(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(sys, "stdout", Pipe())
    with pytest.raises(TodoctlError):
        stdout.write("text")
    monkeypatch.setattr(sys, "stdout", Pipe())
    monkeypatch.setattr(sys, "platform", "win32")
    stdout.write("text")


@pytest.mark.parametrize(("closed", "told"), [("2>&-", "todoctl "), (">&-", ""), (">&- 2>&-", "")])
def test_streams_that_were_closed_before_it_began_do_no_harm(closed: str, told: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m todoctl version {closed}', sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert done.stdout.startswith(told)
    assert bool(done.stdout) == bool(told)
