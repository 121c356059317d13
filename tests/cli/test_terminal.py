import io

import pytest

from todoctl.cli.terminal import Terminal
from todoctl.errors import ConsentError, ExitCode, SideloadError


class Tty(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "colored"),
    [
        (Tty(), {}, True),
        (Tty(), {"NO_COLOR": ""}, True),
        (Tty(), {"NO_COLOR": "1"}, False),
        (Tty(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_needs_a_terminal_that_wants_it(stream, environment, colored):
    terminal = Terminal(stderr=stream, environment=environment)
    terminal.warn("careful")
    assert ("\x1b[" in stream.getvalue()) == colored


def test_an_error_says_what_why_details_and_what_next():
    stream = io.StringIO()
    Terminal(stderr=stream, environment={}).error(
        SideloadError(
            "sideload.missing",
            "todo-backend is not on node `minikube`",
            because="import exited 1\n(no space left on device)",
            hint="free space, then run `todoctl install` again\nor enlarge the node",
            details=("ctr: write failed",),
        )
    )
    assert stream.getvalue() == (
        "error: todo-backend is not on node `minikube`\n"
        "  because: import exited 1\n"
        "           (no space left on device)\n"
        "  | ctr: write failed\n"
        "\n"
        "hint: free space, then run `todoctl install` again\n"
        "      or enlarge the node\n"
    )


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "YES \n"])
def test_a_yes_lets_the_command_go_on(answer):
    Terminal(stdin=Tty(answer), stderr=Tty(), environment={}).confirm("Start it?")


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "maybe\n"])
def test_anything_but_a_yes_stops_the_command(answer):
    with pytest.raises(ConsentError) as error:
        Terminal(stdin=Tty(answer), stderr=Tty(), environment={}).confirm("Start it?")
    assert error.value.exit_code == ExitCode.CONSENT
    assert error.value.what == "stopped at this question"
    assert error.value.because == "the answer was not yes, so nothing more was done"
    assert error.value.hint == "run the command again to be asked again"


def test_without_a_terminal_a_question_is_an_error_that_names_the_way_out():
    with pytest.raises(ConsentError) as error:
        Terminal(stdin=io.StringIO("y\n"), stderr=io.StringIO(), environment={}).confirm("Start it?")
    assert "`--yes`" in error.value.hint
    assert "Start it?" in error.value.what


def test_yes_given_beforehand_asks_nothing():
    stream = io.StringIO()
    Terminal(stdin=io.StringIO(), stderr=stream, environment={}, assume_yes=True).confirm("Start it?")
    assert stream.getvalue() == ""


def test_a_character_that_the_terminal_cannot_show_is_no_traceback():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Terminal(stderr=stream, environment={}).note("läuft")
    assert raw.getvalue() == b"  l?uft\n"


def test_debug_lines_show_only_when_asked_for():
    quiet, loud = io.StringIO(), io.StringIO()
    Terminal(stderr=quiet, environment={}).debug("GET /api")
    Terminal(stderr=loud, environment={}, debug=True).debug("GET /api")
    assert quiet.getvalue() == ""
    assert "GET /api" in loud.getvalue()
