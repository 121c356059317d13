"""The built zipapp, ways to run it, and copies of it that were tampered with."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def interpreter(version):
    """A Python of this version: from PATH, or one of pyenv's."""
    candidates = [f"python{version}", *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))]
    for candidate in candidates:
        try:
            subprocess.run([candidate, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return str(candidate)
    pytest.skip(f"needs Python {version}")
    return None


@pytest.fixture(scope="session")
def zipapp():
    subprocess.run([sys.executable, "build_zipapp.py"], cwd=ROOT, check=True)
    return ROOT / "dist" / "todoctl.pyz"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def start(cache):
    """Start a zipapp with a cache of its own; its output is collected."""

    def start(zipapp, *arguments, python=sys.executable, **environment):
        return subprocess.Popen(
            [python, str(zipapp), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(cache), **environment},
        )

    return start


@pytest.fixture
def run(start):
    """Run a zipapp to its end; return exit code, stdout and stderr."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return run


@pytest.fixture
def probe(zipapp, tmp_path):
    """Return a copy of the zipapp whose `main` is this source, as a build of its own."""

    def probe(source):
        copy = tmp_path / "todoctl.pyz"
        with zipfile.ZipFile(zipapp) as original, zipfile.ZipFile(copy, "w") as altered:
            for name in original.namelist():
                content = original.read(name)
                if name == "environment.json":
                    content = json.dumps(json.loads(content) | {"build_id": "probe"})
                if name == "site-packages/todoctl/__main__.py":
                    content = source
                altered.writestr(name, content)
        return copy

    return probe
