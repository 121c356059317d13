"""The backup's file: what was written is read, and nothing else is taken for it."""

import hashlib
import io
import json
import os
import random
import stat

import pytest

from todoctl.database import backupfile
from todoctl.database.backupfile import About
from todoctl.errors import ArchiveError, PreflightError, UsageError

ABOUT = About("2026-11-24T08:00:00Z", "0.1.0", "todo-app", "todo-backend:3f1c9d27a0b4", "0001", "17.6")
CHANCE = random.Random(7)  # noqa: S311 - the same in each run
DUMP = CHANCE.randbytes(100_000)


class Named(io.BytesIO):
    name = "tasks.backup"


def written(dump=DUMP, about=ABOUT):
    file = Named()
    backupfile.write(file, about, (dump[at : at + 999] for at in range(0, len(dump), 999)))
    return file.getvalue()


WHOLE = written()


def refused(content):
    with pytest.raises(ArchiveError) as caught:
        backupfile.check(Named(content))
    assert caught.value.exit_code == 14
    assert "`tasks.backup`" in caught.value.what
    return caught.value


def test_what_was_written_is_read():
    file = Named(WHOLE)
    found = backupfile.check(file)
    assert found.about == ABOUT
    assert found.size == len(WHOLE)
    assert found.sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert b"".join(found.dump(file)) == DUMP
    assert found.length == len(DUMP)


def test_the_bytes_are_those_that_the_documentation_describes():
    assert WHOLE[:16] == b"todoctl backup\r\n"
    assert int.from_bytes(WHOLE[16:20], "big") == 1
    described = int.from_bytes(WHOLE[20:24], "big")
    assert json.loads(WHOLE[24 : 24 + described])["revision"] == "0001"
    assert WHOLE[24 + described : -48] == DUMP
    assert WHOLE[-48:-40] == b"the end\n"
    assert int.from_bytes(WHOLE[-40:-32], "big") == len(WHOLE) - 48
    assert WHOLE[-32:] == hashlib.sha256(WHOLE[:-48]).digest()


def test_a_dump_without_a_byte_is_still_a_whole_file():
    assert backupfile.check(Named(written(b""))).length == 0


