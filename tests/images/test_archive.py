import io
import json
import subprocess
import tarfile

import pytest

from todoctl.images.archive import ArchiveTap

DIGEST = "ab" * 32


def archive(config: str, *, layer: int = 700, entries: int = 1, format_: int = tarfile.PAX_FORMAT) -> bytes:
    """An image archive as `docker save` shapes it, with one layer of so many bytes."""
    manifest = [{"Config": config, "RepoTags": ["todo:1"], "Layers": ["l/layer.tar"]}]
    manifest += [{"Config": "cd" * 32 + ".json", "RepoTags": ["todo:2"], "Layers": []}] * (entries - 1)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=format_) as tar:
        for name, content in (
            ("l/layer.tar", b"manifest.json" * (layer // 13)),
            # A name too long for a plain header comes in a record of its own.
            ("x" * 80 + "/" + "y" * 80, b"{}"),
            ("manifest.json", json.dumps(manifest).encode()),
            ("repositories", b"{}"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def tapped(content: bytes, size: int) -> ArchiveTap:
    tap = ArchiveTap()
    for start in range(0, len(content), size):
        tap.feed(content[start : start + size])
    return tap


@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 4096, 1 << 20])
@pytest.mark.parametrize("config", [f"{DIGEST}.json", f"blobs/sha256/{DIGEST}"], ids=["docker 24", "docker 25"])
def test_the_config_digest_is_read_from_chunks_of_any_length(size: int, config: str) -> None:
    tap = tapped(archive(config), size)
    assert tap.config_digest() == f"sha256:{DIGEST}"
    assert tap.size == len(archive(config))


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("layer", [13, 511, 512, 5000])
def test_every_tar_format_and_padding_is_read(format_: int, layer: int) -> None:
    content = archive(f"{DIGEST}.json", layer=layer, format_=format_)
    assert tapped(content, 1000).config_digest() == f"sha256:{DIGEST}"


def test_an_archive_without_a_manifest_tells_no_digest() -> None:
    with pytest.raises(ValueError, match=r"no readable `manifest.json`"):
        tapped(bytes(2 * tarfile.BLOCKSIZE), 512).config_digest()


@pytest.mark.parametrize("last", ["nothing", "a part of the manifest", "the manifest", "all but the end"])
def test_an_archive_that_was_cut_tells_no_digest(last: str) -> None:
    content = archive(f"{DIGEST}.json")
    lengths = {
        "nothing": 0,
        "a part of the manifest": content.index(b'"RepoTags"'),
        "the manifest": content.index(b"repositories"),
        "all but the end": len(content.rstrip(b"\0")),
    }
    with pytest.raises(ValueError, match="ends too early"):
        tapped(content[: lengths[last]], 512).config_digest()


def test_an_archive_of_two_images_tells_no_digest() -> None:
    with pytest.raises(ValueError, match="names 2 configs"):
        tapped(archive(f"{DIGEST}.json", entries=2), 512).config_digest()


def test_what_is_no_archive_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="damaged"):
        ArchiveTap().feed(b"Error response from daemon: " * 100)


@pytest.mark.docker
def test_the_digest_from_a_real_archive_is_the_classic_stores_image_id() -> None:
    info = subprocess.run(["docker", "info", "-f", "{{.DriverStatus}}"], check=True, capture_output=True, text=True)
    if "io.containerd.snapshotter" in info.stdout:
        pytest.skip("this engine's image IDs are no config digests")
    inspected = subprocess.run(
        ["docker", "image", "inspect", "-f", "{{.Id}}", "python:3.12-slim"], check=True, capture_output=True, text=True
    )
    tap = ArchiveTap()
    with subprocess.Popen(["docker", "save", "python:3.12-slim"], stdout=subprocess.PIPE) as saved:
        assert saved.stdout
        while chunk := saved.stdout.read(100_000):
            tap.feed(chunk)
    assert tap.config_digest() == inspected.stdout.strip()
    assert len(tap._manifest) < 4096
