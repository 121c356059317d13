"""The live display, on the screen of a terminal that is emulated (pyte), and on a real pseudo-terminal."""

import io
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading

import pyte
import pytest

from harness import ROOT
from todoctl.cli.live import ASCII, UNICODE, Live, Task, elapsed, lines
from todoctl.cli.terminal import Terminal

BUILD = [
    Task("todo-backend", 7, 12, "steps", "[dependencies 5/7] RUN python -m pip install --require-hashes"),
    Task("todo-frontend", 30_000_000, 60_000_000, "B", "pulling the base image"),
    Task("postgres", 0, None, "B", ""),
]
ROLLOUT = [
    Task("Deployment/todo-backend", 1, 2, "pods", "1 of 2 pods are available"),
    Task("StatefulSet/todo-postgres", 1, 1, "pods", "1 pod ready"),
]


@pytest.mark.parametrize(
    ("tasks", "columns", "drawn"),
    [
        pytest.param(
            BUILD,
            100,
            """
              todo-backend   ━━━━━━━━━━━━━━──────────  7/12 steps  [dependencies 5/7] RUN python -m pip install…
              todo-frontend  ━━━━━━━━━━━━────────────  30/60 MB    pulling the base image
              postgres       ────────────────────────
            """,
            id="wide",
        ),
        pytest.param(
            BUILD,
            40,
            """
              todo-backend   7/12 steps  [dependenc…
              todo-frontend  30/60 MB    pulling th…
              postgres
            """,
            id="40 columns",
        ),
        pytest.param(
            ROLLOUT,
            80,
            """
              Deployment/todo-backend    ━━━━━──────  1/2 pods  1 of 2 pods are available
              StatefulSet/todo-postgres  ━━━━━━━━━━━  1/1 pods  1 pod ready
            """,
            id="a rollout",
        ),
        pytest.param(
            ROLLOUT,
            40,
            """
              todo-backend   1/2 pods  1 of 2 pods …
              todo-postgres  1/1 pods  1 pod ready
            """,
            id="a rollout, 40 columns: without the kinds",
        ),
        pytest.param(ROLLOUT, 12, "\n  todo-…  1…\n  todo-…  1…\n", id="hardly any room"),
        pytest.param([], 80, "\n", id="nothing"),
        pytest.param(
            [Task("todo-frontend to minikube-m02", 32e6, 138e6, "B", "")],
            45,
            "\n  todo-frontend to minikube-m02  32/138 MB\n",
            id="a transfer: without detail there is room for the whole name",
        ),
    ],
)
def test_a_task_is_one_line_that_fits(tasks, columns, drawn):
    expected = [f"  {line}" if line else line for line in textwrap.dedent(drawn).strip("\n").splitlines()]
    assert lines(tasks, columns, UNICODE) == expected


@pytest.mark.parametrize("columns", [1, 2, 10, 39, 40, 41, 79, 80, 200])
def test_no_line_is_ever_longer_than_the_terminal_is_wide(columns):
    assert max(map(len, lines(BUILD + ROLLOUT, columns, ASCII))) <= columns


@pytest.mark.parametrize(("seconds", "told"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (605, "10 min 05 s")])
def test_a_time_is_told_in_minutes_and_seconds(seconds, told):
    assert elapsed(seconds) == told


class Screen:
    """A terminal's screen, with what is in it and where its cursor is."""

    def __init__(self, columns=60, height=12):
        self.screen = pyte.Screen(columns, height)
        self.stream = pyte.Stream(self.screen)
        self.writes = []

    def write(self, text):
        self.writes.append(text)
        self.stream.feed(text.replace("\n", "\r\n"))

    send = write

    def columns(self):
        return self.screen.columns

    @property
    def shown(self):
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def cursor_hidden(self):
        return self.screen.cursor.hidden


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def live(clock, monkeypatch):
    """Make a display that draws when it is told to, and not by itself."""
    monkeypatch.setattr("todoctl.cli.live._TICK_SECONDS", 3600)
    return lambda screen: Live(screen, "utf-8", color=False, began=0, clock=clock)


def test_the_display_is_redrawn_in_place_and_leaves_only_what_stays(live, clock):
    screen = Screen()
    display = live(screen)
    with display.step("Build"):
        display.update("todo-backend", 1, 4, "steps", "RUN one")
        display.draw()
        clock.now = 65
        display.update("todo-backend", 2, 4, "steps", "RUN two")
        display.update("todo-frontend", 0, 4, "steps", "RUN three")
        display.draw()
        assert screen.shown == [
            "  todo-backend   2/4 steps  RUN two",
            "  todo-frontend  0/4 steps  RUN three",
            "⠹ Build: 1 min 05 s",
        ]
        display.above("  todo-backend: built")
        display.end("todo-backend")
        display.draw()
        assert screen.shown == [
            "  todo-backend: built",
            "  todo-frontend  0/4 steps  RUN three",
            "⠸ Build: 1 min 05 s",
        ]
    assert screen.shown == ["  todo-backend: built"]


