"""Gates over the repository itself: what must not be in it, and what must stay in step."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "todoctl").rglob("*.py")), *sorted((ROOT / "launcher").glob("*.py"))]

# https://docs.python.org/3/library: "Availability: Unix", as far as anyone may be tempted.
POSIX_MODULES = {
    *("crypt", "curses", "fcntl", "grp", "nis", "ossaudiodev", "posix", "pty", "pwd", "readline", "resource", "spwd"),
    *("syslog", "termios", "tty"),
}
POSIX_NAMES = {
    "os": {
        *("WEXITSTATUS", "WIFEXITED", "WIFSIGNALED", "WNOHANG", "WTERMSIG", "chown", "chroot", "fchmod", "fchown"),
        *("fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getuid"),
        *("killpg", "lchown", "mkfifo", "mknod", "nice", "openpty", "posix_spawn", "pread", "pwrite"),
        *("sched_getaffinity", "sched_setaffinity", "setegid", "seteuid", "setgid", "setgroups", "setpgid", "setsid"),
        *("setuid", "statvfs", "sync", "sysconf", "tcgetpgrp", "tcsetpgrp", "ttyname", "uname", "wait", "wait3"),
        *("wait4", "waitid"),
    },
    "signal": {
        *("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGWINCH"),
        *("alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"),
    },
    "select": {"epoll", "kqueue", "poll"},
    "socket": {"AF_UNIX", "socketpair"},
    "time": {"clock_gettime", "tzset"},
}


def posix_only(source):
    """Return what a module's source takes from POSIX alone, as `module` or `module.name`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.split(".")[0] in POSIX_MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {name.name for name in node.names} & POSIX_NAMES.get(node.module, set())
            found |= {f"{node.module}.{name}" for name in names}
            found |= {node.module} if node.module.split(".")[0] in POSIX_MODULES else set()
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {f"{node.value.id}.{node.attr}"} if node.attr in POSIX_NAMES.get(node.value.id, set()) else set()
    return found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fcntl", {"fcntl"}),
        ("def f():\n    import pwd, os", {"pwd"}),
        ("from resource import getrusage", {"resource"}),
        ("from os import getuid, path", {"os.getuid"}),
        ("import os\nos.killpg(1, 9)", {"os.killpg"}),
        ("import signal\nsignal.signal(signal.SIGTERM, f)\nsignal.SIGKILL", {"signal.SIGKILL"}),
        ("import os, sys\nos.replace('a', 'b')", set()),
    ],
)
def test_what_is_posix_only_is_recognised(source, found):
    assert posix_only(source) == found


def test_only_the_system_adapter_uses_what_windows_lacks():
    found = {path.relative_to(ROOT).as_posix(): posix_only(path.read_text("utf-8")) for path in SOURCES}
    assert {path: names for path, names in found.items() if names and path != "todoctl/adapters/system.py"} == {}


def third_party_imports():
    """Return the top-level modules that todoctl imports from elsewhere."""
    modules = set()
    for path in sorted((ROOT / "todoctl").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    return modules - set(sys.stdlib_module_names) - {"todoctl"} - {"win32file"}


def declared(table):
    """Return the requirements in a list of pyproject.toml: normalized name → minimum version, or nothing."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    block = re.search(rf"^{table} = \[(.*?)\]$", text, flags=re.MULTILINE | re.DOTALL)
    assert block, table
    found = re.findall(r'"([A-Za-z][\w.-]*)(?:[>=]=([\d.]+))?"', re.sub(r"\{[^}]*\}|#.*", "", block[1]))
    return {re.sub(r"[-_.]+", "-", name).lower(): minimum for name, minimum in found}


def locked(lock):
    """Return a lock's requirements: name → (version, whether pyproject.toml asks for it itself)."""
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text("utf-8"))
    named = [(re.match(r"([\w.-]+)==([^\s;\\]+)", block), "todoctl (pyproject.toml" in block) for block in blocks]
    return {match[1]: (match[2], direct) for match, direct in named if match}


def numbers(version):
    return [int(number) for number in version.split(".")]


def test_todoctl_declares_exactly_what_it_imports():
    modules = {"pyyaml": "yaml", "websocket-client": "websocket"}
    assert {modules.get(name, name) for name in declared("dependencies")} == third_party_imports()


@pytest.mark.parametrize(
    ("lock", "tables"),
    [
        ("locks/runtime.txt", ["dependencies"]),
        ("locks/build.txt", ["build"]),
        ("locks/dev.txt", ["dependencies", "build", "dev"]),
    ],
)
def test_each_lock_is_what_pyproject_asks_for(lock, tables):
    asked = {name: minimum for table in tables for name, minimum in declared(table).items()}
    answer = locked(lock)
    assert {name for name, (_, direct) in answer.items() if direct} == set(asked), "run locks/compile"
    too_old = {name for name, minimum in asked.items() if minimum and numbers(answer[name][0]) < numbers(minimum)}
    assert too_old == set(), "run locks/compile"


def reaches_the_image(package):
    """Tell whether an npm package fits a Linux that the image is built for.

    Other platforms' optional packages must be in the lock, or npm refuses it; a registry may not have them to hash.
    """
    systems, processors = set(package.get("os", ["linux"])), set(package.get("cpu", ["x64"]))
    return bool("linux" in systems and processors & {"x64", "arm64"})


LOCKS = [
    "locks/build.txt",
    "locks/dev.txt",
    "locks/runtime.txt",
    "app/backend/requirements-dev.lock",
    "app/backend/requirements.lock",
    "app/frontend/package-lock.json",
]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_names_no_registry(lock):
    text = (ROOT / lock).read_text("utf-8")
    if lock.endswith(".json"):
        packages = {name: package for name, package in json.loads(text)["packages"].items() if name}
        assert packages
        unchecked = {name for name, package in packages.items() if not package.get("integrity")}
        assert {name for name in unchecked if reaches_the_image(packages[name])} == set()
        assert {name for name, package in packages.items() if "resolved" in package} == set()
    else:
        requirements = re.split(r"\n(?=[^\s#])", text.strip())
        assert [requirement for requirement in requirements if "--hash=sha256:" not in requirement] == []
        assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", text) == []


def test_the_npm_lock_names_the_optional_packages_of_every_platform():
    packages = json.loads((ROOT / "app/frontend/package-lock.json").read_text("utf-8"))["packages"]
    optional = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    present = {name.rpartition("node_modules/")[2] for name in packages}
    assert optional - present == set(), "run locks/complete_npm_lock.py"


def test_the_zipapp_has_one_version_of_each_package():
    names = re.findall(r"^([\w.-]+)==", (ROOT / "locks/runtime.txt").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(set(names)) == sorted(names)


def tracked():
    """Return the files that git has, or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    paths = {str(path).encode() for path in (ROOT, Path(sys.prefix), Path(sys.executable).resolve().parent)} - {
        b"/usr/bin"
    }
    found = {path.relative_to(ROOT).as_posix() for path in tracked() if any(map(path.read_bytes().count, paths))}
    assert found == set()


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{file.name}" for file in sorted((ROOT / "docs").glob("*.md")))])
def test_every_relative_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
