"""The only room that starts programs: never through a shell, always with a deadline, never left behind.

Every child gets a process group of its own, so that a time-out or Ctrl-C ends all that it started too. Since Ctrl-C
then no longer reaches the children by itself, and Python raises KeyboardInterrupt in the main thread alone, a command
that runs programs in other threads calls `end_children_of` when it is interrupted, and todoctl `end_children` in its
end.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from todoctl.adapters import pumps, system
from todoctl.deadline import SLICE_SECONDS, Deadline
from todoctl.errors import PreflightError, TodoctlError

GRACE_SECONDS = 3.0
"""How long a program may tidy up after it was asked to end."""
TAIL_LINES = 200
"""How many of the last lines `stream` and `pipe` keep of each output."""
_ENDING_SECONDS = 0.1  # between looks at what is still running


@dataclass(frozen=True)
class Completed:
    """A program that ended: its exit code (negative: the signal that ended it) and its output as text."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Tell whether it exited 0. That a program says so does not make it true: read the state back."""
        return self.code == 0

    @property
    def command(self) -> str:
        """The command as one would type it."""
        return shlex.join(self.argv)

    def complaint(self) -> str:
        """Return the last line that it wrote to stderr, else to stdout, for an error's `because`."""
        lines = [line.strip() for line in (self.stderr.strip() or self.stdout.strip()).splitlines()]
        said = lines[-1] if lines else "it said nothing"
        return f"`{self.argv[0]}` exited {self.code} ({said})"


class ProgramMissing(PreflightError):
    """The program is not on PATH, or cannot be started."""

    def __init__(self, program: str, because: str) -> None:
        super().__init__(
            "process.missing",
            f"`{program}` cannot be started",
            because=because,
            hint=f"install `{program}`, or add its folder to PATH",
        )
        self.program = program


class ProcessTimeout(TodoctlError):
    """The program, and all that it started, was ended because the deadline had passed."""

    def __init__(self, argv: Sequence[str], seconds: float, tail: tuple[str, ...] = ()) -> None:
        super().__init__(
            "process.timeout",
            f"`{argv[0]}` did not end in time",
            because=f"it took longer than {seconds:.0f} seconds",
            hint="give it more time with `--timeout`, and look at its last lines with `--debug`",
            details=tail,
        )
        self.argv = tuple(argv)
        self.seconds = seconds


def tools_folder() -> Path:
    """Return the folder of this user's data where todoctl keeps programs that it downloaded."""
    import platformdirs

    return platformdirs.user_data_path("todoctl", appauthor=False) / "bin"


def which(program: str) -> Path | None:
    """Return where `program` is on PATH, or else in `tools_folder`, or None."""
    found = shutil.which(program, path=_environment()["PATH"])
    return Path(found) if found else None


