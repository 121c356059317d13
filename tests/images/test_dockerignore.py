import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from todoctl import payload
from todoctl.images.dockerignore import Dockerignore, files
from todoctl.images.image import BUILT, Image

TREE = (
    ".env",
    ".npmrc",
    "README.md",
    "app/api/route.ts",
    "app/node_modules/x/index.js",
    "app/page.tsx",
    "application/page.tsx",
    "docs/app/page.tsx",
    "lib/a.py",
    "lib/b.txt",
    "lib/deep/c.py",
    "node_modules/y/index.js",
    "package.json",
    "src/todo/__pycache__/main.pyc",
    "src/todo/main.py",
)
APP = ["app/api/route.ts", "app/node_modules/x/index.js", "app/page.tsx"]

TABLE = [
    ("nothing", "", list(TREE)),
    ("everything", "*", []),
    ("everything by **", "**", []),
    ("a comment and blank lines", "# *\n\n   \n*\n", []),
    ("a file", "*\n!package.json", ["package.json"]),
    ("a folder", "*\n!app", APP),
    ("a folder with slashes around it", "*\n!/app/", APP),
    ("a folder with a dot before it", "*\n!./app", APP),
    ("all below a folder", "*\n!app/**", APP),
    ("one level below a folder", "*\n!src/*", ["src/todo/__pycache__/main.pyc", "src/todo/main.py"]),
    ("a wildcard within a name", "*\n!lib/*.py", ["lib/a.py"]),
    ("an excluded folder anywhere", "*\n!app\n**/node_modules", APP[::2]),
    ("an excluded folder anywhere, with a slash", "*\n!src\n**/__pycache__/", ["src/todo/main.py"]),
    ("an excluded name anywhere", "*\n!lib\n**/*.py", ["lib/b.txt"]),
    ("the last match wins", "*\n**/node_modules\n!app", APP),
    ("an exception below an exclusion", "*\n!src\nsrc/todo\n!src/todo/main.py", ["src/todo/main.py"]),
    ("an exclusion in the middle", "**/app/**/index.js", [path for path in TREE if "app/node_modules" not in path]),
    ("an exclusion with a space before and after", "  *  \n  !  package.json  ", ["package.json"]),
    ("a byte order mark", "\N{BYTE ORDER MARK}*\n!package.json", ["package.json"]),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_context_holds_what_its_ignore_file_lets_in(tree: Path, text: str, expected: list[str]) -> None:
    assert [str(path) for path in files(tree, Dockerignore(text))] == expected


@pytest.mark.docker
@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_buildkit_lets_in_the_same(tree: Path, tmp_path: Path, text: str, expected: list[str]) -> None:
    assert buildkit_lets_in(tree, text, tmp_path) == expected


@pytest.mark.docker
@pytest.mark.parametrize("image", BUILT, ids=lambda image: image.name)
def test_buildkit_lets_in_the_same_of_the_apps_own_contexts(image: Image, tmp_path: Path) -> None:
    text = (payload.root() / image.ignore_file).read_text("utf-8")
    context = payload.root() / image.context
    ours = [str(path) for path in files(context, Dockerignore(text))]
    assert ours
    assert buildkit_lets_in(context, text, tmp_path) == ours


@pytest.mark.parametrize("image", BUILT, ids=lambda image: image.name)
def test_the_apps_own_contexts_hold_no_secrets_caches_or_tests(image: Image) -> None:
    ignore = Dockerignore((payload.root() / image.ignore_file).read_text("utf-8"))
    for unwanted in (
        ".env",
        ".env.local",
        "node_modules/x.js",
        ".next/x",
        ".git/config",
        "tests/x",
        "todo_backend/__pycache__/x.pyc",
    ):
        assert ignore.ignores(unwanted), unwanted


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("!**/page.tsx", "wildcard before its last part"),
        ("!*/page.tsx", "wildcard before its last part"),
        ("a?c", "beyond the ignore rules"),
        ("[ab]", "beyond the ignore rules"),
        ("a\\*", "beyond the ignore rules"),
        ("a**", "beyond the ignore rules"),
        ("../secrets", "beyond the ignore rules"),
        ("!", "beyond the ignore rules"),
        ("/", "beyond the ignore rules"),
    ],
)
def test_what_dockers_read_differently_is_refused_with_its_line(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Dockerignore(f"*\n{line}\n")
    assert str(caught.value).startswith("line 2: ")


def test_names_with_dots_are_no_parents() -> None:
    assert Dockerignore("a..b").ignores("a..b")


def test_an_ignored_folder_is_not_walked(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "link").symlink_to("nowhere")
    (tmp_path / "package.json").touch()
    assert [str(path) for path in files(tmp_path, Dockerignore("*\n!package.json"))] == ["package.json"]


def test_a_symbolic_link_that_is_let_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(ValueError, match="`link` is a symbolic link"):
        files(tmp_path, Dockerignore(""))


def buildkit_lets_in(context: Path, ignore: str, scratch: Path) -> list[str]:
    """Copy a whole context into an empty image, and list that image's files."""
    (scratch / "Dockerfile").write_text("FROM scratch\nCOPY . /context/\n")
    (scratch / "Dockerfile.dockerignore").write_text(ignore)
    argv = [
        "docker",
        "build",
        "--quiet",
        "--file",
        str(scratch / "Dockerfile"),
        "--output",
        "type=tar,dest=-",
        str(context),
    ]
    built = subprocess.run(argv, check=False, capture_output=True, env={**os.environ, "DOCKER_BUILDKIT": "1"})
    if built.returncode:
        # An empty context is not even a COPY.
        assert b"not found" in built.stderr or b"no such file" in built.stderr, built.stderr.decode()
        return []
    with tarfile.open(fileobj=io.BytesIO(built.stdout)) as archive:
        return sorted(member.name.removeprefix("context/") for member in archive if member.isfile())
