"""Watch an image archive pass by, and learn which image is in it."""

from __future__ import annotations

import json
import re
import tarfile

_BLOCK = tarfile.BLOCKSIZE
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


class ArchiveTap:
    """Reads what `docker save` of one image writes, chunk by chunk, keeping nothing but its small `manifest.json`.

    The archive names the image's config, whose digest is the same in every image store and container runtime
    (https://github.com/opencontainers/image-spec/blob/main/config.md), unlike Docker's image ID: that is the digest of
    a manifest where containerd stores the images.
    """

    def __init__(self) -> None:
        self.size = 0
        """Bytes seen so far."""
        self._header = b""
        self._body = 0  # bytes of the current member still to come, padding included
        self._manifest = bytearray()
        self._manifest_size = 0
        self._in_manifest = False
        self._ended = False

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk, of any length. Raises ValueError when it is no tar archive."""
        self.size += len(chunk)
        at = 0
        while at < len(chunk):
            if self._body:
                taken = min(self._body, len(chunk) - at)
                if self._in_manifest:
                    self._manifest += chunk[at : at + taken]
                self._body -= taken
            else:
                taken = min(_BLOCK - len(self._header), len(chunk) - at)
                self._header += chunk[at : at + taken]
                if len(self._header) == _BLOCK:
                    self._start_member()
            at += taken

    def config_digest(self) -> str:
        """Return the image's config digest, `sha256:…`. Raises ValueError when the archive did not tell one.

        Nor does one that was cut: a program that writes an archive may end well without having written all of it.
        """
        if not self._ended:
            raise ValueError("the image archive ends too early")
        try:
            entries = json.loads(self._manifest[: self._manifest_size])
            # `<digest>.json` until Docker 24, `blobs/sha256/<digest>` since 25.
            configs = {match[0] for entry in entries if (match := _HEX_DIGEST.search(entry["Config"]))}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError("the image archive has no readable `manifest.json`") from error
        if len(configs) != 1:
            raise ValueError(f"the image archive names {len(configs)} configs instead of one")
        return f"sha256:{configs.pop()}"

    def _start_member(self) -> None:
        header, self._header = self._header, b""
        try:
            member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            if not any(header):
                self._ended = True  # zeros are the end
                return
            raise ValueError("the image archive is damaged") from error
        self._in_manifest = member.name == "manifest.json"
        if self._in_manifest:
            self._manifest_size = member.size
        self._body = -(-member.size // _BLOCK) * _BLOCK
