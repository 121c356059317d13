"""What differs between operating systems: the only room that may use what one of them alone has."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

WINDOWS = sys.platform == "win32"
MACOS = sys.platform == "darwin"
LINUX = sys.platform.startswith("linux")

_CREATE_NEW_PROCESS_GROUP = 0x00000200  # subprocess has the name on Windows only
_ENABLE_VIRTUAL_TERMINAL_PROCESSING = 0x0004  # wincon.h
_LOCKED_BYTE = 1 << 20  # Windows lets nobody read what is locked: a byte that no lock file is long enough to have


class HostSystem(Enum):
    """An operating system that todoctl runs on."""

    LINUX = "linux"
    DARWIN = "darwin"
    WINDOWS = "windows"
    WSL = "wsl"
    """Linux inside Windows; the browser is outside, on Windows."""


def host_system() -> HostSystem:
    """Return the one that this process runs on."""
    if is_wsl():
        return HostSystem.WSL
    if WINDOWS:
        return HostSystem.WINDOWS
    return HostSystem.DARWIN if MACOS else HostSystem.LINUX


def own_process_group() -> dict[str, Any]:
    """Return the arguments to `subprocess.Popen` that put a child, and what it starts, in a group of their own."""
    if WINDOWS:
        return {"creationflags": _CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


if sys.platform == "win32":

    def signal_group(leader: int, *, force: bool) -> None:
        """Not on Windows: there `taskkill /T` ends a tree."""
        raise NotImplementedError

    def lock(file: int) -> bool:
        """Lock an open file until it is closed or this process ends; False where another process has it locked.

        Raises OSError where it cannot be locked at all.
        """
        import msvcrt

        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EDEADLK}:
                raise
            return False
        return True

    def on_suspension(before: Callable[[], None], after: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG001
        """Do nothing: no key suspends a program on Windows."""
        return lambda: None

    def enable_controls(stream: TextIO) -> bool:
        """Have a console understand control sequences, as those before Windows 10 cannot; tell whether it does."""
        import msvcrt

        handle = msvcrt.get_osfhandle(stream.fileno())
        mode = ctypes.c_uint32()
        kernel = ctypes.windll.kernel32
        if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
            return False
        return bool(kernel.SetConsoleMode(handle, mode.value | _ENABLE_VIRTUAL_TERMINAL_PROCESSING))

else:

    def on_suspension(before: Callable[[], None], after: Callable[[], None]) -> Callable[[], None]:
        """Call `before` when Ctrl-Z suspends this process, `after` when it goes on; return what puts an end to that.

        They interrupt the main thread wherever it is, so they may wait for no lock. Where this is not called from that
        thread, or Ctrl-Z is ignored, nothing is done.
        """
        of_main_thread = threading.current_thread() is threading.main_thread()
        if not of_main_thread or signal.getsignal(signal.SIGTSTP) is not signal.SIG_DFL:
            return lambda: None

        def suspend(*_: object) -> None:
            before()
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)  # comes back when the process goes on
            signal.signal(signal.SIGTSTP, suspend)
            after()

        signal.signal(signal.SIGTSTP, suspend)

        def end() -> None:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)

        return end

    def enable_controls(stream: TextIO) -> bool:
        """Tell whether a terminal understands control sequences: here each one does."""
        return stream.isatty()

    def signal_group(leader: int, *, force: bool) -> None:
        """Ask every process of the group that `leader` leads to end (`force`: end it). An empty group is fine."""
        try:
            os.killpg(leader, signal.SIGKILL if force else signal.SIGTERM)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            return

    def lock(file: int) -> bool:
        """Lock an open file until it is closed or this process ends; False where another process has it locked.

        Raises OSError where it cannot be locked at all, as on some network file systems.
        """
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def keep_alive(connection: socket.socket) -> None:
    """Have the OS notice within a minute that the other end of a silent connection has gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # macOS calls the first one otherwise; what a system does not have keeps its default.
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPALIVE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def open_browser(url: str) -> bool:
    """Open a URL in the browser of the desktop, or the one that BROWSER names; tell whether there was one.

    A browser that runs in the terminal keeps the call until it is left.
    """
    import webbrowser

    if is_wsl() and "BROWSER" not in os.environ:
        # Windows' own: Linux's answer would be a browser in the terminal, if any.
        explorer = shutil.which("explorer.exe")
        return explorer is not None and webbrowser.BackgroundBrowser(explorer).open(url)
    desktop = MACOS or WINDOWS or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return desktop and webbrowser.open(url)


def is_root() -> bool:
    """Tell whether this process is root's; on Windows nobody is."""
    return sys.platform != "win32" and os.geteuid() == 0


def os_name() -> str:
    """Return what a person calls this operating system, such as `Debian GNU/Linux 12 (bookworm)` or `macOS 15.1`."""
    if MACOS:
        return f"macOS {platform.mac_ver()[0]}"
    if WINDOWS:
        return f"Windows {platform.release()}"
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return platform.system()


def architecture() -> str:
    """Return this machine's architecture as container images name it: `amd64`, `arm64`, or else as the OS says."""
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def is_wsl() -> bool:
    """Tell whether this Linux runs inside Windows (WSL 1 or 2)."""
    return LINUX and "microsoft" in platform.release().lower()


def cpu_count() -> int:
    """Return the number of CPUs that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _MemoryStatus(ctypes.Structure):
    # MEMORYSTATUSEX of the Windows API (sysinfoapi.h)
    _fields_ = [
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total_physical", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 6),
    ]


def memory_bytes() -> int:
    """Return the physical memory of this machine in bytes."""
    if sys.platform == "win32":
        status = _MemoryStatus()
        status.length = ctypes.sizeof(status)
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total_physical)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def disk_free_bytes(path: Path) -> int:
    """Return the bytes free for this user where `path` is, or would be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free
