"""What `port-forward` reads and prints; the forwarding itself is replaced."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from todoctl.cli.main import main


@pytest.fixture
def asked(monkeypatch):
    """What the recipe was asked for; it forwards to the port asked for, or the part's own, and ends at once."""
    asked = []

    @contextmanager
    def port_forward(_installation, wanted):
        asked.extend((one.part, one.local_port) for one in wanted)
        yield [SimpleNamespace(port=one.local_port or 4000, wait=lambda: None) for one in wanted]

    monkeypatch.setattr("todoctl.recipes.forward.port_forward", port_forward)
    return asked


def run(capsys, *arguments):
    code = main(["port-forward", *arguments])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "wanted", "printed"),
    [
        ([], [("frontend", None)], "http://localhost:4000\n"),
        (["postgres:5433"], [("postgres", 5433)], "postgresql://localhost:5433\n"),
        (["backend", "--port", "9"], [("backend", 9)], "http://localhost:9\n"),
        (
            ["frontend:8080", "backend", "postgres:0"],
            [("frontend", 8080), ("backend", None), ("postgres", 0)],
            "frontend  http://localhost:8080\nbackend   http://localhost:4000\npostgres  postgresql://localhost:4000\n",
        ),
    ],
)
def test_parts_and_their_ports_are_read_and_each_url_is_printed(capsys, asked, words, wanted, printed):
    assert run(capsys, *words) == (0, printed, "")
    assert asked == wanted


def test_a_program_gets_each_part_with_its_port_and_url(capsys, asked):
    code, out, _ = run(capsys, "frontend:8080", "postgres", "-o", "json")
    assert code == 0
    assert json.loads(out)["data"] == {
        "forwards": [
            {"part": "frontend", "port": 8080, "url": "http://localhost:8080"},
            {"part": "postgres", "port": 4000, "url": "postgresql://localhost:4000"},
        ]
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["web"], "'web' is none of frontend, backend, postgres"),
        (["frontend:"], "'frontend:': the local port is a number up to 65535"),
        (["frontend:http"], "'frontend:http': the local port is a number up to 65535"),
        (["frontend:65536"], "'frontend:65536': the local port is a number up to 65535"),
        (["frontend", "frontend:1"], "'frontend' is there twice"),
        (["backend", "frontend", "--port", "80"], "name each part's own, as in `backend:80 frontend:81`"),
        (["backend:1", "--port", "80"], "name each part's own, as in `backend:80`"),
        (["postgres", "--open"], "--open has nothing to show of postgres"),
    ],
)
def test_bad_input_is_one_clear_error(capsys, asked, words, complaint):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert complaint in err
    assert asked == []


def opened() -> None:
    for thread in threading.enumerate():
        if thread.name == "open-browser":
            thread.join(20)


def test_the_first_page_is_opened_in_the_browser(capsys, asked, monkeypatch, tmp_path: Path):
    script = tmp_path / "browser.py"
    script.write_text(f"import pathlib, sys; pathlib.Path({str(tmp_path / 'opened')!r}).write_text(sys.argv[1])")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    assert run(capsys, "postgres", "backend:8080", "--open")[0] == 0
    opened()
    assert (tmp_path / "opened").read_text() == "http://localhost:8080"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a browser")
def test_where_there_is_no_browser_it_says_so_and_goes_on(capsys, asked, monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    code = main(["port-forward", "--open"])
    opened()
    out, err = capsys.readouterr()
    assert (code, out) == (0, "http://localhost:4000\n")
    assert err == "warning: there is no browser here that could be opened: go to http://localhost:4000 yourself\n"
