"""Real programs: this Python plays each of them."""

from __future__ import annotations

import _thread
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from todoctl.adapters import process
from todoctl.deadline import Deadline


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


def soon() -> Deadline:
    return Deadline(60)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def eventually_dead(pid: int) -> bool:
    patience = Deadline(30)
    while not patience.expired():
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


# A program that starts one of its own, writes both process ids and sleeps.
PARENT_OF_ONE = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


class TestRun:
    def test_returns_code_and_both_outputs(self) -> None:
        done = process.run(
            python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), deadline=soon()
        )
        assert (done.code, done.stdout, done.stderr, done.ok) == (3, "out\n", "err\n", False)

    def test_hands_stdin_over_and_keeps_argv_free_of_it(self) -> None:
        echo = python("import sys; sys.stdout.write(sys.stdin.read()[::-1])")
        done = process.run(echo, deadline=soon(), stdin="geheim")
        assert done.stdout == "mieheg"
        assert "geheim" not in done.command

    def test_a_program_without_stdin_reads_an_empty_input_not_the_terminal(self) -> None:
        assert process.run(python("import sys; print(repr(sys.stdin.read()))"), deadline=soon()).stdout == "''\n"

    def test_a_program_that_ignores_a_large_stdin_does_not_fail(self) -> None:
        assert process.run(python("print('done')"), deadline=soon(), stdin=b"x" * 10_000_000).stdout == "done\n"

    def test_bytes_that_are_no_utf8_are_replaced(self) -> None:
        done = process.run(python("import sys; sys.stdout.buffer.write(b'a\\xffb')"), deadline=soon())
        assert done.stdout == "a\N{REPLACEMENT CHARACTER}b"

    def test_env_is_added_to_the_environment_of_this_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INHERITED", "1")
        source = "import os; print(os.environ['INHERITED'], os.environ['ADDED'])"
        assert process.run(python(source), deadline=soon(), env={"ADDED": "2"}).stdout == "1 2\n"

    def test_cwd_is_where_it_runs(self, tmp_path: Path) -> None:
        source = "import os; print(os.getcwd())"
        assert process.run(python(source), deadline=soon(), cwd=tmp_path).stdout == f"{tmp_path}\n"

    def test_two_large_outputs_at_once_do_not_block(self) -> None:
        source = "import sys\nfor _ in range(2000): print('o' * 500); print('e' * 500, file=sys.stderr)"
        done = process.run(python(source), deadline=soon())
        assert (len(done.stdout), len(done.stderr)) == (2000 * 501, 2000 * 501)

    def test_a_missing_program_is_named(self) -> None:
        with pytest.raises(process.ProgramMissing) as caught:
            process.run(["no-such-program-4711"], deadline=soon())
        assert caught.value.what == "`no-such-program-4711` cannot be started"
        assert caught.value.because == "no such program on PATH"

    def test_a_file_that_is_no_program_is_named(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.write_bytes(b"\x7fELF nonsense")
        broken.chmod(0o755)
        with pytest.raises(process.ProgramMissing, match="cannot be started"):
            process.run([str(broken)], deadline=soon())

    def test_at_the_deadline_the_program_and_what_it_started_are_ended(self) -> None:
        pids: list[int] = []
        with pytest.raises(process.ProcessTimeout) as caught:
            process.stream(
                python(PARENT_OF_ONE),
                deadline=Deadline(1.0, clock=lambda: 9.0 if len(pids) == 2 else 0.0),
                on_line=lambda line: pids.extend(map(int, line.split())),
            )
        assert caught.value.seconds == 1.0
        assert all(eventually_dead(pid) for pid in pids)

    def test_a_program_that_refuses_to_end_is_ended_after_a_grace(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(process, "GRACE_SECONDS", 0.3)
        refuses, mark = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)", tmp_path / "mark"
        stubborn = f"import signal, time; {refuses}; time.sleep(60); open({str(mark)!r}, 'w')"
        lines: list[str] = []
        with pytest.raises(process.ProcessTimeout):
            process.stream(
                python(stubborn), deadline=Deadline(1.0, clock=lambda: 9.0 if lines else 0.0), on_line=lines.append
            )
        assert not mark.exists(), "it ended by itself"

    def test_what_a_program_leaves_in_the_background_is_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "GRACE_SECONDS", 0.3)
        # The one left behind has a session of its own and holds both outputs open, as ssh's ControlPersist does.
        source = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(left.pid)
