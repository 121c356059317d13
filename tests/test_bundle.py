"""The bundle's bytes: what is written is read back, and any bit that turned is noticed. Made-up members, real files."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import tarfile
from pathlib import Path

import pytest

from todoctl import bundle
from todoctl.bundle import Entry, Index
from todoctl.errors import ArchiveError, PreflightError, UsageError

RANDOM = random.Random(7)  # noqa: S311 - no secret
ZIPAPP, IMAGE = RANDOM.randbytes(1000), RANDOM.randbytes(700_001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made(tmp_path / "t.bundle")
    return tmp_path / "t.bundle"


def made(path: Path) -> Index:
    with bundle.creating(path) as writer:
        with writer.member(bundle.ZIPAPP) as member:
            member.write(ZIPAPP)
        with writer.member("images/todo-backend-1.tar") as member:
            member.write(IMAGE[:300_000])
            member.write(IMAGE[300_000:])
            member.references, member.config = ("todo-backend:1",), "sha256:" + "a" * 64
        return writer.close(todoctl="9.9.9", platform="linux/amd64")


def verified(path: Path) -> Index:
    with bundle.opened(path) as found:
        found.verify()
        return found.index


def test_what_was_written_is_read_back(path: Path) -> None:
    index = verified(path)
    assert (index.todoctl, index.platform) == ("9.9.9", "linux/amd64")
    zipapp, image = index.entries
    assert zipapp == Entry(bundle.ZIPAPP, len(ZIPAPP), hashlib.sha256(ZIPAPP).hexdigest())
    assert (image.size, image.sha256) == (len(IMAGE), hashlib.sha256(IMAGE).hexdigest())
    assert index.images == (image,)
    with bundle.opened(path) as found:
        assert b"".join(found.chunks(image)) == IMAGE
        assert b"".join(found.chunks(zipapp)) == ZIPAPP


def test_the_same_members_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    made(tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_it_is_a_tar_archive_whose_index_comes_first_and_whose_sums_hold(path: Path, tmp_path: Path) -> None:
    with tarfile.open(path) as archive:
        names = archive.getnames()
        index = archive.extractfile(bundle.INDEX)
        assert index is not None
        assert json.load(index)["format"] == bundle.FORMAT
    assert names == [bundle.INDEX, bundle.ZIPAPP, "images/todo-backend-1.tar", bundle.SUMS]
    subprocess.run(["tar", "-xf", str(path), "-C", str(tmp_path)], check=True)
    subprocess.run(["sha256sum", "--check", "--strict", bundle.SUMS], check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / bundle.ZIPAPP).stat().st_mode & 0o100


def test_a_bit_that_turned_anywhere_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    # Every kind of place: headers, index, its filling, members, the zeros between them, sums, the end; and some more.
    places = [0, 100, 148, 512, 900, 60_000, 66_047, 66_048, 66_600, 67_500, 67_584, 68_100, len(whole) - 1]
    places += [len(whole) - 1025, len(whole) - 1500, *RANDOM.sample(range(len(whole)), 60)]
    for place in places:
        for bit in (0, 5):
            turned = bytearray(whole)
            turned[place] ^= 1 << bit
            path.write_bytes(turned)
            with pytest.raises(ArchiveError):
                verified(path)
    path.write_bytes(whole)
    verified(path)


@pytest.mark.parametrize("keep", [0, 1, 511, 512, 5000, 66_048, 66_560, 70_000, -1, -1024, -1025, -2048])
def test_a_file_that_was_cut_is_noticed(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[: keep if keep >= 0 else None][: keep if keep < 0 else None])
    with pytest.raises(ArchiveError):
        verified(path)


def test_a_file_with_something_after_its_end_is_noticed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.because == "it does not end where it should"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", RANDOM.randbytes(200_000)], ids=["empty", "zip", "noise"])
def test_another_file_is_foreign(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.id == "bundle.foreign"


def test_another_tar_archive_is_foreign(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, arcname="index.json")
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.id == "bundle.foreign"


def test_a_later_format_is_told_from_a_damaged_file_and_leads_to_its_own_todoctl(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"bundle/v1", b"bundle/v2", 1))
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.id == "bundle.format"
    assert "tar -xf" in str(caught.value.hint)


@pytest.mark.parametrize(
    "size", ["-1", '"1000"', "1e3", "null", str(8**11), str(256**11 - 1), str(256**11), "1" + 40 * "0"]
)
def test_an_index_with_a_size_that_is_none_or_that_no_file_has_is_damaged(path: Path, size: str) -> None:
    # A longer number takes its room from the spaces that fill the index.
    written, filled = b'"size": 1000', f'"size": {size}'.encode().ljust(12)
    more = len(filled) - len(written)
    changed = path.read_bytes().replace(written, filled, 1)
    path.write_bytes(changed.replace(b" " * more + b"\n", b"\n", 1))
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.id == "bundle.damaged"


@pytest.mark.parametrize("name", ["1", "null", r'"\ud800"', r'"caf\u00e9"', '["a","b"]'])
def test_an_index_with_a_name_that_is_none_is_damaged(path: Path, name: str) -> None:
    written = b'"todoctl.pyz"'
    path.write_bytes(path.read_bytes().replace(written, name.encode().ljust(len(written)), 1))
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.id == "bundle.damaged"


def test_an_index_that_is_nested_too_deeply_to_be_read_is_damaged(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[512:60_512] = b"[" * 60_000
    path.write_bytes(whole)
    with pytest.raises(ArchiveError) as caught:
        verified(path)
    assert caught.value.id == "bundle.damaged"


def test_a_member_that_failed_leaves_no_trace(tmp_path: Path) -> None:
    def fail(writer: bundle.Writer) -> None:
        with writer.member("images/lost.tar") as member:
            member.write(IMAGE)
            raise LookupError

    with bundle.creating(tmp_path / "t") as writer:
        with pytest.raises(LookupError):
            fail(writer)
        with writer.member(bundle.ZIPAPP) as member:
            member.write(ZIPAPP)
        writer.close(todoctl="1", platform="linux/amd64")
    assert [entry.name for entry in verified(tmp_path / "t").entries] == [bundle.ZIPAPP]


def test_a_bundle_that_failed_leaves_the_one_that_was_there(path: Path) -> None:
    before = path.read_bytes()

    def fail() -> None:
        with bundle.creating(path) as writer, writer.member(bundle.ZIPAPP) as member:
            member.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_bundle_is_verified_before_it_has_its_name(path: Path) -> None:
    before = path.read_bytes()

    def spoil() -> None:
        with bundle.creating(path) as writer:
            with writer.member(bundle.ZIPAPP) as member:
                member.write(ZIPAPP)
            writer.close(todoctl="1", platform="linux/amd64")
            writer.written().verify()
            (partial,) = path.parent.glob("*.partial")
            with partial.open("r+b") as file:
                file.seek(-2048, 2)
                file.write(b"X")
            writer.written().verify()

    with pytest.raises(ArchiveError) as caught:
        spoil()
    assert f"`{path}`" in caught.value.what
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_full_disk_is_told_and_leaves_nothing() -> None:
    def fill() -> None:
        with bundle.creating(Path("/dev/full/t")):
            pass

    with pytest.raises(UsageError):
        fill()


def test_a_disk_that_fills_up_is_told(path: Path) -> None:
    def fill() -> None:
        with bundle.creating(path):
            raise OSError(28, "No space left on device")

    with pytest.raises(PreflightError) as caught:
        fill()
    assert caught.value.because == "No space left on device"


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verified(tmp_path / "absent")
    with pytest.raises(UsageError):
        verified(tmp_path)


@pytest.mark.parametrize("bad", [66_048, 70_000, 700_000])
def test_a_file_that_the_disk_cannot_read_is_told(path: Path, bad: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with bundle.opened(path) as found:
        file = found._file

        class Broken:
            seek = staticmethod(file.seek)

            @staticmethod
            def read(count: int) -> bytes:
                if file.tell() + count > bad:
                    raise OSError(5, "Input/output error")
                return file.read(count)

        monkeypatch.setattr(found, "_file", Broken)
        for read in (found.verify, lambda: list(found.chunks(found.index.images[0]))):
            with pytest.raises(ArchiveError) as caught:
                read()
            assert caught.value.because == "it cannot be read to its end: Input/output error"


def test_a_member_that_changed_since_it_was_verified_is_not_handed_out_whole(path: Path) -> None:
    with bundle.opened(path) as found:
        found.verify()
        with path.open("r+b") as file:
            file.seek(-2048, 2)
            file.write(b"X")
            file.seek(600_000)
            file.write(b"X")
        handed = 0
        (image,) = found.index.images

        def take() -> None:
            nonlocal handed
            for chunk in found.chunks(image):
                handed += len(chunk)

        with pytest.raises(ArchiveError):
            take()
        assert handed < image.size
