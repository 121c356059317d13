"""Download a file and its published checksum: all of it, proved to be what was published, or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from todoctl.deadline import Deadline
from todoctl.errors import PreflightError
from todoctl.mask import mask

SILENCE_SECONDS = 30.0
"""How long a server may say nothing."""
_CHUNK = 256 * 1024
_CHECKSUM_BYTES = 4096


class DownloadFailed(PreflightError):
    """The file could not be had."""

    def __init__(self, url: str, because: str, hint: str) -> None:
        super().__init__("download.failed", f"cannot download `{mask(url)}`", because=because, hint=hint)


class ChecksumMismatch(PreflightError):
    """What came is not what was published."""

    def __init__(self, url: str, published: str, found: str) -> None:
        super().__init__(
            "download.checksum",
            f"`{mask(url)}` is not what was published: it was thrown away",
            because=f"its SHA-256 is {found}, and its `.sha256` file says {published}",
            hint="try again; if it stays so, ask whoever runs the proxy or the mirror: something changes the file",
        )


def executable(
    url: str,
    target: Path,
    *,
    deadline: Deadline,
    progress: Callable[[int, int | None], None],
    extra_ca: Path | None = None,
) -> None:
    """Download `url` to `target`, as a program that can be run, if its SHA-256 is the one that `url`.sha256 has.

    `progress` gets the bytes so far and of all (None: the server does not say). Goes through the environment's
    proxies, and trusts the CAs of the PEM file `extra_ca` too. `target` is whole or untouched: what comes goes into a
    file beside it first. Raises DownloadFailed and ChecksumMismatch.
    """
    opener = _opener(url, extra_ca)
    published = _published(opener, f"{url}.sha256", deadline)
    partial = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix=".partial")
        partial = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            found = _fetch(opener, url, file, deadline, progress)
        if found != published:
            raise ChecksumMismatch(url, published, found)
        partial.chmod(0o755)
        partial.replace(target)
    except OSError as error:
        hint = f"see whether `{target.parent}` can be written, and has room"
        raise DownloadFailed(url, _said(error), hint) from error
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                partial.unlink()


def _published(opener: urllib.request.OpenerDirector, url: str, deadline: Deadline) -> str:
    """Return the checksum in a `.sha256` file: hexadecimal digits, and perhaps the file's name after them."""
    text = b""
    with _answer(opener, url, deadline) as answer:
        for chunk in _chunks(answer, url, deadline):
            text += chunk
            if len(text) >= _CHECKSUM_BYTES:
                break
    digest = re.match(r"\s*([0-9a-fA-F]{64})(?:\s|\Z)", text.decode("ascii", "replace"))
    if digest is None:
        raise DownloadFailed(url, "there is no SHA-256 in it", "is `--mirror` the root of a mirror of both sites?")
    return digest[1].lower()


def _fetch(
    opener: urllib.request.OpenerDirector,
    url: str,
    file: IO[bytes],
    deadline: Deadline,
    progress: Callable[[int, int | None], None],
) -> str:
    """Copy what `url` has into a file, and return its SHA-256."""
    digest = hashlib.sha256()
    done = 0
    with _answer(opener, url, deadline) as answer:
        length = answer.headers.get("Content-Length", "")
        size = int(length) if length.isdigit() else None
        for chunk in _chunks(answer, url, deadline):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            progress(done, size)
    if size is not None and done != size:
        raise DownloadFailed(url, f"it ended after {done} of {size} bytes", "try again")
    return digest.hexdigest()


def _answer(opener: urllib.request.OpenerDirector, url: str, deadline: Deadline) -> Any:
    with _reading(url):
        return opener.open(url, timeout=max(0.1, min(SILENCE_SECONDS, deadline.remaining())))


def _chunks(answer: Any, url: str, deadline: Deadline) -> Iterator[bytes]:
    """Yield what comes as it comes: to wait for a whole chunk of a trickle would be to wait for as long as it likes."""
    while True:
        with _reading(url):
            chunk = answer.read1(_CHUNK)
        if not chunk:
            return
        if deadline.expired():
            raise DownloadFailed(url, "it did not end in time", "give it more with `--timeout`")
        yield chunk


@contextlib.contextmanager
def _reading(url: str) -> Iterator[None]:
    """Turn what a connection raises into DownloadFailed."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        hint = "see whether a browser can, or name a mirror with `--mirror`"
        raise DownloadFailed(url, f"the server answered {error.code} {error.reason}", hint) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        hint = "see whether this machine reaches it (HTTPS_PROXY, TODOCTL_EXTRA_CA), or name a mirror with `--mirror`"
        raise DownloadFailed(url, _said(error), hint) from error


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follow no redirect from https to what anybody on the way may change."""

    def redirect_request(self, req: Any, *rest: Any) -> Any:
        target = rest[-1]
        if req.full_url.startswith("https:") and not target.startswith("https:"):
            raise urllib.error.URLError(f"it leads from https to `{target}`")
        return super().redirect_request(req, *rest)


def _opener(url: str, extra_ca: Path | None) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if extra_ca is not None:
        try:
            context.load_verify_locations(extra_ca)
        except (OSError, ssl.SSLError) as error:
            hint = "let TODOCTL_EXTRA_CA name a PEM file with certificates"
            raise DownloadFailed(url, f"`{extra_ca}` cannot be used: {_said(error)}", hint) from error
    return urllib.request.build_opener(_NoDowngrade, urllib.request.HTTPSHandler(context=context))


def _said(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    said = getattr(reason, "strerror", None) or reason
    return " ".join(str(said).split()) or type(error).__name__
