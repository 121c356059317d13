"""What is in the zipapp, what must not be, and that the same sources give the same bytes."""

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build_zipapp

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(zipapp):
    with zipfile.ZipFile(zipapp) as archive:
        return archive.namelist()


def test_two_builds_have_the_same_bytes(zipapp, tmp_path):
    out = tmp_path / "elsewhere" / "again.pyz"
    source = "import sys, pathlib, build_zipapp; build_zipapp.build(*map(pathlib.Path, sys.argv[1:]))"
    command = [sys.executable, "-c", source, str(tmp_path / "work"), str(out)]
    environment = {**os.environ, "TZ": "Pacific/Apia", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment, umask=0o077)
    assert out.read_bytes() == zipapp.read_bytes()


def test_a_build_with_nothing_to_do_does_nothing(zipapp):
    before = zipapp.stat().st_mtime_ns
    done = subprocess.run([sys.executable, "build_zipapp.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert zipapp.stat().st_mtime_ns == before
    size = zipapp.stat().st_size / 1e6
    assert done.stdout == f"dist/todoctl.pyz  {size:.2f} MB  sha256:{build_zipapp.sha256(zipapp)}\n"


def test_it_is_one_small_executable_file_for_any_python3(zipapp):
    assert zipapp.stat().st_size <= 6_000_000
    assert zipapp.stat().st_mode & stat.S_IXOTH
    assert zipapp.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_nothing_in_it_is_compiled(names):
    assert [name for name in names if Path(name).suffix in {".so", ".pyd", ".dll", ".dylib", ".pyc"}] == []


def test_it_has_the_libraries_of_the_lock_and_their_licences(names):
    folders = {name.split("/")[1] for name in names if name.startswith("site-packages/")}
    assert folders >= {"todoctl", "click", "docker", "yaml", "requests", "urllib3", "websocket", "platformdirs", "idna"}
    assert {folder for folder in folders if folder.endswith(".dist-info")} == {
        name.split("/")[1] for name in names if name.endswith("/METADATA")
    }
    assert len([name for name in names if "/licenses/" in name]) >= 8


def test_it_carries_what_install_needs_and_nothing_of_a_developers(names):
    payload = {name.removeprefix("site-packages/todoctl/_payload/") for name in names if "/_payload/" in name}
    assert payload >= {
        "dockerfiles/backend.Dockerfile",
        "dockerfiles/backend.Dockerfile.dockerignore",
        "dockerfiles/frontend.Dockerfile",
        "app/backend/requirements.lock",
        "app/frontend/package-lock.json",
        "bundled_manifests/chart/Chart.yaml",
        "bundled_manifests/rendered/development.yaml",
    }
    assert {path.split("/")[0] for path in payload} == {"app", "dockerfiles", "bundled_manifests", "docs"}
    assert [path for path in payload if path.startswith("docs/")] == ["docs/errors.md"]
    listed = subprocess.run(["git", "ls-files", "--others", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    ignored = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        input=listed.stdout,
    )
    assert payload & set(ignored.stdout.split("\0")) == set()
    assert [path for path in payload if "/tests/" in path] == []


def test_paths_are_short_enough_for_windows(names):
    folder = r"C:\Users\A name of twenty ch\AppData\Local\todoctl\builds\0123456789abcdef"
    unpacked = [name.removeprefix("site-packages") for name in names]
    assert max(len(folder + name) for name in unpacked) < 260  # MAX_PATH, which many machines still have


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A project in miniature."""
    for path in (
        "dockerfiles/backend.Dockerfile",
        "dockerfiles/frontend.Dockerfile",
        "bundled_manifests/chart/values.yaml",
        "bundled_manifests/rendered/development.yaml",
        "docs/errors.md",
        "todoctl/__init__.py",
        "app/backend/main.py",
        "app/frontend/package.json",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    for image in ("backend", "frontend"):
        (tmp_path / f"dockerfiles/{image}.Dockerfile.dockerignore").write_text("secret.txt\n")
    monkeypatch.setattr(build_zipapp, "ROOT", tmp_path)
    return tmp_path


def test_ignore_files_and_hidden_files_stay_out(clone):
    (clone / "app/backend/secret.txt").touch()
    (clone / "bundled_manifests/chart/.secret.yaml").touch()
    (clone / "todoctl/notes.md").touch()
    assert list(build_zipapp.project_files()) == [
        "todoctl/__init__.py",
        "todoctl/_payload/app/backend/main.py",
        "todoctl/_payload/app/frontend/package.json",
        "todoctl/_payload/bundled_manifests/chart/values.yaml",
        "todoctl/_payload/bundled_manifests/rendered/development.yaml",
        "todoctl/_payload/dockerfiles/backend.Dockerfile",
        "todoctl/_payload/dockerfiles/backend.Dockerfile.dockerignore",
        "todoctl/_payload/dockerfiles/frontend.Dockerfile",
        "todoctl/_payload/dockerfiles/frontend.Dockerfile.dockerignore",
        "todoctl/_payload/docs/errors.md",
    ]


@pytest.mark.parametrize("private", [".env", ".env.local", "node_modules/a/b.js", ".next/cache", "x/__pycache__/y.pyc"])
def test_what_an_ignore_file_lets_in_by_mistake_is_refused(clone, private):
    path = clone / "app/frontend" / private
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with pytest.raises(ValueError, match="not to be shipped"):
        build_zipapp.project_files()


@pytest.mark.parametrize(
    ("lock", "pure", "compiled"),
    [
        ("click==8 \\\n    --hash=sha256:ab\n    # via todoctl\n", "click==8 \\\n    --hash=sha256:ab\n", "\n"),
        (
            "colorama==1 ; sys_platform == 'win32' \\\n    --hash=sha256:ab\nidna==3 \\\n    --hash=sha256:cd\n",
            "colorama==1 \\\n    --hash=sha256:ab\nidna==3 \\\n    --hash=sha256:cd\n",
            "\n",
        ),
        ("pywin32==312 ; sys_platform == 'win32' \\\n    --hash=sha256:ab\n", "\n", "\n"),
        ("pyyaml==6 \\\n    --hash=sha256:ab\n", "\n", "pyyaml==6 \\\n    --hash=sha256:ab\n"),
    ],
)
def test_a_lock_becomes_one_set_of_requirements_for_every_platform(lock, pure, compiled):
    assert build_zipapp.portable_requirements(lock) == (pure, compiled)