"""
        done = process.run(python(source), deadline=soon())
        left = int(done.stdout)
        assert is_alive(left)
        os.kill(left, signal.SIGKILL)
        assert done.ok

    def test_nothing_is_started_once_the_deadline_has_passed(self, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        with pytest.raises(process.ProcessTimeout):
            process.run(python(f"open({str(mark)!r}, 'w')"), deadline=Deadline(0))
        assert not mark.exists()


class TestStream:
    def test_lines_come_while_the_program_still_runs(self, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        # The program goes on only after its first line was seen here.
        source = (
            f"import os, time\nprint('first', flush=True)\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)"
        )
        lines: list[str] = []

        def on_line(line: str) -> None:
            lines.append(line)
            gate.touch()

        assert process.stream(python(source), deadline=soon(), on_line=on_line).ok
        assert lines == ["first"]

    def test_both_outputs_are_handed_over_and_kept_apart(self) -> None:
        lines: list[str] = []
        source = "import sys; print('out'); print('err', file=sys.stderr)"
        done = process.stream(python(source), deadline=soon(), on_line=lines.append)
        assert sorted(lines) == ["err", "out"]
        assert (done.stdout, done.stderr) == ("out", "err")

    def test_only_the_tail_is_kept(self) -> None:
        done = process.stream(python("for n in range(1000): print(n)"), deadline=soon(), on_line=lambda _: None)
        assert done.stdout.splitlines() == [str(n) for n in range(1000 - process.TAIL_LINES, 1000)]

    def test_what_the_callback_raises_ends_the_program_and_is_raised(self) -> None:
        pids: list[int] = []

        def on_line(line: str) -> None:
            pids.extend(map(int, line.split()))
            raise ValueError(line)

        with pytest.raises(ValueError, match=r"\d+ \d+"):
            process.stream(python(PARENT_OF_ONE), deadline=soon(), on_line=on_line)
        assert all(eventually_dead(pid) for pid in pids)


class TestSend:
    def test_what_a_source_cannot_read_is_raised_rather_than_taken_for_its_end(self) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"half"
            raise OSError(5, "Input/output error")

        with pytest.raises(OSError, match="Input/output error"):
            process.send(python("import sys; sys.stdin.read()"), chunks(), deadline=soon())

    def test_a_program_that_reads_no_more_tells_by_its_exit_code(self) -> None:
        done = process.send(python("raise SystemExit(3)"), itertools.repeat(bytes(100_000), 100), deadline=soon())
        assert done.code == 3


class TestPipe:
    def test_every_byte_arrives_and_is_seen_on_the_way(self) -> None:
        count = 0

        def tap(chunk: bytes) -> None:
            nonlocal count
            count += len(chunk)

        produce = python("import sys\nfor _ in range(40): sys.stdout.buffer.write(b'x' * 1_000_000)")
        consume = python("import sys; print(len(sys.stdin.buffer.read()))")
        producer, consumer = process.pipe(produce, consume, deadline=soon(), tap=tap)
        assert (producer.code, consumer.code, consumer.stdout, count) == (0, 0, "40000000", 40_000_000)

    def test_a_producer_that_fails_shows_though_the_consumer_is_content(self) -> None:
        produce = python("import sys; print('half'); sys.exit('no such image')")
        consume = python("import sys; print(sys.stdin.read().strip())")
        producer, consumer = process.pipe(produce, consume, deadline=soon())
        assert (producer.code, producer.complaint().endswith("exited 1 (no such image)")) == (1, True)
        assert (consumer.code, consumer.stdout) == (0, "half")

    def test_a_consumer_that_ends_early_ends_an_endless_producer(self) -> None:
        produce = python("import sys\nwhile True: sys.stdout.buffer.write(b'x' * 100_000)")
        consume = python("import sys; sys.stdin.read(10); sys.exit('no space left on device')")
        producer, consumer = process.pipe(produce, consume, deadline=soon())
        assert producer.code != 0
        assert (consumer.code, consumer.stderr) == (1, "no space left on device")

    def test_a_missing_producer_is_named_before_the_consumer_starts(self) -> None:
        with pytest.raises(process.ProgramMissing, match="no-such-program-4711"):
            process.pipe(["no-such-program-4711"], ["nor-this-4711"], deadline=soon())

    def test_at_the_deadline_both_are_ended(self) -> None:
        running: set[subprocess.Popen[bytes]] = set()
        produce = python("import time; print('half', flush=True); time.sleep(60)")
        consume = python("import time; time.sleep(60)")
        with pytest.raises(process.ProcessTimeout):
            process.pipe(
                produce,
                consume,
                deadline=Deadline(1.0, clock=lambda: 9.0 if running else 0.0),
                tap=lambda _: running.update(process._running),
            )
        assert len(running) == 2
        assert all(child.returncode < 0 for child in running), "a signal ended it"
        assert not process._running

    def test_memory_stays_small_for_a_large_stream(self) -> None:
        # A stream of 400 MB through a process that may not have 200 MB more than it starts with.
        source = """
