"""Make `dist/todoctl.pyz`, the one file that a workshop host hands out. Needs Python >= 3.10, and nothing installed.

Everything comes from locked, hash-checked requirements and from what the lists below allow; the same sources give the
same bytes. Run again, it does only what has changed.
"""

from todoctl.startup import refuse, require_python

require_python()

import hashlib  # noqa: E402 - an old Python is told first
import os  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import venv  # noqa: E402
import zipfile  # noqa: E402
from pathlib import Path  # noqa: E402

from todoctl.images.fingerprint import sources  # noqa: E402
from todoctl.images.image import BUILT  # noqa: E402

ROOT = Path(__file__).resolve().parent
LIMIT = 6_000_000  # bytes: what a room full of people can fetch over one access point

# Packages without a pure-Python wheel that work without their compiled part, which is removed.
COMPILED_PART_OPTIONAL = {"pyyaml"}
# pywin32 is nothing but compiled; where it is missing, the docker command line serves instead of Docker's named pipe.
NOT_PORTABLE = {"pywin32"}
COMPILED = {".so", ".pyd", ".dylib", ".dll"}
# What an installed package has that is never imported. Licences and metadata stay.
NOT_SHIPPED = {"__pycache__", "bin", "tests", "RECORD", "WHEEL", "INSTALLER", "REQUESTED", "py.typed"}
NOT_SHIPPED_SUFFIXES = COMPILED | {".pyi", ".pyx", ".pxd", ".c", ".h", ".pyc"}

# Of the Kubernetes client, todoctl/adapters/kubeconfig.py alone takes something: the sign-in. The typed API and its
# models are 17 of its 17.5 MB, and each import of it loads them all; these files in place of its own let them go.
CLIENT_FILES = {
    "kubernetes/__init__.py": "",
    "kubernetes/client/models/__init__.py": "",
    "kubernetes/client/__init__.py": (
        "from kubernetes.client.api_client import ApiClient\n"
        "from kubernetes.client.configuration import Configuration\n"
    ),
}
CLIENT_NOTICE = "# Shortened for todoctl, which uses `kubernetes.config` and what that needs.\n"
CLIENT_KEPT = {"kubernetes/client", "kubernetes/config"}
# The time zones of the world: dateutil looks them up by name, which nothing here does.
UNUSED = {"tzdata"}

# What a developer's clone has beside the sources, and no ignore file may let in.
PRIVATE = re.compile(r"\.env.*|\.git|node_modules|\.next|__pycache__|\.venv")

PACKAGE_SUFFIXES = {".py"}
MANIFEST_SUFFIXES = {".yaml", ".json", ".tpl", ".txt", ".sql", ".conf", ".sh"}


def build(work: Path, out: Path) -> str:
    """Make the zipapp `out`, with what is worth keeping in `work`; return its SHA-256.

    Raises ValueError for what must not be in it, and subprocess.CalledProcessError where pip or shiv fail.
    """
    shipped = project_files()
    locks = [ROOT / "locks" / "build.txt", ROOT / "locks" / "runtime.txt"]
    inputs = digest(Path(__file__), *launcher(), *locks, *shipped.values())
    stamp = work / "zipapp.stamp"
    if out.is_file() and stamp.is_file() and stamp.read_text() == f"{inputs} {digest(out)}":
        return sha256(out)
    work.mkdir(parents=True, exist_ok=True)
    python = build_environment(work / "venv")
    staged = work / "staged"
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(dependencies(python, work / "dependencies"), staged)
    for name, source in shipped.items():
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, staged / name)
    packed = work / "shiv.pyz"
    pack(python, staged, packed)
    out.parent.mkdir(parents=True, exist_ok=True)
    finish(packed, out)
    if out.stat().st_size > LIMIT:
        raise ValueError(f"`{out}` has {out.stat().st_size:,} bytes, more than the limit of {LIMIT:,}")
    stamp.write_text(f"{inputs} {digest(out)}")
    return sha256(out)


def project_files() -> dict[str, Path]:
    """Return what the project itself puts into the archive: name there → file here.

    Raises ValueError for a link, and for what is nobody else's business.
    """
    payload = [
        *(ROOT / image.dockerfile for image in BUILT),
        *(ROOT / image.ignore_file for image in BUILT),
        *(ROOT / image.context / path for image in BUILT for path in sources(image, ROOT)),
        *allowed(ROOT / "bundled_manifests" / "chart", MANIFEST_SUFFIXES),
        *allowed(ROOT / "bundled_manifests" / "rendered", MANIFEST_SUFFIXES),
        ROOT / "docs" / "errors.md",
    ]
    files = {path.relative_to(ROOT).as_posix(): path for path in allowed(ROOT / "todoctl", PACKAGE_SUFFIXES)}
    files |= {f"todoctl/_payload/{path.relative_to(ROOT).as_posix()}": path for path in payload}
    if links := [str(path) for path in files.values() if path.is_symlink()]:
        raise ValueError(f"symbolic links cannot be shipped: {', '.join(links)}")
    if private := [name for name in files if any(map(PRIVATE.fullmatch, name.split("/")))]:
        raise ValueError(f"these are not to be shipped: {', '.join(private)}")
    return dict(sorted(files.items()))


def allowed(folder: Path, suffixes: set[str]) -> list[Path]:
    """Return the files below a folder that end in one of these, but for hidden ones."""
    files = (path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file())
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def launcher() -> list[Path]:
    """Return the files that go to the archive's root and run first."""
    return [*sorted((ROOT / "launcher").glob("*.py")), ROOT / "todoctl" / "startup.py"]


