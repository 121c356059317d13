from pathlib import Path

import pytest

from todoctl.access.hosts import Entry, HostsEntry, addresses, look_up

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