def test_a_step_tells_its_own_time_and_that_of_all_steps(live, clock):
    screen = Screen()
    display = live(screen)
    clock.now = 30
    with display.step("Wait"):
        clock.now = 42
        display.draw()
        assert screen.shown == ["⠙ Wait: 12 s, 42 s in all"]


def test_the_cursor_is_hidden_while_a_step_runs_and_shown_however_it_ends(live):
    screen = Screen()
    display = live(screen)
    for end in (ValueError, KeyboardInterrupt, SystemExit):
        with pytest.raises(end), display.step("Build"):  # noqa: PT012 - what is looked at is how it is inside
            assert screen.cursor_hidden
            raise end
        assert not screen.cursor_hidden
        assert screen.shown == []


def test_a_question_has_the_screen_for_itself(live):
    screen = Screen()
    display = live(screen)
    with display.step("Preflight"):
        display.update("todo-backend", 1, 4, "steps", "RUN one")
        display.draw()
        with display.aside():
            screen.write("Start it? [y/N] ")
            assert screen.shown == ["Start it? [y/N]"]
            assert not screen.cursor_hidden
            screen.write("y\n")  # what is typed is echoed
        display.draw()
        assert screen.cursor_hidden
        assert screen.shown[0] == "Start it? [y/N] y"
        assert len(screen.shown) == 3


def test_what_other_threads_tell_while_a_question_is_open_waits_and_they_do_not(live):
    screen = Screen()
    display = live(screen)
    with display.step("Preflight"):
        with display.aside():
            screen.write("Start it? [y/N] ")
            other = threading.Thread(target=display.above, args=("  · PATCH Lease/todoctl",), daemon=True)
            other.start()
            other.join(timeout=60)
            assert not other.is_alive()
            assert screen.shown == ["Start it? [y/N]"]
            screen.write("y\n")  # what is typed is echoed
        assert screen.shown[:2] == ["Start it? [y/N] y", "  · PATCH Lease/todoctl"]
        assert screen.cursor_hidden


def test_a_picture_is_one_write_so_that_nothing_flickers(live):
    screen = Screen()
    display = live(screen)
    with display.step("Build"):
        display.update("todo-backend", 1, 4, "steps", "RUN one")
        before = len(screen.writes)
        display.draw()
        display.draw()
        assert len(screen.writes) == before + 2
        assert "\x1b[2J" not in "".join(screen.writes)


def test_a_terminal_that_becomes_narrower_is_redrawn_in_its_new_width(live):
    screen = Screen(columns=60)
    display = live(screen)
    with display.step("Build"):
        display.update("todo-backend", 1, 4, "steps", "RUN a long line of shell that fills all of it")
        display.draw()
        narrow = Screen(columns=30)  # as a terminal does, with what was drawn wrapped
        narrow.write("\n".join(screen.shown))
        screen.screen, screen.stream = narrow.screen, narrow.stream
        display.draw()
        assert screen.shown == ["  todo-backend  1/4 steps  R…", "⠹ Build: 0 s"]


def test_long_lines_above_the_display_wrap_and_are_not_cut(live):
    screen = Screen(columns=20)
    display = live(screen)
    with display.step("Build"):
        display.draw()
        display.above("x" * 20)
        display.above("a line longer than twenty")
        display.draw()
    assert screen.shown == ["x" * 20, "a line longer than t", "wenty"]


# The terminal as a reporter


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def recipe(terminal):
    with terminal.step("Build"):
        terminal.progress("todo-backend", 1, 4, "steps", "RUN one")
        terminal.progress("todo-backend", 2, 4, "steps", "RUN one")
        terminal.progress("todo-backend", 3, 4, "steps", "RUN two")
        terminal.progress("todo-backend to minikube", 10, 100, "B")
        terminal.done("todo-backend", "built in 3.0 s, 175 MB")


PLAIN = "Build\n  todo-backend: RUN one\n  todo-backend: RUN two\n  todo-backend: built in 3.0 s, 175 MB\n"


@pytest.mark.parametrize(
    ("stream", "environment"), [(io.StringIO, {}), (Tty, {"TERM": "dumb"})], ids=["no terminal", "TERM=dumb"]
)
def test_without_a_terminal_that_can_move_its_cursor_there_are_plain_lines(stream, environment):
    err = stream()
    recipe(Terminal(stderr=err, environment=environment))
    assert err.getvalue() == PLAIN


