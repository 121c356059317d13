"""The lock file, between real processes."""

import errno
import subprocess
import sys

import pytest

from harness import ROOT
from todoctl.adapters import system
from todoctl.deadline import Deadline
from todoctl.errors import ExitCode, LockedError, PreflightError
from todoctl.locks.file import Holder, in_turn, locked, others_work, path_of, path_of_cluster

HOLD = """
import sys, time
from pathlib import Path
from todoctl.locks.file import locked
with locked(Path(sys.argv[1]), "install", "namespace `todo-app`") as holder:
    print(holder.token, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "locks" / "todo-app.lock"


@pytest.fixture
def other(path):
    """Another process that holds the lock; its token has been read."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as held:
        held.token = held.stdout.readline().strip()
        yield held
        held.kill()


def test_a_second_run_is_refused_at_once_and_told_who_the_first_is(path, other):
    with pytest.raises(LockedError) as refused, locked(path, "uninstall", "namespace `todo-app`"):
        pass
    assert refused.value.exit_code == ExitCode.LOCKED
    assert refused.value.what == "another run of todoctl works on namespace `todo-app`"
    assert f"`todoctl install` (process {other.pid}) holds its lock since 20" in refused.value.because


def test_a_run_that_takes_its_turn_waits_until_the_other_one_is_done_and_says_for_whom(path, other, heard, monkeypatch):
    def end(said):
        heard.notes.append(said)
        other.kill()
        other.wait()

    monkeypatch.setattr(heard, "note", end)
    with in_turn(path, "install", "Minikube profile `dev`", heard, Deadline(60)) as holder:
        assert holder.token == other.token
        with pytest.raises(LockedError), locked(path, "install", "Minikube profile `dev`"):
            pass
    (said,) = heard.notes
    assert said.startswith(
        "waiting, as another run of todoctl works on Minikube profile `dev`: "
        f"`todoctl install` (process {other.pid}) holds its lock since 20"
    )


def test_a_run_whose_turn_it_is_says_nothing_and_keeps_what_fails_meanwhile(path, heard):
    lost = LockedError("lock.lost", "this run no longer holds namespace `todo-app`")
    with pytest.raises(LockedError) as raised, in_turn(path, "install", "x", heard, Deadline(60)):
        raise lost
    assert (raised.value, heard.notes) == (lost, [])


def test_a_turn_that_does_not_come_in_time_is_a_clear_error(path, other, heard):
    with pytest.raises(LockedError) as refused, in_turn(path, "load", "Minikube profile `dev`", heard, Deadline(0)):
        pass
    assert refused.value.what == "another run of todoctl works on Minikube profile `dev`"
    assert f"process {other.pid}" in refused.value.because
    assert "run the command again" in refused.value.hint


def test_a_killed_run_leaves_nothing_locked(path, other):
    other.kill()
    other.wait()
    with locked(path, "install", "namespace `todo-app`") as holder:
        assert holder.token == other.token


def test_whether_others_work_is_seen_of_other_installations_only_and_leaves_their_locks_alone(path, other):
    beside = path.with_name("second.lock")
    assert others_work(beside)
    assert not others_work(path), "its own"
    assert not others_work(beside, path), "both its own"
    with pytest.raises(LockedError), locked(path, "install", "namespace `todo-app`"):
        pass
    other.kill()
    other.wait()
    assert not others_work(beside)


def test_where_no_run_ever_was_nobody_works(path):
    assert not others_work(path)


def test_a_run_that_only_looks_keeps_none_from_beginning(path, monkeypatch):
    lock, tries = system.lock, []

    def looked_at_first(file):
        tries.append(file)
        return len(tries) > 1 and lock(file)

    monkeypatch.setattr(system, "lock", looked_at_first)
    with locked(path, "install", "namespace `todo-app`"):
        assert len(tries) == 2


def test_a_run_that_ended_leaves_nothing_locked(path):
    for _ in range(2):
        with locked(path, "install", "namespace `todo-app`"):
            pass


def test_what_the_file_said_before_does_not_matter(path):
    path.parent.mkdir()
    path.write_text("[no object")
    with locked(path, "install", "namespace `todo-app`") as holder:
        assert holder.token


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "locks").write_text("a file where the folder should be")
    with pytest.raises(PreflightError, match="lock file"), locked(tmp_path / "locks" / "x.lock", "install", "x"):
        pass


def test_a_file_system_that_has_no_locks_is_a_clear_error(path, monkeypatch):
    def refuse(_file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(system, "lock", refuse)
    with pytest.raises(PreflightError, match="cannot be locked") as refused, locked(path, "install", "x"):
        pass
    assert (refused.value.id, refused.value.because) == ("lock.file", f"{path}: No locks available")


def test_each_installation_and_each_cluster_has_a_file_of_its_own():
    contexts = ("minikube", "arn:aws/x")
    paths = {path_of(context, namespace) for context in contexts for namespace in ("a", "b")}
    paths |= {path_of_cluster(context) for context in contexts}
    assert len(paths) == 6
    assert {path_of("minikube", "a"), path_of_cluster("minikube")} <= paths
    assert len({path.parent for path in paths}) == 1, "where others look for it"


@pytest.mark.parametrize(
    ("identity", "follows"),
    [
        ("here/1/aa11", True),
        ("here/7/aa11", True),
        ("here/7/bb22", False),
        ("there/7/aa11", False),
        ("here", False),
        ("", False),
    ],
)
def test_a_holder_follows_those_that_held_the_same_file_before(identity, follows):
    assert Holder("here", 7, "aa11").identity == "here/7/aa11"
    assert Holder("here", 7, "aa11").follows(identity) is follows