def build_environment(folder: Path) -> Path:
    """Return the interpreter of a virtual environment that has shiv, and nothing that the lock does not name."""
    lock = ROOT / "locks" / "build.txt"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "stamp"
    wanted = digest(lock) + sys.version
    if not stamp.is_file() or stamp.read_text() != wanted:
        try:
            venv.create(folder, clear=True, with_pip=True)
        except subprocess.CalledProcessError:
            refuse(
                "a virtual environment cannot be made",
                f"`{sys.executable} -m venv` failed",
                "install Python's venv module (`apt install python3-venv` on Debian), then run this again",
            )
        pip(python, "--no-deps", "--requirement", str(lock))
        stamp.write_text(wanted)
    return python


def dependencies(python: Path, folder: Path) -> Path:
    """Return a folder with the locked requirements as one tree that runs on every platform and supported Python."""
    lock = ROOT / "locks" / "runtime.txt"
    stamp = folder / "stamp"
    modules = folder / "modules"
    wanted = digest(lock, Path(__file__))
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # Any platform's wheel would do where the compiled part goes: one, so that each build machine takes the same.
        platforms = ("any", "manylinux2014_x86_64")
        for platform, requirements in zip(platforms, portable_requirements(lock.read_text("utf-8")), strict=True):
            listed = folder / f"{platform}.txt"
            listed.write_text(requirements, encoding="utf-8")
            wheels = ["--only-binary", ":all:", "--platform", platform, "--python-version", "3.10"]
            pip(python, "--no-deps", "--no-compile", *wheels, "--target", str(modules), "--requirement", str(listed))
        slim(modules)
        stamp.write_text(wanted)
    return modules


def portable_requirements(lock: str) -> tuple[str, str]:
    """Split a lock into requirements with pure-Python wheels, and those whose compiled part is optional.

    Markers go: one archive serves every platform, so it has what any of them needs.
    """
    pure: list[str] = []
    compiled: list[str] = []
    for requirement in re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", lock, flags=re.MULTILINE).strip()):
        name = re.match(r"[\w.-]+", requirement)
        if name is None:
            raise ValueError(f"not a requirement: {requirement}")
        if name[0] not in NOT_PORTABLE | UNUSED:
            unmarked = re.sub(r" ; [^\\]*", " ", requirement, count=1)
            (compiled if name[0] in COMPILED_PART_OPTIONAL else pure).append(unmarked)
    return "\n".join(pure) + "\n", "\n".join(compiled) + "\n"


def slim(modules: Path) -> None:
    """Remove from an installed tree what is never imported or cannot be on every platform."""
    for path in sorted(modules.rglob("*"), reverse=True):
        if path.name in NOT_SHIPPED and path.is_dir():
            shutil.rmtree(path)
        elif path.name in NOT_SHIPPED or path.suffix in NOT_SHIPPED_SUFFIXES or path.name.endswith("_test.py"):
            path.unlink()
    slim_kubernetes_client(modules)


def slim_kubernetes_client(modules: Path) -> None:
    """Leave of the Kubernetes client what signing in takes."""
    client = modules / "kubernetes"
    for folder in (path for path in client.iterdir() if path.is_dir()):
        if folder.relative_to(modules).as_posix() not in CLIENT_KEPT:
            shutil.rmtree(folder)
    for folder in (client / "client" / "api", client / "client" / "models"):
        shutil.rmtree(folder)
    for name, source in CLIENT_FILES.items():
        (modules / name).parent.mkdir(exist_ok=True)
        (modules / name).write_text(CLIENT_NOTICE + source, encoding="utf-8")


def pack(python: Path, staged: Path, out: Path) -> None:
    """Pack a folder with shiv, whose build id is a hash of all that is in it."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    options = ["--site-packages", str(staged), "--reproducible", "--entry-point", "todoctl.__main__:main"]
    command = [str(python), "-m", "shiv", *options, "--output-file", str(out)]
    subprocess.run(command, check=True, env=environment)


def finish(packed: Path, out: Path) -> None:
    """Write shiv's archive again with our launcher in place of its bootstrap, and nothing of this machine in it."""
    with zipfile.ZipFile(packed) as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if not name.startswith("_bootstrap/")}
    contents |= {path.name: path.read_bytes() for path in launcher()}
    partial = out.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name in sorted(contents):
                entry = zipfile.ZipInfo(name)  # of 1980-01-01, the first day that a zip file knows
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, contents[name])
    partial.chmod(0o755)
    partial.replace(out)


def pip(python: Path, *arguments: str) -> None:
    """Install hash-checked requirements with this interpreter's pip; it speaks only when it fails."""
    options = ["--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
    subprocess.run([str(python), "-m", "pip", *options, *arguments], check=True)


def digest(*files: Path) -> str:
    """Return a hash of files, their names included: it changes when any of them does."""
    return hashlib.sha256("\n".join(f"{file} {sha256(file)}" for file in files).encode()).hexdigest()


def sha256(file: Path) -> str:
    """Return a file's SHA-256 in hex digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> None:
    """Build into `dist/`, and say what came of it."""
    out = ROOT / "dist" / "todoctl.pyz"
    try:
        checksum = build(ROOT / "build", out)
    except subprocess.CalledProcessError as error:
        command = " ".join(error.cmd[1:4])
        refuse("the zipapp was not made", f"`{command}` exited {error.returncode}", "see what it said above")
    except (ValueError, OSError) as error:
        refuse("the zipapp was not made", str(error), "mend that, then run this again")
    sys.stdout.write(f"{out.relative_to(ROOT)}  {out.stat().st_size / 1e6:.2f} MB  sha256:{checksum}\n")


if __name__ == "__main__":
    main()
