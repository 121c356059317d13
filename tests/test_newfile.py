"""A file that was begun: whole or not there, and no leftover of a killed run beside it for long."""

import os
import subprocess
import sys

import pytest

from todoctl import newfile
from todoctl.adapters import system

BEGINS = """\
import sys, time
from pathlib import Path
from todoctl import newfile
with newfile.creating(Path(sys.argv[1]), "test", 0o600) as file:
    file.write(b"half")
    file.flush()
    print("begun", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "whole[1].file"


@pytest.fixture
def other_run(path):
    """Another process that has begun the same file; it ends with the test, if not before."""
    with subprocess.Popen([sys.executable, "-c", BEGINS, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def write(path):
    with newfile.creating(path, "test", 0o600) as file:
        file.write(b"all of it")


def names(path):
    return {item.name for item in path.parent.iterdir()}


def test_what_a_killed_run_left_goes_with_the_next_run(path, other_run):
    other_run.kill()
    other_run.wait()
    [leftover] = names(path)
    assert leftover.endswith(".partial")
    write(path)
    assert names(path) == {path.name}
    assert path.read_bytes() == b"all of it"


def test_what_another_run_still_writes_stays(path, other_run):
    write(path)
    assert path.read_bytes() == b"all of it"
    assert len(names(path) - {path.name}) == 1
    assert other_run.poll() is None


def test_what_is_called_otherwise_stays(path):
    others = {
        "whole[1].file.notes.partial",
        "whole1.file.0123abcd.partial",
        "whole[1].file.0123abcd.partial.kept",
        "whole[1].file2.0123abcd.partial",
    }
    for name in others:
        (path.parent / name).write_bytes(b"somebody's")
    (path.parent / f"{path.name}.89abcdef.partial").mkdir()
    write(path)
    assert names(path) == {path.name, f"{path.name}.89abcdef.partial", *others}


def test_where_files_cannot_be_locked_a_leftover_stays_and_the_file_is_written(path, monkeypatch):
    def cannot(_file):
        raise OSError("no locks here")

    monkeypatch.setattr(system, "lock", cannot)
    leftover = f"{path.name}.0123abcd.partial"
    (path.parent / leftover).write_bytes(b"half")
    write(path)
    assert names(path) == {path.name, leftover}


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no open file")
def test_a_file_that_another_run_took_for_a_leftover_is_begun_anew(path, monkeypatch):
    """Between being made and being locked it looks like one."""
    lock, taken = system.lock, []

    def late(file):
        if not taken:
            [partial] = path.parent.iterdir()
            taken.append(partial.name)
            partial.unlink()
        return lock(file)

    monkeypatch.setattr(system, "lock", late)
    write(path)
    assert taken
    assert names(path) == {path.name}


def test_what_is_there_is_asked_about_and_what_cannot_be_looked_at_is_for_the_writing_to_tell(path, heard, monkeypatch):
    asked = []
    monkeypatch.setattr(heard, "confirm", asked.append)
    newfile.ask(path, heard)
    newfile.ask(path.with_name("x" * 300), heard)
    assert asked == []
    path.symlink_to("nowhere")
    newfile.ask(path, heard)
    assert asked == [f"Overwrite `{path}`?"]