def run(
    argv: Sequence[str],
    *,
    deadline: Deadline,
    stdin: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run a program to its end and return all of its output; a non-zero exit code is the caller's to judge.

    `stdin` is where secrets go (argv is readable by every user of the machine); without it the program reads an
    empty input, never the terminal. `env` is added to this process's environment.

    Raises ProgramMissing, and ProcessTimeout at the deadline.
    """
    stdout, stderr = bytearray(), bytearray()
    with _started(argv, deadline=deadline, stdin=stdin is not None, env=env, cwd=cwd) as child:
        streams = [
            pumps.Pump(pumps.read, child.stdout, stdout.extend),
            pumps.Pump(pumps.read, child.stderr, stderr.extend),
        ]
        if stdin is not None:
            streams.append(pumps.Pump(pumps.write, child.stdin, stdin.encode() if isinstance(stdin, str) else stdin))
        _finish([child], streams, deadline, argv)
    return Completed(tuple(argv), child.returncode, _text(stdout), _text(stderr))


def stream(
    argv: Sequence[str],
    *,
    deadline: Deadline,
    on_line: Callable[[str], None],
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run a program and hand each line of its stdout and stderr, without its end, to `on_line` as it comes.

    `on_line` is called by other threads, one line at a time; what it raises ends the program and is raised here.
    The outputs returned are the last TAIL_LINES lines of each. Raises as `run` does.
    """
    turn = threading.Lock()
    tails: tuple[deque[str], deque[str]] = (deque(maxlen=TAIL_LINES), deque(maxlen=TAIL_LINES))

    def handler(tail: deque[str]) -> Callable[[str], None]:
        def handle(line: str) -> None:
            with turn:
                tail.append(line)
                on_line(line)

        return handle

    with _started(argv, deadline=deadline, stdin=stdin is not None, env=env, cwd=cwd) as child:
        streams = [
            pumps.Pump(pumps.read_lines, child.stdout, handler(tails[0])),
            pumps.Pump(pumps.read_lines, child.stderr, handler(tails[1])),
        ]
        if stdin is not None:
            streams.append(pumps.Pump(pumps.write, child.stdin, stdin))
        _finish([child], streams, deadline, argv, said=tails[1])
    return Completed(tuple(argv), child.returncode, "\n".join(tails[0]), "\n".join(tails[1]))


def pipe(
    producer: Sequence[str],
    consumer: Sequence[str],
    *,
    deadline: Deadline,
    tap: Callable[[bytes], None] | None = None,
) -> tuple[Completed, Completed]:
    """Send the producer's stdout to the consumer's stdin, in constant memory, and return how both ended.

    `tap` sees each chunk before the consumer does; what it raises ends both and is raised here. The producer's
    stdout is gone by then: its Completed has none. A consumer that ends early makes the producer fail as well, so
    look at the consumer's exit code first; a producer that fails may leave the consumer with half a stream and exit
    code 0, so look at both. Raises as `run` does.
    """
    said: deque[str] = deque(maxlen=TAIL_LINES)
    answers: deque[str] = deque(maxlen=TAIL_LINES)
    complaints: deque[str] = deque(maxlen=TAIL_LINES)
    _resolve(producer[0], _environment())  # before a consumer waits for it
    with (
        _started(consumer, deadline=deadline, stdin=True) as sink,
        _started(producer, deadline=deadline) as source,
    ):
        streams = [
            pumps.Pump(pumps.copy, source.stdout, sink.stdin, tap),
            pumps.Pump(pumps.read_lines, source.stderr, said.append),
            pumps.Pump(pumps.read_lines, sink.stdout, answers.append),
            pumps.Pump(pumps.read_lines, sink.stderr, complaints.append),
        ]
        _finish([source, sink], streams, deadline, producer, said=complaints)
    return (
        Completed(tuple(producer), source.returncode, "", "\n".join(said)),
        Completed(tuple(consumer), sink.returncode, "\n".join(answers), "\n".join(complaints)),
    )


def receive(argv: Sequence[str], sink: Callable[[bytes], None], *, deadline: Deadline) -> Completed:
    """Run a program and hand its stdout to `sink` as it comes, in constant memory; the Completed has none of it.

    `sink` is called by another thread; what it raises ends the program and is raised here. Raises as `run` does.
    """
    said: deque[str] = deque(maxlen=TAIL_LINES)
    with _started(argv, deadline=deadline) as child:
        streams = [
            pumps.Pump(pumps.read, child.stdout, sink),
            pumps.Pump(pumps.read_lines, child.stderr, said.append),
        ]
        _finish([child], streams, deadline, argv, said=said)
    return Completed(tuple(argv), child.returncode, "", "\n".join(said))


def send(argv: Sequence[str], chunks: Iterable[bytes], *, deadline: Deadline) -> Completed:
    """Run a program and write the chunks to its stdin, in constant memory; a program that ends early ends that too.

    `chunks` are taken by another thread; what they raise ends the program and is raised here. The outputs returned are
    the last TAIL_LINES lines of each. Raises as `run` does.
    """
    answers: deque[str] = deque(maxlen=TAIL_LINES)
    complaints: deque[str] = deque(maxlen=TAIL_LINES)
    with _started(argv, deadline=deadline, stdin=True) as child:
        streams = [
            pumps.Pump(pumps.write_all, child.stdin, chunks),
            pumps.Pump(pumps.read_lines, child.stdout, answers.append),
            pumps.Pump(pumps.read_lines, child.stderr, complaints.append),
        ]
        _finish([child], streams, deadline, argv, said=complaints)
    return Completed(tuple(argv), child.returncode, "\n".join(answers), "\n".join(complaints))


def end_children() -> None:
    """End every program that is running, with all that it started.

    The calls that wait for them, in whatever thread, raise KeyboardInterrupt.
    """
    with _lock:
        children = list(_running)
        _interrupted.update(children)
    _end(children)


def end_children_of(works: Iterable[Future[Any]]) -> None:
    """End every program that is running or that one of the works, done by other threads, starts, until all are done.

    One that asks an engine, say, or reads files is let do so, and ended where it starts a program then. Ctrl-C once
    more does not cut that off.
    """
    works = list(works)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            while wait(works, timeout=_ENDING_SECONDS).not_done:
                end_children()
            return


_lock = threading.Lock()
_running: set[subprocess.Popen[bytes]] = set()
_interrupted: set[subprocess.Popen[bytes]] = set()


@contextlib.contextmanager
def _started(
    argv: Sequence[str],
    *,
    deadline: Deadline,
    stdin: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; leaving the block by an exception ends it."""
    if deadline.expired():
        raise ProcessTimeout(argv, deadline.seconds)
    environment = _environment(env)
    program = _resolve(argv[0], environment)
    children: set[subprocess.Popen[bytes]] = set()
    is_over = False

    def start() -> subprocess.Popen[bytes]:
        try:
            child = subprocess.Popen(
                [program, *argv[1:]],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=cwd,
                **system.own_process_group(),
            )
        except OSError as error:
            raise ProgramMissing(argv[0], f"{program}: {error.strerror}") from error
        with _lock:
            children.add(child)
            _running.add(child)
            is_unwanted = is_over
        if is_unwanted:
            _end([child])
            with _lock:
                _running.discard(child)
        return child

    try:
        if threading.current_thread() is threading.main_thread():
            # Where Ctrl-C comes, and must not lose a program that is about to run.
            with ThreadPoolExecutor(max_workers=1) as pool:
                child = pool.submit(start).result()
        else:
            child = start()
        yield child
    except BaseException:
        _end(children)
        raise
    finally:
        with _lock:
            is_over = True  # for a start that Ctrl-C came before, which nobody waits for
            _running.difference_update(children)
            interrupted = not _interrupted.isdisjoint(children)
            _interrupted.difference_update(children)
    if interrupted:
        raise KeyboardInterrupt


def _environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with `extra`, and with the tools' folder last on PATH."""
    environment = {**os.environ, **(extra or {})}
    path = environment.get("PATH", os.defpath)
    environment["PATH"] = os.pathsep.join([*([path] if path else []), str(tools_folder())])
    return environment


def _resolve(program: str, environment: Mapping[str, str]) -> str:
    # Not left to the OS: Windows finds only .exe files by itself, and a missing program must not be taken for a
    # missing `cwd`.
    found = shutil.which(program, path=environment["PATH"])
    if found is None:
        raise ProgramMissing(program, "no such program on PATH")
    return found


def _end(children: Collection[subprocess.Popen[bytes]]) -> None:
    """Ask the children and all that they started to end, and make them after a grace."""
    if system.WINDOWS:
        for child in children:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True, check=False)
        return
    for child in children:
        system.signal_group(child.pid, force=False)
    patience = Deadline(GRACE_SECONDS)
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=patience.remaining())
        system.signal_group(child.pid, force=True)
        child.wait()