@pytest.mark.parametrize(
    "kept",
    [1, 15, 16, 20, 23, 24, 71, 72, len(WHOLE) // 100, len(WHOLE) // 2, len(WHOLE) - 49, len(WHOLE) - 48]
    + [len(WHOLE) - left for left in (33, 32, 2, 1)],
)
def test_a_file_that_was_cut_is_refused(kept):
    assert refused(WHOLE[:kept]).id == ("backup.damaged" if kept >= 16 else "backup.foreign")


def test_a_file_with_one_bit_turned_is_refused_wherever_it_is():
    ends = [*range(400), *range(len(WHOLE) - 100, len(WHOLE))]
    middle = CHANCE.sample(range(len(WHOLE)), 40)
    for place in [*ends, *middle]:
        turned = bytearray(WHOLE)
        turned[place] ^= 1 << place % 8
        refused(bytes(turned))


@pytest.mark.parametrize("extra", [b"\0", b"x" * 48, WHOLE], ids=["a byte", "48 bytes", "itself"])
def test_a_file_with_something_behind_it_is_refused(extra):
    assert refused(WHOLE + extra).id == "backup.damaged"


@pytest.mark.parametrize("content", [b"", b"PGDMP\x01\x10", b"\x1f\x8b" * 99, b"todoctl backup\n\0" * 9])
def test_what_is_no_backup_is_refused_as_foreign(content):
    assert refused(content).id == "backup.foreign"


def test_a_file_of_a_newer_form_asks_for_a_newer_todoctl():
    error = refused(WHOLE[:16] + (2).to_bytes(4, "big") + WHOLE[20:])
    assert error.id == "backup.version"
    assert "newer" in error.hint


def test_a_description_that_lacks_something_is_refused():
    content = WHOLE.replace(b'"revision"', b'"revasion"')[:-48]
    trailer = b"the end\n" + len(content).to_bytes(8, "big") + hashlib.sha256(content).digest()
    assert refused(content + trailer).because == "its description cannot be understood"


class Broken(Named):
    """A file on a disk that cannot read a part of it, which begins at `bad`."""

    def __init__(self, content, bad):
        super().__init__(content)
        self.bad = bad

    def read(self, count=-1):
        if self.tell() + count > self.bad:
            raise OSError(5, "Input/output error")
        return super().read(count)


@pytest.mark.parametrize("bad", [0, 30, 70_000, len(WHOLE) - 1])
def test_a_file_that_the_disk_cannot_read_is_told(bad):
    with pytest.raises(ArchiveError) as caught:
        backupfile.check(Broken(WHOLE, bad))
    assert (caught.value.id, caught.value.because) == (
        "backup.damaged",
        "it cannot be read to its end: Input/output error",
    )


def test_a_dump_that_the_disk_cannot_read_any_more_is_told():
    backup = backupfile.check(Named(WHOLE))
    with pytest.raises(ArchiveError, match=r"tasks\.backup"):
        list(backup.dump(Broken(WHOLE, 70_000)))


@pytest.mark.parametrize("place", [3, 30, -70_000, -60, -3], ids=["head", "about", "dump", "its end", "trailer"])
def test_a_dump_that_changed_since_it_was_checked_is_not_handed_out_whole(place):
    backup = backupfile.check(Named(WHOLE))
    turned = bytearray(WHOLE)
    turned[place] ^= 1
    handed = []

    def take():
        for chunk in backup.dump(Named(bytes(turned))):
            handed.append(chunk)  # noqa: PERF402 - what came before the error counts

    with pytest.raises(ArchiveError) as caught:
        take()
    assert (caught.value.id, caught.value.because) == ("backup.damaged", "it changed after it was verified")
    assert sum(map(len, handed)) < backup.length


def test_another_backup_in_its_place_is_not_handed_out_whole():
    backup = backupfile.check(Named(WHOLE))
    with pytest.raises(ArchiveError):
        list(backup.dump(Named(written(DUMP[::-1]))))


def test_a_new_file_is_the_owners_alone_and_has_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "tasks.backup"
    with backupfile.creating(path) as file:
        file.write(b"all")
        (partial,) = tmp_path.iterdir()
        assert partial.match("tasks.backup.*.partial")
    assert path.read_bytes() == b"all"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def half_written(path, end):
    with backupfile.creating(path) as file:
        file.write(b"half")
        raise end


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError])
def test_a_failed_one_leaves_what_was_there(tmp_path, end):
    path = tmp_path / "tasks.backup"
    path.write_bytes(b"before")
    with pytest.raises(end):
        half_written(path, end())
    assert [item.name for item in tmp_path.iterdir()] == ["tasks.backup"]
    assert path.read_bytes() == b"before"


def test_two_runs_do_not_write_into_each_others_file(tmp_path):
    path = tmp_path / "tasks.backup"
    with backupfile.creating(path) as slow:
        slow.write(b"slow")
        with backupfile.creating(path) as quick:
            quick.write(b"quick")
        assert path.read_bytes() == b"quick"
        with pytest.raises(ValueError, match="third"):
            half_written(path, ValueError("third"))
        slow.write(b" but whole")
    assert path.read_bytes() == b"slow but whole"
    assert [item.name for item in tmp_path.iterdir()] == ["tasks.backup"]


def test_a_folder_that_is_not_there_is_bad_input(tmp_path):
    with pytest.raises(UsageError) as caught, backupfile.creating(tmp_path / "absent" / "tasks.backup"):
        pass
    assert caught.value.because == "No such file or directory"


def test_a_full_disk_is_the_machines_lack(tmp_path):
    with pytest.raises(PreflightError) as caught:
        half_written(tmp_path / "tasks.backup", OSError(28, "No space left on device"))
    assert caught.value.because == "No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_bad_input(tmp_path):
    with pytest.raises(UsageError), backupfile.reading(tmp_path / "absent"):
        pass
