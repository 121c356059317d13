"""One run at a time on this machine: a file that the OS locks for as long as the process lives, however it ends."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from todoctl.adapters import system
from todoctl.deadline import SLICE_SECONDS, Deadline
from todoctl.errors import LockedError, PreflightError
from todoctl.reporter import Reporter

_READ_BYTES = 4096
_TRIES, _PAUSE_SECONDS = 4, 0.05


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. `token` belongs to the lock file: whoever holds that has the same one."""

    host: str
    pid: int
    token: str

    @property
    def identity(self) -> str:
        """Return `host/pid/token`."""
        return f"{self.host}/{self.pid}/{self.token}"

    def follows(self, identity: str) -> bool:
        """Tell whether `identity` is of an earlier holder of the same lock file: that one has ended."""
        host, _, rest = identity.partition("/")
        return (host, rest.partition("/")[2]) == (self.host, self.token)


def path_of(context: str, namespace: str) -> Path:
    """Return the lock file of an installation, in the user's folder for such things."""
    return _folder() / f"{namespace}-{_short(f'{context} {namespace}')}.lock"


def path_of_cluster(context: str) -> Path:
    """Return the lock file of a whole cluster, which has a name that no namespace has."""
    return _folder() / f"cluster_{_short(context)}.lock"


@contextmanager
def locked(path: Path, verb: str, what: str) -> Iterator[Holder]:
    """Hold the lock file while the block runs; `verb` and `what` (is locked) are for the one who finds it held.

    The file stays: to remove it would let two runs lock two files of one name. What it says is of the last holder, and
    counts only while it is locked. Raises LockedError at once where another process holds it, and PreflightError where
    there can be no such file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable("opened", path, error) from error
    try:
        try:
            free = _lock(file)
        except OSError as error:
            raise _unusable("locked", path, error) from error
        if not free:
            raise _held(_read(file), what)
        token = str(_read(file).get("token") or secrets.token_hex(8))
        holder = Holder(platform.node(), os.getpid(), token)
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        _write(file, {"token": token, "pid": holder.pid, "verb": verb, "since": since})
        yield holder
    finally:
        os.close(file)


@contextmanager
def in_turn(path: Path, verb: str, what: str, reporter: Reporter, deadline: Deadline) -> Iterator[Holder]:
    """Hold the lock file as `locked` does; where another process has it, wait until that one is done, and say for whom.

    Raises LockedError where that takes until the deadline.
    """
    told = None
    with ExitStack() as stack:
        while True:
            try:
                holder = stack.enter_context(locked(path, verb, what))
                break
            except LockedError as held:
                if deadline.expired():
                    raise
                if told != held.because:
                    told = held.because
                    reporter.note(f"waiting, as {held.what}: {held.because}")
                time.sleep(min(SLICE_SECONDS, deadline.remaining()))
        yield holder


def others_work(*own: Path) -> bool:
    """Tell whether other runs hold lock files in the folder of these, which are this run's."""
    folders = {path.parent for path in own}
    return any(_is_held(other) for folder in folders for other in folder.glob("*.lock") if other not in own)


def _folder() -> Path:
    import platformdirs

    return platformdirs.user_state_path("todoctl", appauthor=False) / "locks"


def _short(name: str) -> str:
    """Return what stands for a name: a context's may be long, and hold what a file name may not."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _lock(file: int) -> bool:
    """Lock an open file, unless a run has it: one that only looks whether others work holds it for a moment."""
    for _ in range(_TRIES):
        if system.lock(file):
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            return not system.lock(file.fileno())
    except OSError:
        return True  # nobody can tell


def _unusable(done: str, path: Path, error: OSError) -> PreflightError:
    return PreflightError(
        "lock.file",
        f"the lock file cannot be {done}",
        because=f"{path}: {error.strerror}",
        hint="make its folder writable for you, or name another one with XDG_STATE_HOME",
    )


def _held(said: dict[str, object], what: str) -> LockedError:
    # Between its lock and its first word a run has said nothing yet.
    who = f"`todoctl {said['verb']}` (process {said['pid']})" if "verb" in said else "another process"
    since = f" since {said['since']}" if "since" in said else ""
    return LockedError(
        "lock.held",
        f"another run of todoctl works on {what}",
        because=f"{who} holds its lock{since}",
        hint="wait until that run has ended, then run the command again",
    )


def _read(file: int) -> dict[str, object]:
    os.lseek(file, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(file, _READ_BYTES))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _write(file: int, said: dict[str, object]) -> None:
    os.lseek(file, 0, os.SEEK_SET)
    os.ftruncate(file, 0)
    os.write(file, json.dumps(said).encode())
