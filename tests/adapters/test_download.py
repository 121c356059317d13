"""Downloads from a server on this machine, which misbehaves in every way that we can think of."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import itertools
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from todoctl.adapters import download
from todoctl.adapters.download import ChecksumMismatch, DownloadFailed
from todoctl.deadline import Deadline

PROGRAM = b"#!/bin/sh\necho v9.9.9\n" + bytes(1_000_000)
DIGEST = hashlib.sha256(PROGRAM).hexdigest()


class Site(http.server.BaseHTTPRequestHandler):
    """Serves `files`; a value may also be a function that answers by itself."""

    files: dict
    seen: list[str]

    def do_GET(self):
        self.seen.append(self.path)
        content = self.files.get(self.path)
        if callable(content):
            content(self)
        elif content is None:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):  # a client that has heard enough
                self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(files, context=None):
    handler = type("Handler", (Site,), {"files": files, "seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http{'s' if context else ''}://localhost:{server.server_port}", handler.seen
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def fetch(url, target, deadline=None, **options):
    told = []
    download.executable(
        url,
        target,
        deadline=deadline or Deadline(60),
        progress=lambda done, size: told.append((done, size)),
        **options,
    )
    return told


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("published", [DIGEST, DIGEST.upper() + "\n", f"{DIGEST}  tool\n"])
def test_a_file_with_the_published_checksum_becomes_a_program(tmp_path: Path, published: str) -> None:
    with serving({"/tool": PROGRAM, "/tool.sha256": published.encode()}) as (url, seen):
        told = fetch(f"{url}/tool", tmp_path / "bin" / "tool")
    assert seen == ["/tool.sha256", "/tool"]
    assert (tmp_path / "bin" / "tool").read_bytes() == PROGRAM
    assert left(tmp_path / "bin") == ["tool"]
    assert told[-1] == (len(PROGRAM), len(PROGRAM))
    if os.name == "posix":
        assert (tmp_path / "bin" / "tool").stat().st_mode & 0o777 == 0o755


def test_a_wrong_checksum_is_refused_with_nothing_left(tmp_path: Path) -> None:
    with serving({"/tool": PROGRAM, "/tool.sha256": b"0" * 64}) as (url, _), pytest.raises(ChecksumMismatch) as caught:
        fetch(f"{url}/tool", tmp_path / "tool")
    assert caught.value.what == f"`{url}/tool` is not what was published: it was thrown away"
    assert DIGEST in str(caught.value.because)
    assert left(tmp_path) == []


def test_a_program_that_was_there_stays_when_the_new_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(b"old")
    with serving({"/tool": PROGRAM, "/tool.sha256": b"0" * 64}) as (url, _), pytest.raises(ChecksumMismatch):
        fetch(f"{url}/tool", tmp_path / "tool")
    assert (tmp_path / "tool").read_bytes() == b"old"
    assert left(tmp_path) == ["tool"]


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(PROGRAM)))
    handler.end_headers()
    handler.wfile.write(PROGRAM[:300_000])
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def slow(handler):
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(bytes(100_000))


def trickle(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "4000")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(200):
            handler.wfile.write(b"0")
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ({}, "the server answered 404 Not Found"),
        ({"/tool.sha256": DIGEST.encode()}, "the server answered 404 Not Found"),
        ({"/tool.sha256": b"<html>", "/tool": PROGRAM}, "there is no SHA-256 in it"),
        ({"/tool.sha256": DIGEST.encode()[:-1], "/tool": PROGRAM}, "there is no SHA-256 in it"),
        ({"/tool.sha256": DIGEST.encode() + b"0", "/tool": PROGRAM}, "there is no SHA-256 in it"),
        ({"/tool.sha256": DIGEST.encode(), "/tool": cut}, "it ended after 300000 of 1000022 bytes"),
    ],
    ids=["no checksum", "no file", "a page", "too short", "too long", "cut off"],
)
def test_what_fails_says_why_and_leaves_nothing(tmp_path: Path, files, because: str) -> None:
    with serving(files) as (url, _), pytest.raises(DownloadFailed) as caught:
        fetch(f"{url}/tool", tmp_path / "tool")
    assert caught.value.because == because
    assert caught.value.hint
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "files",
    [
        {"/tool.sha256": DIGEST.encode(), "/tool": slow},
        {"/tool.sha256": DIGEST.encode(), "/tool": trickle},
        {"/tool.sha256": trickle, "/tool": PROGRAM},
    ],
    ids=["endless", "a trickle", "a trickling checksum"],
)
def test_what_does_not_end_in_time_says_so_and_leaves_nothing(tmp_path: Path, files) -> None:
    looks = itertools.count()
    deadline = Deadline(20, clock=lambda: float(next(looks)))  # a second for each look at it
    with serving(files) as (url, _), pytest.raises(DownloadFailed) as caught:
        fetch(f"{url}/tool", tmp_path / "tool", deadline)
    assert caught.value.because == "it did not end in time"
    assert left(tmp_path) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    with serving({"/tool": PROGRAM, "/tool.sha256": DIGEST.encode()}) as (url, _), pytest.raises(KeyboardInterrupt):
        download.executable(f"{url}/tool", tmp_path / "tool", deadline=Deadline(20), progress=interrupt)
    assert left(tmp_path) == []


def test_a_server_that_is_not_there_and_a_folder_that_cannot_be_are_told(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed) as caught:
        fetch("http://127.0.0.1:9/tool", tmp_path / "tool")
    assert caught.value.because == "Connection refused"
    (tmp_path / "file").write_text("")
    with (
        serving({"/tool": PROGRAM, "/tool.sha256": DIGEST.encode()}) as (url, _),
        pytest.raises(DownloadFailed) as caught,
    ):
        fetch(f"{url}/tool", tmp_path / "file" / "tool")
    assert caught.value.hint == f"see whether `{tmp_path / 'file'}` can be written, and has room"


def test_a_folder_on_this_machine_is_a_mirror_too(tmp_path: Path) -> None:
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "tool").write_bytes(PROGRAM)
    (tmp_path / "usb" / "tool.sha256").write_text(DIGEST)
    fetch((tmp_path / "usb" / "tool").as_uri(), tmp_path / "tool")
    assert (tmp_path / "tool").read_bytes() == PROGRAM


def test_the_environments_proxy_is_used_and_no_proxy_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a proxy is asked for is the whole URL; a host that does not resolve is no matter to its client.
    site = "http://dl.invalid"
    files = {f"{site}/tool": PROGRAM, f"{site}/tool.sha256": DIGEST.encode()}
    with serving(files) as (proxy, seen):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        fetch(f"{site}/tool", tmp_path / "tool")
        assert seen == [f"{site}/tool.sha256", f"{site}/tool"]
        monkeypatch.setenv("NO_PROXY", ".invalid")
        monkeypatch.setenv("no_proxy", ".invalid")
        with pytest.raises(DownloadFailed):
            fetch(f"{site}/tool", tmp_path / "tool")
        assert len(seen) == 2


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for localhost that nobody but its own file vouches for, and the server's side of it."""
    folder = tmp_path_factory.mktemp("ca")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    made = [*command.split(), "-keyout", folder / "key.pem", "-out", folder / "ca.pem"]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return folder / "ca.pem", context