def test_what_stays_of_a_live_display_is_how_things_ended():
    err = Tty()
    recipe(Terminal(stderr=err, environment={"NO_COLOR": "1"}))
    screen = Screen()
    screen.write(err.getvalue())
    assert screen.shown == ["Build", "  todo-backend: built in 3.0 s, 175 MB"]
    assert not screen.cursor_hidden


def test_no_color_means_no_colour_in_the_display_either():
    err = Tty()
    recipe(Terminal(stderr=err, environment={"NO_COLOR": "1"}))
    assert "m" not in {sequence[0] for sequence in err.getvalue().replace("\x1b[?", "\x1b[").split("\x1b[")[1:]}
    assert "\x1b[1m" not in err.getvalue()
    assert "\x1b[2m" not in err.getvalue()


def test_quiet_has_no_display():
    err = Tty()
    recipe(Terminal(stderr=err, environment={}, quiet=True))
    assert err.getvalue() == ""


def test_a_terminal_without_unicode_gets_ascii():
    raw = io.BytesIO()
    err = io.TextIOWrapper(raw, encoding="ascii")
    err.isatty = lambda: True
    recipe(Terminal(stderr=err, environment={}))
    assert b"?" not in raw.getvalue().replace(b"\x1b[?", b"")


# On a real pseudo-terminal

CHILD = """
import sys, time
sys.path.insert(0, {root!r})
from todoctl.cli.terminal import Terminal
terminal = Terminal()
with terminal.step("Build"):
    for done in range(1000):
        terminal.progress("todo-backend", done, 1000, "steps", "RUN something that is rather long to tell")
        if done == 20:
            terminal.note("a note")
        time.sleep(0.01)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [40, 100])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_real_terminal_is_as_it_was_after_it_was_interrupted(columns, how):
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    code = CHILD.format(root=str(ROOT))
    if how is signal.SIGTERM:  # as main does
        code = "import signal; signal.signal(signal.SIGTERM, signal.default_int_handler)\n" + code
    environment = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    child = subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    before = termios.tcgetattr(ours)
    screen, sent = Screen(columns=columns, height=40), False
    pictures = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the end of a pseudo-terminal on Linux
            break
        if not chunk:
            break
        screen.stream.feed(chunk.decode(errors="replace"))
        pictures.append(screen.shown)
        if not sent and any("a note" in line for line in screen.shown) and "todo-backend" in screen.shown[-2]:
            child.send_signal(how)
            sent = True
    assert child.wait(timeout=60) != 0
    assert termios.tcgetattr(ours) == before
    os.close(ours)
    assert screen.shown[:2] == ["Build", "  a note"]
    assert not screen.cursor_hidden
    assert not [line for line in screen.shown if "Build: " in line]
    assert any(line.startswith("  todo-backend  ") for picture in pictures for line in picture)


SUSPENDED = """
import pathlib, sys, time
sys.path.insert(0, {root!r})
from todoctl.cli.terminal import Terminal
with Terminal().step("Build"):
    while not pathlib.Path(sys.argv[1]).exists():
        time.sleep(0.01)
"""
SHELL = 'set -m; "$0" -c "$1" "$2"; echo "the shell: $?"; fg >/dev/null; echo "the shell: $?"'
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="needs a shell that suspends programs")
def test_a_suspended_program_leaves_the_cursor_to_the_shell_and_hides_it_again_when_it_goes_on(tmp_path):
    import pty

    ends = tmp_path / "ends"
    shell, ours = pty.fork()
    if not shell:
        arguments = ["bash", "-c", SHELL, sys.executable, SUSPENDED.format(root=str(ROOT)), str(ends)]
        os.execvpe("bash", arguments, {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"})  # noqa: S606 - a test
    said, suspended = b"", False
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the end of a pseudo-terminal on Linux
            break
        if not chunk:
            break
        said += chunk
        if HIDE in said and not suspended:
            os.write(ours, b"\x1a")
            suspended = True
        if HIDE in said.partition(b"the shell: ")[2]:
            ends.touch()
    assert os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]) == 0
    os.close(ours)
    before, while_it_was, after = said.split(b"the shell: ")
    assert before.rindex(SHOW) > before.rindex(HIDE)
    assert int(while_it_was.split()[0]) == 128 + signal.SIGTSTP
    assert while_it_was.rindex(SHOW) > while_it_was.rindex(HIDE)
    assert int(after.split()[0]) == 0
