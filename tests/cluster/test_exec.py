"""Programs in a real container: the one of the installation's Postgres. None of them changes anything."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator

import pytest

from harness import NAMESPACE, PROFILE
from todoctl.adapters.exec import ExecError, LostError
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError

pytestmark = pytest.mark.minikube

BLOCK = bytes(range(256)) * 400


def run(*argv: str, stdin: Iterable[bytes] = (), length: int = 0, seconds: float = 60, pod: str = "todo-postgres-0"):
    cluster = Cluster.connect(PROFILE)
    running = cluster.execute(
        NAMESPACE, pod, "postgres", argv, stdin=stdin, stdin_length=length, deadline=Deadline(seconds)
    )
    with running:
        return b"".join(running)


def blocks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield BLOCK


def test_both_streams_carry_every_byte() -> None:
    length = 100 * len(BLOCK)
    assert run("sha256sum", stdin=blocks(100), length=length).split()[0].decode() == _sha256(100)
    assert run("cat", stdin=blocks(100), length=length) == BLOCK * 100


def _sha256(count: int) -> str:
    digest = hashlib.sha256()
    for block in blocks(count):
        digest.update(block)
    return digest.hexdigest()


def test_stdin_ends_where_it_was_said_to_end() -> None:
    assert run("cat", stdin=[b"one", b"", b"two", b"three"], length=6) == b"onetwo"


def test_an_exit_status_comes_with_what_was_said_on_stderr() -> None:
    with pytest.raises(ExecError) as caught:
        run("sh", "-c", "echo first >&2; echo oops >&2; exit 7")
    assert (caught.value.status, caught.value.because, caught.value.details) == (7, "oops", ("first",))
    assert caught.value.exit_code == 7


def test_a_program_that_ends_before_it_has_read_all_is_not_waited_for_in_vain() -> None:
    with pytest.raises(ExecError) as caught:
        run("sh", "-c", "exit 3", stdin=blocks(60), length=60 * len(BLOCK))
    assert caught.value.status == 3


def test_a_program_that_lasts_too_long_is_left() -> None:
    with pytest.raises(LostError, match="did not end within 1 s"):
        run("sleep", "20", seconds=1)


def test_what_goes_wrong_on_the_way_to_stdin_is_raised() -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise KeyError("the other half")

    with pytest.raises(KeyError):
        run("cat", stdin=broken(), length=8)


@pytest.mark.parametrize(
    ("argv", "pod", "words"),
    [(["no-such-program"], "todo-postgres-0", "not found"), (["id"], "todo-nobody", "not found")],
    ids=["program", "pod"],
)
def test_what_is_not_there_is_a_clear_error(argv: list[str], pod: str, words: str) -> None:
    with pytest.raises(ClusterError) as caught:
        run(*argv, pod=pod)
    assert words in str(caught.value.because)


def test_nothing_is_left_running_here() -> None:
    run("true")
    run("cat", stdin=[b"x"], length=1)
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("exec-")]
    for thread in threading.enumerate():
        if thread.name in names:
            thread.join(60)
            assert not thread.is_alive()
