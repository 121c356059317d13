"""Completion, by pressing Tab in real shells on a pseudo-terminal. PowerShell's script is asked as PowerShell would."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pyte
import pytest

from harness import ROOT
from todoctl.cli.completion import made
from todoctl.cli.main import main
from todoctl.errors import ClusterError

MAIN = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from todoctl.__main__ import main
raise SystemExit(main())
"""
ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

SHELLS = {
    "bash": (["bash", "--norc", "-i"], "source '{script}'"),
    # As after `compinit` in ~/.zshrc; -u: whoever owns the folders of functions.
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -d '{home}/dump'; source '{script}'"),
    "fish": (["fish", "--no-config", "-i"], "source '{script}'"),
}


@pytest.fixture
def zipapp(tmp_path):
    """Make a zipapp of this name in the folder where a shell is."""

    def of(name):
        with (tmp_path / name).open("wb") as file:
            file.write(b"#!/usr/bin/env python3\n")
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("__main__.py", MAIN)
        (tmp_path / name).chmod(0o755)
        return tmp_path / name

    return of


class Shell:
    """An interactive shell on a screen of its own."""

    def __init__(self, argv, home):
        import fcntl
        import pty
        import termios

        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"}
        ours, theirs = pty.openpty()
        self.child = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=home,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - fish wants a terminal of its own
        )
        os.close(theirs)
        self.terminal = ours
        self.screen = pyte.Screen(100, 40)
        self.stream = pyte.ByteStream(self.screen)

    @property
    def shown(self):
        return "\n".join(line.rstrip() for line in self.screen.display if line.strip())

    def type(self, text):
        os.write(self.terminal, text.encode())

    def sees(self, text, seconds=30):
        """Read until the screen has the text, and tell whether it ever had."""
        end = time.monotonic() + seconds
        while text not in self.shown and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.1)[0]:
                data = os.read(self.terminal, 65536)
                self.stream.feed(data)
                if b"\x1b[c" in data or b"\x1b[0c" in data:  # fish asks what terminal this is, and waits for it
                    self.type("\x1b[?62c")
        return text in self.shown

    def close(self):
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        os.close(self.terminal)


@pytest.fixture
def shell(tmp_path, zipapp):
    """Start a shell in which completion is set up for a zipapp in the folder where one is."""
    started = []

    def start(name, file="todoctl.pyz"):
        if not shutil.which(name):
            pytest.skip(f"needs {name} on PATH")
        (tmp_path / "script").write_text(made(name, zipapp(file), sys.executable))
        argv, setup = SHELLS[name]
        one = Shell(argv, tmp_path)
        started.append(one)
        one.type(setup.format(script=tmp_path / "script", home=tmp_path) + "; echo rea''dy\n")
        assert one.sees("\nready") or one.sees("ready\n"), one.shown
        return one

    yield start
    for one in started:
        one.close()


@ON_POSIX
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("./todoctl.pyz unin", "./todoctl.pyz uninstall "),
        ("todoctl.pyz unin", "todoctl.pyz uninstall "),
        ("todoctl port-forward bac", "todoctl port-forward backend "),
        ("./todoctl.pyz install --env-f", "./todoctl.pyz install --env-file"),
        ("./todoctl.pyz status -o js", "./todoctl.pyz status -o json"),
    ],
)
@pytest.mark.parametrize("name", SHELLS)
def test_tab_completes_verbs_options_and_values_however_todoctl_is_called(shell, name, typed, completed):
    one = shell(name)
    one.type(typed + "\t")
    assert one.sees(completed.rstrip()), one.shown


@ON_POSIX
@pytest.mark.parametrize("name", SHELLS)
def test_tab_completes_a_zipapp_that_was_given_a_name_of_its_own(shell, name):
    one = shell(name, "td")
    one.type("./td unin\t")
    assert one.sees("./td uninstall"), one.shown


@pytest.mark.parametrize("file", ["workshop.pyz", "td"])
@pytest.mark.parametrize("name", [*SHELLS, "powershell"])
def test_the_verb_prints_the_script(capsys, monkeypatch, tmp_path, zipapp, name, file):
    monkeypatch.setattr(sys, "argv", [str(zipapp(file)), "completion", name])
    assert main(["completion", name]) == 0
    script = capsys.readouterr().out
    assert script.rstrip() == made(name, tmp_path / file, sys.executable).rstrip()
    assert str(tmp_path / file) in script
    named = re.findall(r"[\w.-]+", script.replace(str(tmp_path / file), ""))
    assert {"todoctl", "todoctl.pyz", file} <= set(named)


def test_programs_get_the_script_too(capsys):
    assert main(["completion", "fish", "-o", "json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data["shell"] == "fish"
    assert data["script"] == made("fish", Path(sys.argv[0]), sys.executable)


@pytest.mark.parametrize("name", [*SHELLS, "powershell"])
def test_without_a_zipapp_the_script_runs_what_is_on_path(tmp_path, name):
    (tmp_path / "todoctl").write_text("#!/usr/bin/env python3\n")
    assert str(tmp_path) not in made(name, tmp_path / "todoctl", sys.executable)


def asked_by_powershell(words, position):
    """Ask as click's script for PowerShell does; return value → description."""
    environment = {**os.environ, "COMP_WORDS": words, "COMP_CWORD": str(position)}
    done = subprocess.run(
        [sys.executable, "-m", "todoctl"],
        env={**environment, "_TODOCTL_COMPLETE": "powershell_complete"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert set(lines[0::3]) <= {"plain"}
    return dict(zip(lines[1::3], lines[2::3], strict=True))


def test_powershell_gets_values_with_what_they_mean():
    assert set(asked_by_powershell("todoctl port-forward ", 2)) == {"frontend", "backend", "postgres"}
    assert asked_by_powershell(r".\todoctl.pyz vers", 1) == {"version": "Print the versions of todoctl and its Python."}
    assert "--env-file" in asked_by_powershell("todoctl install --env", 2)


def test_powershell_runs_the_zipapp_with_its_python_and_both_are_quoted(tmp_path, zipapp):
    (tmp_path / "o'neil").mkdir()
    script = made("powershell", zipapp("o'neil/todoctl.pyz"), "/usr/bin/python 3")
    quoted = str(tmp_path / "o''neil" / "todoctl.pyz")
    assert f"& '/usr/bin/python 3' '{quoted}' 2>$null" in script
    assert "-CommandName todoctl, todoctl.pyz -ScriptBlock" in script


def complete(capsys, monkeypatch, *words):
    monkeypatch.setenv("_TODOCTL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(["todoctl", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert main([]) == 0
    return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines() if line]


def test_profiles_and_contexts_are_those_that_there_are(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("todoctl.targets.minikube.profiles", lambda: ["minikube", "workshop"])
    assert complete(capsys, monkeypatch, "status", "-p", "w") == ["workshop"]
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("contexts: [{name: kind-one, context: {}}, {name: kind-two, context: {}}, {name: x}]")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert complete(capsys, monkeypatch, "status", "--context", "kind") == ["kind-one", "kind-two"]


def test_what_cannot_be_told_completes_to_nothing(capsys, monkeypatch, tmp_path):
    def broken():
        raise ClusterError("made.up", "broken")

    monkeypatch.setattr("todoctl.targets.minikube.profiles", broken)
    assert complete(capsys, monkeypatch, "status", "-p", "w") == []
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    assert complete(capsys, monkeypatch, "status", "--context", "k") == []
