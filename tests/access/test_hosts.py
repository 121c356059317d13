from pathlib import Path

import pytest

from todoctl.access import hosts
from todoctl.access.hosts import Entry, HostsEntry, addresses, look_up, with_entry, write
from todoctl.errors import AccessError

HOST, ADDRESS = "todo-app.local", "192.168.49.2"

TABLE = [
    ("an empty file", "", Entry.ABSENT, ()),
    ("other names", "127.0.0.1 localhost\n", Entry.ABSENT, ()),
    ("the line", "192.168.49.2 todo-app.local\n", Entry.PRESENT, (ADDRESS,)),
    ("tabs and no line break at the end", "192.168.49.2\ttodo-app.local", Entry.PRESENT, (ADDRESS,)),
    ("Windows line breaks", "127.0.0.1 localhost\r\n192.168.49.2 todo-app.local\r\n", Entry.PRESENT, (ADDRESS,)),
    ("an alias", "192.168.49.2 minikube todo-app.local # added by hand\n", Entry.PRESENT, (ADDRESS,)),
    ("other letters' case", "192.168.49.2 Todo-App.local\n", Entry.PRESENT, (ADDRESS,)),
    ("a comment", "# 192.168.49.2 todo-app.local\n", Entry.ABSENT, ()),
    ("the host in a comment", "192.168.49.2 other # todo-app.local\n", Entry.ABSENT, ()),
    ("a longer name", "192.168.49.2 staging.todo-app.local todo-app.local.example\n", Entry.ABSENT, ()),
    ("another address", "192.168.58.2 todo-app.local\n", Entry.OTHER_ADDRESS, ("192.168.58.2",)),
    (
        "another address first",
        "127.0.0.1 todo-app.local\n192.168.49.2 todo-app.local\n",
        Entry.OTHER_ADDRESS,
        ("127.0.0.1", ADDRESS),
    ),
    ("an IPv6 address too", "::1 todo-app.local\n192.168.49.2 todo-app.local\n", Entry.PRESENT, ("::1", ADDRESS)),
    ("an IPv6 address alone", "::1 todo-app.local\n", Entry.OTHER_ADDRESS, ("::1",)),
    ("an address without a name", "192.168.49.2\n", Entry.ABSENT, ()),
    ("a byte order mark", "\N{BYTE ORDER MARK}192.168.49.2 todo-app.local\n", Entry.PRESENT, (ADDRESS,)),
]