import resource, sys
from todoctl.adapters import process
from todoctl.deadline import Deadline
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
produce = [sys.executable, "-c", "import sys\\nfor _ in range(400): sys.stdout.buffer.write(b'x' * 1_000_000)"]
consume = [sys.executable, "-c", "import sys\\nwhile sys.stdin.buffer.read(1_000_000): pass"]
process.pipe(produce, consume, deadline=Deadline(60))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
        done = process.run(python(source), deadline=Deadline(60), cwd=Path(process.__file__).parents[2])
        assert done.ok, done.stderr
        assert int(done.stdout) < 30_000  # KB


class TestInterrupt:
    def test_end_children_ends_what_other_threads_wait_for(self) -> None:
        pids: list[int] = []
        started = threading.Event()
        raised: list[BaseException] = []

        def on_line(line: str) -> None:
            pids.extend(map(int, line.split()))
            started.set()

        def work() -> None:
            try:
                process.stream(python(PARENT_OF_ONE), deadline=soon(), on_line=on_line)
            except BaseException as error:  # noqa: BLE001 - what is caught is what the test is about
                raised.append(error)

        worker = threading.Thread(target=work)
        worker.start()
        assert started.wait(60)
        process.end_children()
        worker.join(60)
        assert [type(error) for error in raised] == [KeyboardInterrupt]
        assert all(eventually_dead(pid) for pid in pids)

    def test_what_works_start_while_they_are_ended_is_ended_though_ctrl_c_comes_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked = threading.Event()
        end_children = process.end_children

        def look() -> None:
            end_children()
            if not looked.is_set():
                looked.set()
                _thread.interrupt_main()

        def work() -> None:
            assert looked.wait(10)
            process.run(python("import time; time.sleep(60)"), deadline=soon())

        monkeypatch.setattr(process, "end_children", look)
        with ThreadPoolExecutor() as pool:
            works = [pool.submit(work) for _ in range(2)]
            process.end_children_of(works)
            assert [type(work.exception(timeout=0)) for work in works] == [KeyboardInterrupt] * 2

    def test_ctrl_c_while_a_program_starts_ends_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        children: list[subprocess.Popen[bytes]] = []

        class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                children.append(self)
                _thread.interrupt_main()
                time.sleep(0)  # where it comes, in the main thread

        monkeypatch.setattr(subprocess, "Popen", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            process.run(python("import time; time.sleep(60)"), deadline=soon())
        (child,) = children
        assert eventually_dead(child.pid)
        assert not process._running

    def test_ctrl_c_before_a_program_starts_ends_it_when_it_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        children: list[subprocess.Popen[bytes]] = []
        may_start = threading.Event()

        class Late(subprocess.Popen):  # type: ignore[type-arg]
            def __init__(self, *arguments: Any, **options: Any) -> None:
                assert may_start.wait(60)
                super().__init__(*arguments, **options)
                children.append(self)

        def interrupted(thread: threading.Thread) -> None:
            start(thread)
            starters.append(thread)
            raise KeyboardInterrupt  # before the pool knows of its thread

        start, starters = threading.Thread.start, list[threading.Thread]()
        monkeypatch.setattr(subprocess, "Popen", Late)
        monkeypatch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            process.run(python("import time; time.sleep(60)"), deadline=soon())
        monkeypatch.setattr(threading.Thread, "start", start)
        may_start.set()
        (starter,) = starters
        starter.join(60)
        (child,) = children
        assert eventually_dead(child.pid)
        assert not process._running

    def test_ctrl_c_in_the_main_thread_ends_the_children(self, tmp_path: Path) -> None:
        pids = tmp_path / "pids"
        # Some other process runs `run` and is interrupted as a terminal would do it.
        source = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from todoctl.adapters import process
from todoctl.deadline import Deadline
child = {PARENT_OF_ONE!r}.replace("flush=True", f"flush=True, file=open({str(pids)!r}, 'w')")
try:
    process.run([sys.executable, "-c", child], deadline=Deadline(60))
except KeyboardInterrupt:
    print("interrupted")
"""
        interrupted = threading.Thread(target=_interrupt_when_written, args=(pids,))
        interrupted.start()
        done = process.run(python(source), deadline=soon(), cwd=Path(process.__file__).parents[2])
        interrupted.join()
        assert done.stdout == "interrupted\n", done.stderr
        assert all(eventually_dead(int(pid)) for pid in pids.read_text().split())


def _interrupt_when_written(pids: Path) -> None:
    patience = Deadline(60)
    while not patience.expired() and not (pids.exists() and pids.read_text().endswith("\n")):
        time.sleep(0.02)
    (interrupted,) = process._running
    os.kill(interrupted.pid, signal.SIGINT)


def test_which_finds_a_program_and_tells_when_there_is_none() -> None:
    assert process.which("sh") is not None
    assert process.which("no-such-program-4711") is None
