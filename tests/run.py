"""All tests and checks with one command, `python3 tests/run.py`. Needs Python >= 3.10 and nothing installed.

It makes the virtual environments and the Node modules from the lock files first, and does nothing about those that are
up to date. Arguments go to pytest, which then runs alone: `python3 tests/run.py tests/images -k fingerprint`.

What a test needs and this machine lacks makes it skip, and say why. With TODOCTL_TESTS_REQUIRE_ALL=1 that is a failure.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "app" / "backend"
FRONTEND = ROOT / "app" / "frontend"
REQUIRE_ALL = os.environ.get("TODOCTL_TESTS_REQUIRE_ALL") == "1"


class MissingError(Exception):
    """This machine lacks something; the message says what, and who needs it."""


@dataclass(frozen=True)
class Stage:
    """One check: a command that ends with 0 when all is well, in a folder."""

    title: str
    folder: Path
    command: list[str]


@dataclass(frozen=True)
class Outcome:
    """How a stage ended, in a word and some."""

    title: str
    failed: bool
    words: str


def main(arguments: list[str]) -> int:
    """Run every stage, or pytest alone when it is given arguments, then sum up; return 1 if any failed."""
    outcomes: list[Outcome] = []
    if not arguments:
        outcomes += run(
            prepare_todoctl,
            Stage("ruff check", ROOT, [tool(ROOT, "ruff"), "check", "."]),
            Stage("ruff format", ROOT, [tool(ROOT, "ruff"), "format", "--check", "."]),
            Stage("mypy", ROOT, [tool(ROOT, "mypy")]),
            Stage("mypy, Windows", ROOT, [tool(ROOT, "mypy"), "--platform", "win32"]),
            Stage("import-linter", ROOT, [tool(ROOT, "lint-imports")]),
        )
        outcomes += run(
            prepare_backend,
            Stage("backend mypy", BACKEND, [tool(BACKEND, "mypy")]),
            Stage("backend pytest", BACKEND, pytest(BACKEND)),
        )
        outcomes += run(
            prepare_frontend,
            Stage("frontend eslint", FRONTEND, ["npm", "run", "--silent", "lint"]),
            Stage("frontend tsc", FRONTEND, ["npm", "run", "--silent", "typecheck"]),
            Stage("frontend vitest", FRONTEND, ["npm", "run", "--silent", "test"]),
        )
    outcomes += run(prepare_todoctl, Stage("pytest", ROOT, [*pytest(ROOT), *arguments]))
    say("summary")
    for outcome in outcomes:
        write(f"{outcome.title:16} {outcome.words}")
    return int(any(outcome.failed for outcome in outcomes))


def run(prepare: Callable[[], None], *stages: Stage) -> list[Outcome]:
    """Run stages that share a preparation. One that fails does not keep the next from running."""
    try:
        prepare()
    except MissingError as error:
        word = "FAILED " if REQUIRE_ALL else "skipped"
        return [Outcome(stage.title, REQUIRE_ALL, f"{word}  {error}") for stage in stages]
    except subprocess.CalledProcessError as error:
        words = f"FAILED   `{' '.join(error.cmd)}` exited {error.returncode}"
        return [Outcome(stage.title, failed=True, words=words) for stage in stages]
    outcomes = []
    for stage in stages:
        say(stage.title)
        start = time.monotonic()
        failed = subprocess.run(stage.command, cwd=stage.folder, stdin=subprocess.DEVNULL, check=False).returncode != 0
        words = f"{'FAILED ' if failed else 'ok     '}  {time.monotonic() - start:.0f} s"
        outcomes.append(Outcome(stage.title, failed, words))
    return outcomes


def prepare_todoctl() -> None:
    """Make the root's virtual environment."""
    virtual_environment(ROOT / ".venv", ROOT / "locks" / "dev.txt", sys.executable)


def prepare_backend() -> None:
    """Make the backend's virtual environment, with the Python of its image where this machine has that."""
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.12.*/bin/python3.12"))
    for python in ["python3.12", *map(str, pyenv), sys.executable, "python3.13", "python3.14", "python3.11"]:
        question = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if shutil.which(python) and subprocess.run(question, capture_output=True, check=False).returncode == 0:
            virtual_environment(BACKEND / ".venv", BACKEND / "requirements-dev.lock", python)
            return
    raise MissingError("needs Python 3.11 or newer, best 3.12: none is on PATH")


def prepare_frontend() -> None:
    """Fetch the frontend's Node modules, unless they are those of the lock file already."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise MissingError("needs Node and npm: not on PATH")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    minimum = re.search(r'"node": ">=([\d.]+)"', (FRONTEND / "package.json").read_text("utf-8"))
    if minimum and numbers(version) < numbers(minimum[1]):
        raise MissingError(f"needs Node {minimum[1]} or newer: on PATH is {version}")
    locked = Locked(FRONTEND / "node_modules" / ".locked", FRONTEND / "package-lock.json", version)
    if not locked.holds():
        say("fetching Node modules")
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FRONTEND, stdin=subprocess.DEVNULL, check=True)
        locked.record()


def virtual_environment(folder: Path, lock: Path, python: str) -> None:
    """Make a virtual environment that has what the lock names and nothing else, unless it is there."""
    question = [python, "-c", "import sys; print(sys.version)"]
    version = subprocess.run(question, capture_output=True, text=True, check=True).stdout
    locked = Locked(folder / ".locked", lock, version)
    if locked.holds():
        return
    say(f"making {folder.relative_to(ROOT)}")
    if subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=False).returncode:
        raise MissingError("needs Python's venv module (`apt install python3-venv` on Debian)")
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--requirement", str(lock)]
    subprocess.run([tool(folder.parent, "python"), "-m", "pip", "install", *options], check=True)
    locked.record()


@dataclass(frozen=True)
class Locked:
    """Whether a folder was made from this lock file, by this version of what installs; a file in it remembers."""

    memory: Path
    lock: Path
    version: str

    def holds(self) -> bool:
        """Tell whether the folder is what the lock says."""
        return self.memory.is_file() and self.memory.read_text("utf-8") == self._state()

    def record(self) -> None:
        """Remember that it is."""
        self.memory.write_text(self._state(), encoding="utf-8")

    def _state(self) -> str:
        return f"{hashlib.sha256(self.lock.read_bytes()).hexdigest()} {self.version}"


def pytest(folder: Path) -> list[str]:
    """Return the command that runs a folder's tests, with skips as failures where they are."""
    strict = ["-p", "require_all"] if REQUIRE_ALL else ["-rs"]
    return [tool(folder, "python"), "-m", "pytest", *strict]


def tool(folder: Path, name: str) -> str:
    """Return the path of a program in the folder's virtual environment."""
    return str(folder / ".venv" / ("Scripts" if os.name == "nt" else "bin") / name)


def numbers(version: str) -> list[int]:
    """Return a version's numbers, to compare."""
    return [int(number) for number in re.findall(r"\d+", version)]


def say(title: str) -> None:
    """Print a heading."""
    write(f"\n== {title} ==")


def write(line: str) -> None:
    """Print a line at once, ahead of what the next program prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if REQUIRE_ALL:  # for pytest to find the plugin beside this file
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")]))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