def test_a_ca_that_is_named_is_trusted_and_no_other(tmp_path: Path, authority) -> None:
    ca, context = authority
    with serving({"/tool": PROGRAM, "/tool.sha256": DIGEST.encode()}, context) as (url, _):
        with pytest.raises(DownloadFailed, match="cannot download") as caught:
            fetch(f"{url}/tool", tmp_path / "tool")
        assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.because)
        fetch(f"{url}/tool", tmp_path / "tool", extra_ca=ca)
    assert (tmp_path / "tool").read_bytes() == PROGRAM
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(DownloadFailed) as caught:
        fetch("https://localhost:9/tool", tmp_path / "tool", extra_ca=tmp_path / "no.pem")
    assert str(tmp_path / "no.pem") in str(caught.value.because)


def test_no_redirect_leads_out_of_tls(tmp_path: Path, authority) -> None:
    ca, context = authority

    def moved(handler):
        handler.send_response(302)
        handler.send_header("Location", f"{plain}/tool.sha256")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    files = {"/tool": PROGRAM, "/tool.sha256": DIGEST.encode()}
    with serving(files) as (plain, seen), serving({**files, "/tool.sha256": moved}, context) as (url, _):
        with pytest.raises(DownloadFailed) as caught:
            fetch(f"{url}/tool", tmp_path / "tool", extra_ca=ca)
        assert caught.value.because == f"it leads from https to `{plain}/tool.sha256`"
        assert seen == []


def test_a_redirect_within_tls_is_followed(tmp_path: Path, authority) -> None:
    ca, context = authority

    def moved(handler):
        handler.send_response(302)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    files = {"/tool": moved, "/elsewhere": PROGRAM, "/tool.sha256": DIGEST.encode()}
    with serving(files, context) as (url, seen):
        fetch(f"{url}/tool", tmp_path / "tool", extra_ca=ca)
    assert seen == ["/tool.sha256", "/tool", "/elsewhere"]
    assert (tmp_path / "tool").read_bytes() == PROGRAM


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_a_downloaded_program_is_found_after_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from todoctl.adapters import process

    monkeypatch.setattr(process, "tools_folder", lambda: tmp_path / "data")
    (tmp_path / "path").mkdir()
    with serving({"/tool": PROGRAM, "/tool.sha256": DIGEST.encode()}) as (url, _):
        fetch(f"{url}/tool", tmp_path / "data" / "tool9")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}{os.pathsep}/bin{os.pathsep}/usr/bin")
    assert process.which("tool9") == tmp_path / "data" / "tool9"
    (tmp_path / "data" / "tool9").write_text("#!/bin/sh\necho v9.9.9\n")
    assert process.run(["tool9"], deadline=Deadline(10)).stdout == "v9.9.9\n"
    # What it starts finds it as well.
    assert process.run(["sh", "-c", "tool9"], deadline=Deadline(10)).stdout == "v9.9.9\n"
    (tmp_path / "path" / "tool9").write_text("#!/bin/sh\necho v1\n")
    (tmp_path / "path" / "tool9").chmod(0o755)
    assert process.run(["tool9"], deadline=Deadline(10)).stdout == "v1\n"
