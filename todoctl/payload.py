"""What todoctl brings along: the app's source, its Dockerfiles, the chart, the rendered manifests and errors.md."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_payload"  # build_zipapp.py puts it there


def root() -> Path:
    """Return the folder with `app/`, `dockerfiles/`, `bundled_manifests/` and `docs/`: the clone's, or the zipapp's."""
    return _BUNDLED if _BUNDLED.is_dir() else _PACKAGE.parent


def zipapp() -> Path:
    """Return the file with exactly this todoctl in it: the one that runs, or a clone's `dist/todoctl.pyz`.

    Raises LookupError, saying why, where there is none.
    """
    import sys
    import zipfile

    path = Path(sys.argv[0]) if _BUNDLED.is_dir() else _PACKAGE.parent / "dist" / "todoctl.pyz"
    try:
        with zipfile.ZipFile(path) as archive:
            prefix = f"site-packages/{_PACKAGE.name}/"
            names = {name.removeprefix(prefix) for name in archive.namelist() if name.startswith(prefix)}
            modules = {file.relative_to(_PACKAGE).as_posix() for file in _PACKAGE.rglob("*.py")}
            differs = not modules <= names or any(
                archive.read(prefix + name) != _source(name).read_bytes() for name in names
            )
    except (OSError, zipfile.BadZipFile) as error:
        raise LookupError(f"`{path}` cannot be read as one: {error}") from error
    if differs:
        raise LookupError(f"`{path}` is not of these sources")
    return path


def _source(name: str) -> Path:
    """Return where a file of the package is: in a clone, what the zipapp has in `_payload` is beside the package."""
    inside = f"{_BUNDLED.name}/"
    return root() / name.removeprefix(inside) if name.startswith(inside) else _PACKAGE / name