def _finish(
    children: Sequence[subprocess.Popen[bytes]],
    streams: Sequence[pumps.Pump],
    deadline: Deadline,
    argv: Sequence[str],
    *,
    said: Sequence[str] = (),
) -> None:
    """Wait until every stream is at its end and every child has exited.

    What a child left running in the background may hold its streams open for ever: it is not waited for.
    """
    patience: Deadline | None = None
    while alive := [pump for pump in streams if pump.is_alive()]:
        _raise_first(streams)
        if deadline.expired():
            raise ProcessTimeout(argv, deadline.seconds, tuple(said)[-5:])
        if patience is None and all(child.poll() is not None for child in children):
            patience = Deadline(GRACE_SECONDS)
        if patience is not None and patience.expired():
            break
        alive[0].join(min(SLICE_SECONDS, deadline.remaining()))
    _raise_first(streams)
    for child in children:
        try:
            child.wait(timeout=deadline.remaining())
        except subprocess.TimeoutExpired as error:
            raise ProcessTimeout(argv, deadline.seconds, tuple(said)[-5:]) from error


def _raise_first(streams: Sequence[pumps.Pump]) -> None:
    for pump in streams:
        if pump.error is not None:
            raise pump.error


def _text(output: bytearray) -> str:
    return output.decode("utf-8", "replace").replace("\r\n", "\n")