@pytest.mark.parametrize(("text", "entry", "found"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_hosts_file_is_read_as_resolvers_do(tmp_path: Path, text: str, entry: Entry, found: tuple[str, ...]) -> None:
    (tmp_path / "hosts").write_text(text, encoding="utf-8", newline="")
    assert look_up(str(tmp_path / "hosts"), HOST, ADDRESS) == HostsEntry(entry, found)


def test_bytes_that_are_no_text_do_not_hide_the_line(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(b"# caf\xe9\n192.168.49.2 todo-app.local\n")
    assert look_up(str(tmp_path / "hosts"), HOST, ADDRESS).entry is Entry.PRESENT


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    assert look_up(str(tmp_path / "none"), HOST, ADDRESS) == HostsEntry(Entry.UNREADABLE)


def test_localhost_is_in_this_machines_own_hosts_file() -> None:
    assert "127.0.0.1" in addresses(Path("/etc/hosts").read_text(), "localhost")


LINE = "192.168.49.2 todo-app.local"

WRITTEN = [
    ("an empty file", "", f"{LINE}\n"),
    ("other names", "127.0.0.1 localhost\n", f"127.0.0.1 localhost\n{LINE}\n"),
    ("no line break at the end", "127.0.0.1 localhost", f"127.0.0.1 localhost\n{LINE}\n"),
    ("Windows line breaks", "127.0.0.1 localhost\r\n", f"127.0.0.1 localhost\r\n{LINE}\r\n"),
    ("another address", "10.0.0.1 todo-app.local\n127.0.0.1 localhost\n", f"127.0.0.1 localhost\n{LINE}\n"),
    ("the line itself", f"{LINE}\n# end\n", f"# end\n{LINE}\n"),
    (
        "one of many names",
        "10.0.0.1  minikube todo-app.local  web # mine\n",
        f"10.0.0.1  minikube  web # mine\n{LINE}\n",
    ),
    ("the last of many", "10.0.0.1\tminikube\ttodo-app.local\n", f"10.0.0.1\tminikube\n{LINE}\n"),
    ("other letters' case", "10.0.0.1 a Todo-App.LOCAL\n", f"10.0.0.1 a\n{LINE}\n"),
    ("twice", "::1 todo-app.local\n10.0.0.1 todo-app.local\n", f"{LINE}\n"),
    ("comments", "# 10.0.0.1 todo-app.local\n\n", f"# 10.0.0.1 todo-app.local\n\n{LINE}\n"),
    (
        "longer names",
        "10.0.0.1 a.todo-app.local todo-app.locals\n",
        f"10.0.0.1 a.todo-app.local todo-app.locals\n{LINE}\n",
    ),
    ("a byte order mark", "\N{BYTE ORDER MARK}127.0.0.1 a\n", f"\N{BYTE ORDER MARK}127.0.0.1 a\n{LINE}\n"),
]


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_only_the_hosts_own_line_changes(before: str, after: str) -> None:
    assert with_entry(before, HOST, ADDRESS) == after
    assert with_entry(after, HOST, ADDRESS) == after


def test_the_file_is_written_with_a_copy_beside_it_and_keeps_its_rights_and_odd_bytes(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    before = b"127.0.0.1 localhost\n# caf\xe9\n10.0.0.1 todo-app.local\n"
    file.write_bytes(before)
    file.chmod(0o640)
    assert write(str(file), HOST, ADDRESS) == tmp_path / "hosts.todoctl.bak"
    assert file.read_bytes() == b"127.0.0.1 localhost\n# caf\xe9\n192.168.49.2 todo-app.local\n"
    assert (tmp_path / "hosts.todoctl.bak").read_bytes() == before
    assert file.stat().st_mode & 0o777 == 0o640
    assert look_up(str(file), HOST, ADDRESS).entry is Entry.PRESENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts", "hosts.todoctl.bak"]


def test_each_write_keeps_a_copy_of_its_own_so_that_the_first_stays(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("127.0.0.1 localhost\n")
    copies = [write(str(file), HOST, f"192.168.49.{number}") for number in (2, 3, 4)]
    assert [copy.name for copy in copies] == ["hosts.todoctl.bak", "hosts.todoctl.bak.2", "hosts.todoctl.bak.3"]
    assert [addresses(copy.read_text(), HOST) for copy in copies] == [(), ("192.168.49.2",), ("192.168.49.3",)]
    assert copies[0].read_text() == "127.0.0.1 localhost\n"


def test_a_link_stays_one_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "hosts").write_text("127.0.0.1 localhost\n")
    (tmp_path / "hosts").symlink_to(tmp_path / "real" / "hosts")
    write(str(tmp_path / "hosts"), HOST, ADDRESS)
    assert (tmp_path / "hosts").is_symlink()
    assert look_up(str(tmp_path / "real" / "hosts"), HOST, ADDRESS).entry is Entry.PRESENT


def test_a_file_that_is_mounted_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    file = tmp_path / "hosts"
    file.write_text("127.0.0.1 localhost\n")
    number = file.stat().st_ino
    monkeypatch.setattr(Path, "replace", busy)
    write(str(file), HOST, ADDRESS)
    assert look_up(str(file), HOST, ADDRESS).entry is Entry.PRESENT
    assert file.stat().st_ino == number
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts", "hosts.todoctl.bak"]


def test_a_file_that_may_not_be_written_stays_and_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "hosts"
    file.write_text("127.0.0.1 localhost\n")
    monkeypatch.setattr(hosts.shutil, "copy2", denied)
    with pytest.raises(AccessError) as caught:
        write(str(file), HOST, ADDRESS)
    assert (caught.value.what, caught.value.because) == (f"`{file}` cannot be written", "Permission denied")
    assert file.read_text() == "127.0.0.1 localhost\n"
