"""Start todoctl from todoctl.pyz: unpack it once into a cache folder, then run it from there, on its own modules alone.

This stands in for shiv's bootstrap and reads the archive that shiv wrote. It starts faster, keeps the host's packages
out, works where the home folder cannot be written, and removes what older builds have left.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from startup import end_interrupted, refuse  # type: ignore[import-not-found]

KEPT_BUILDS = 3
UNUSED_AFTER = 24 * 60 * 60  # seconds
BUILD_ID_LENGTH = 16  # hex digits: enough to tell builds apart, short for the path lengths of Windows


def main() -> None:
    """Run todoctl, and end this process with its exit code."""
    try:
        isolate(unpacked(Path(__file__).absolute().parent))
        from todoctl.__main__ import main as run

        sys.exit(run())
    except KeyboardInterrupt:
        end_interrupted()


def unpacked(archive: Path) -> Path:
    """Return the folder with the archive's modules; the first run of a build makes it."""
    # By the loader's own spelling of the path, which keeps the `./` that the file may have been called with.
    loader = __loader__  # type: ignore[name-defined]
    environment = json.loads(loader.get_data(os.path.join(loader.archive, "environment.json")))  # noqa: PTH118
    try:
        folder: Path = cache() / environment["build_id"][:BUILD_ID_LENGTH]
        if os.path.isdir(folder):  # noqa: PTH112 - Path's raises where the folder above cannot be read
            with suppress(OSError):  # someone else's, and good enough to read
                os.utime(folder)  # its age is the time since it was last used
        else:
            unpack(archive, folder)
            with suppress(OSError):
                remove_unused(folder.parent)
    except OSError as error:
        return unpacked_for_this_run(archive, error)
    # PYTHONDONTWRITEBYTECODE keeps source trees clean. This is a cache: bytecode halves each start from it.
    sys.dont_write_bytecode = False
    return folder


def unpacked_for_this_run(archive: Path, unwritable: OSError) -> Path:
    """Unpack into a temporary folder, which goes when this process ends; `unwritable` says why not into the cache."""
    import atexit
    import shutil
    import tempfile

    try:
        folder = Path(tempfile.mkdtemp(prefix="todoctl-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        unpack(archive, folder / "modules")
    except OSError as error:
        refuse(
            "todoctl cannot be unpacked",
            f"{unwritable}; {error}",
            "name a folder with 20 MB to spare in `XDG_CACHE_HOME` or `TMPDIR`",
        )
    return folder / "modules"


def cache() -> Path:
    """Return the folder with one folder a build: in the platform's for caches, or in the one that shiv's users name.

    Raises OSError where this user has no home folder.
    """
    if named := os.environ.get("SHIV_ROOT"):
        return Path(named) / "todoctl"  # other zipapps have theirs beside it
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(base).expanduser() / "todoctl" / "builds"
    except RuntimeError as error:
        raise OSError(str(error)) from error


def unpack(archive: Path, folder: Path) -> None:
    """Put the archive's modules into `folder`, whole or not at all, also when several processes do at once."""
    import shutil  # these are slow to load, and the first run alone needs them
    import tempfile
    import zipfile
    import zlib

    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent))
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(staging, [name for name in opened.namelist() if name.startswith("site-packages/")])
        try:
            (staging / "site-packages").rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, and made the same
                raise
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        refuse(f"`{archive.name}` is damaged", str(error), "fetch it again, and compare its SHA-256 with its maker's")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def remove_unused(builds: Path) -> None:
    """Remove builds that nobody has started for a day, but for the newest three; what is not ours stays."""
    import re
    import shutil
    import time

    ours = re.compile(rf"[0-9a-f]{{{BUILD_ID_LENGTH}}}|\.(unpacking|removing)-.+")
    age = {folder: folder.stat().st_mtime for folder in builds.iterdir() if ours.fullmatch(folder.name)}
    for folder in sorted(age, key=lambda folder: age[folder])[:-KEPT_BUILDS]:
        if age[folder] < time.time() - UNUSED_AFTER:
            # Renamed first, it is never half there for who starts it now.
            doomed = folder.rename(folder.with_name(f".removing-{folder.name}"))
            shutil.rmtree(doomed, ignore_errors=True)


def isolate(modules: Path) -> None:
    """Leave two places to import from: the standard library, and `modules`.

    Everything else (PYTHONPATH, site-packages, user site, `.pth` lines, editable installs) belongs to the host: it
    could shadow a module, or hide that one is missing from the archive.
    """
    standard = os.path.dirname(os.__file__)  # noqa: PTH120 - a string, as sys.path has it
    compiled = {"lib-dynload", "DLLs", f"python{sys.version_info[0]}{sys.version_info[1]}.zip"}
    sys.path[:] = [entry for entry in sys.path if os.path.basename(entry) in compiled] + [standard, str(modules)]  # noqa: PTH119
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if (finder if isinstance(finder, type) else type(finder)).__module__.startswith("_frozen_importlib")
    ]
