"""The check of the hosts file, and what writes it: on a file of the test's own, by who may and by who may not."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.access import advice
from todoctl.adapters.system import HostSystem
from todoctl.deadline import Deadline
from todoctl.errors import AccessError, PreflightError
from todoctl.preflight import access
from todoctl.preflight.facts import Facts
from todoctl.settings import Settings
from todoctl.targets.remote import Remote

NODE = "192.168.49.2"
LINE = f"{NODE} todo-app.local"


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A hosts file that everyone may read, as /etc/hosts; pytest's own folders are for one user."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "hosts"
        path.parent.chmod(0o755)
        path.write_text("127.0.0.1 localhost\n")
        monkeypatch.setattr(advice, "hosts_file", lambda _: str(path))
        monkeypatch.setattr("todoctl.adapters.system.host_system", lambda: HostSystem.LINUX)
        yield path


def facts(**settings: Any) -> Any:
    target = SimpleNamespace(driver="docker", address=lambda: NODE)
    found = Facts(Settings(**settings))
    vars(found).update(target=target, engine=SimpleNamespace(desktop=False))
    return found


def refusal(facts: Any) -> PreflightError:
    with pytest.raises(PreflightError) as caught:
        access.has_line(facts)
    return caught.value


def write(facts: Any, heard: Any) -> None:
    access.add_line(facts).do(heard, Deadline(10))


def test_it_holds_once_the_line_was_written_and_says_where_the_copy_is(file: Path, heard) -> None:
    error = refusal(facts())
    assert error.what == f"this machine does not find `todo-app.local` at {NODE}"
    assert error.because == f"{file} has no line for it"
    assert error.hint == f"`echo '{LINE}' | sudo tee -a /etc/hosts`; or have it done with `todoctl doctor --hosts`"
    repair = access.add_line(facts())
    assert repair.question == f"Write `{LINE}` to {file}? What it was stays beside it, as hosts.todoctl.bak."
    repair.do(heard, Deadline(10))
    assert heard.notes == [f"as it was before: {file}.todoctl.bak"]
    assert access.has_line(facts()) == f"`{LINE}`"
    assert file.read_text() == f"127.0.0.1 localhost\n{LINE}\n"


def test_the_host_that_was_asked_for_is_looked_for(file: Path, heard) -> None:
    write(facts(), heard)
    assert refusal(facts(host="mine.local")).what == f"this machine does not find `mine.local` at {NODE}"
    write(facts(host="mine.local"), heard)
    assert access.has_line(facts(host="mine.local")) == f"`{NODE} mine.local`"
    assert access.has_line(facts()) == f"`{LINE}`"


def test_a_line_with_another_address_is_named_and_replaced_under_a_copy_of_its_own(file: Path, heard) -> None:
    file.write_text("10.9.8.7 todo-app.local\n")
    Path(f"{file}.todoctl.bak").write_text("the first\n")
    error = refusal(facts())
    assert error.because == f"{file} has 10.9.8.7 for it"
    assert "`sudo sed -i.todoctl.bak.2 -E 's/" in str(error.hint)
    repair = access.add_line(facts())
    assert repair.question.endswith("What it was stays beside it, as hosts.todoctl.bak.2.")
    repair.do(heard, Deadline(10))
    assert file.read_text() == f"{LINE}\n"
    assert Path(f"{file}.todoctl.bak").read_text() == "the first\n"
    assert Path(f"{file}.todoctl.bak.2").read_text() == "10.9.8.7 todo-app.local\n"


def test_a_file_that_cannot_be_read_does_not_hold(file: Path) -> None:
    file.unlink()
    assert refusal(facts()).because == f"{file} cannot be read"


def test_no_line_is_needed_for_a_cluster_elsewhere(file: Path) -> None:
    somewhere = SimpleNamespace(settings=Settings(environment="staging"), target=Remote("shared"))
    assert access.has_line(somewhere).startswith("not needed")  # type: ignore[arg-type]


def test_no_line_is_written_that_leads_nowhere(file: Path) -> None:
    kind = facts()
    kind.target.driver, kind.engine.desktop = "kind", True
    assert access.has_line(kind) == (
        "not needed: port 80 is not published on this machine; `todoctl port-forward` leads to the app"
    )


@contextmanager
def one_who_may_not_write(file: Path) -> Iterator[None]:
    """Be a user who may not write the file's folder while the block runs."""
    file.parent.chmod(0o555)
    if root := os.geteuid() == 0:  # who may write any
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        file.parent.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other there")
@pytest.mark.parametrize(
    ("before", "command"),
    [
        ("127.0.0.1 localhost\n", f"`echo '{LINE}' | sudo tee -a /etc/hosts`"),
        (
            "10.9.8.7 todo-app.local\n",
            (
                r"`sudo sed -i.todoctl.bak -E 's/^([^#]*[[:space:]])todo-app\.local([[:space:]]|$)/\1\2/' /etc/hosts"
                f" && echo '{LINE}' | sudo tee -a /etc/hosts`"
            ),
        ),
    ],
    ids=["no line", "another address"],
)
def test_who_may_not_write_it_is_told_the_exact_command_and_nothing_changes(
    file: Path, heard, before: str, command: str
) -> None:
    file.write_text(before)
    with pytest.raises(AccessError) as caught, one_who_may_not_write(file):
        write(facts(), heard)
    assert (caught.value.id, caught.value.what) == ("access.hosts-file", f"`{file}` cannot be written")
    assert caught.value.because == "Permission denied"
    assert caught.value.hint == command
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == ["hosts"]
