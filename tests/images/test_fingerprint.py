import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from todoctl import payload
from todoctl.images.dockerignore import Dockerignore, files
from todoctl.images.fingerprint import fingerprint
from todoctl.images.image import BUILT


def of(sources, root: Path | None = None, **others) -> str:
    inputs = {"platform": "linux/amd64", "labels": {"version": "1"}, **others}
    return fingerprint(sources.image, root or sources.root, **inputs)


def rename(sources) -> None:
    (sources.root / "app/src/main.py").rename(sources.root / "app/src/main2.py")


CHANGES: dict[str, Callable] = {
    "the Dockerfile": lambda s: s.write("dockerfiles/app.Dockerfile", "FROM scratch\nCOPY src /\n"),
    "a file's content": lambda s: s.write("app/src/main.py", "print('hullo')\n"),
    "a file's line endings": lambda s: s.write("app/src/main.py", "print('hello')\r\n"),
    "a file's name": rename,
    "a file more": lambda s: s.write("app/src/new.py", ""),
    "a file less": lambda s: (s.root / "app/src/main.py").unlink(),
    "content moved from one file to the next": lambda s: (
        s.write("app/src/main.py", "x = 1\n"),
        s.write("app/src/deep/other.py", "print('hello')\n"),
    ),
    "a rule that lets more in": lambda s: s.write("dockerfiles/app.Dockerfile.dockerignore", "*\n!src\n!.env\n"),
}

NO_CHANGES: dict[str, Callable] = {
    "a file's times": lambda s: os.utime(s.root / "app/src/main.py", (1, 1)),
    "a file's mode": lambda s: (s.root / "app/src/main.py").chmod(0o755),
    "an ignored file": lambda s: s.write("app/.env", "SECRET=2\n"),
    "an ignored folder": lambda s: s.write("app/node_modules/x.js", ""),
    "an empty folder": lambda s: (s.root / "app/src/empty").mkdir(),
    "a comment in the ignore file": lambda s: s.write("dockerfiles/app.Dockerfile.dockerignore", "# why\n*\n!src\n"),
    "another part of the payload": lambda s: s.write("other/src/main.py", ""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_decides_the_image_changes_its_fingerprint(sources, change: Callable) -> None:
    before = of(sources)
    change(sources)
    assert of(sources) != before


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_what_does_not_decide_the_image_leaves_its_fingerprint(sources, change: Callable) -> None:
    before = of(sources)
    change(sources)
    assert of(sources) == before


def test_platform_and_labels_decide_the_image(sources) -> None:
    assert len({of(sources), of(sources, platform="linux/arm64"), of(sources, labels={"version": "2"})}) == 3


def test_a_label_cannot_pass_for_a_file(sources) -> None:
    assert of(sources, labels={"a": "b", "c": "d"}) != of(sources, labels={"a": 'b"], ["label", "c", "d'})


def test_the_order_of_labels_does_not_matter(sources) -> None:
    assert of(sources, labels={"a": "1", "b": "2"}) == of(sources, labels={"b": "2", "a": "1"})


def test_a_fingerprint_is_twelve_hex_digits_which_a_tag_may_be(sources) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", of(sources))


def test_a_copy_made_in_another_order_in_another_folder_has_the_same_fingerprint(sources, tmp_path: Path) -> None:
    for path in sorted(sources.root.rglob("*"), reverse=True):
        if path.is_file():
            copy = tmp_path / "another name" / path.relative_to(sources.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    assert of(sources, tmp_path / "another name") == of(sources)


@pytest.mark.parametrize("image", BUILT, ids=lambda image: image.name)
def test_the_apps_sources_have_the_same_fingerprint_after_a_trip_through_a_zip_file(image, tmp_path: Path) -> None:
    root = payload.root()
    with zipfile.ZipFile(tmp_path / "payload.zip", "w") as archive:
        for folder in ("dockerfiles", image.context):
            for path in files(root / folder, Dockerignore("**/node_modules\n**/.next\n**/.venv")):
                archive.write(root / folder / path, folder / path)
    with zipfile.ZipFile(tmp_path / "payload.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    inputs = {"platform": "linux/amd64", "labels": {}}
    assert fingerprint(image, tmp_path / "elsewhere", **inputs) == fingerprint(image, root, **inputs)


def test_no_source_of_an_image_is_executable_since_modes_do_not_reach_it() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", *(image.context for image in BUILT)],
        cwd=payload.root(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert listed.stdout
    assert [line for line in listed.stdout.splitlines() if not line.startswith("100644")] == []
