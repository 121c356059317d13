"""docs/errors.md has an entry for every check, and none for others; its tables are those of the code.

tests/test_error_ids.py holds its table of errors to what the source raises.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from todoctl.errors import PreflightError
from todoctl.preflight import starting, table, tools
from todoctl.preflight.check import Check
from todoctl.preflight.explain import entries, errors
from todoctl.settings import Settings
from todoctl.targets import find
from todoctl.targets.containers import KIND, Containers
from todoctl.targets.remote import Remote

PAGE = (Path(__file__).parents[2] / "docs/errors.md").read_text("utf-8")
PARTS = ("Means", "Matters", "Do", "`--fix`")


def no_cluster(_: Settings) -> None:
    raise PreflightError("context.containers", "this Docker has no kind cluster")


TARGETS = (
    find.target,
    lambda _: Containers(KIND, "kind"),
    lambda _: Remote("production"),
    no_cluster,
)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    """Every check that there is, of whichever target, by its id; Minikube's where several have one."""
    return {check.id: check for check in table.offline_checks(Settings(), "linux/amd64", ())} | of_doctor(monkeypatch)


def of_doctor(monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    found: dict[str, Check] = {}
    with monkeypatch.context() as patched:
        for target in TARGETS:
            patched.setattr("todoctl.preflight.facts.find.target", target)
            found = {check.id: check for check in table.doctor_checks(Settings())} | found
    return found


def test_every_check_has_its_entry_and_every_entry_its_check(checks: dict[str, Check]) -> None:
    assert set(entries()) == set(checks)
    assert len(re.findall(r"^### ", PAGE, flags=re.MULTILINE)) == len(checks)


def test_the_entries_stand_in_the_order_in_which_doctor_prints_them() -> None:
    known = [check.id for check in table.doctor_checks(Settings())]
    assert [name for name in entries() if name in known] == known


def test_what_doctor_does_not_look_at_stands_under_installs_without_a_network(
    checks: dict[str, Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    section = PAGE.partition("\n## During `install --offline`\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### `(.*)`$", section, flags=re.MULTILINE)) == set(checks) - set(of_doctor(monkeypatch))


def test_an_entry_has_its_checks_title_and_severity_and_says_what_why_and_what_to_do(checks: dict[str, Check]) -> None:
    for name, text in entries().items():
        assert text.startswith(f"*{checks[name].title}, {checks[name].severity.value}"), name
        parts = re.findall(r"^- \*\*(.*?):\*\* \S", text, flags=re.MULTILINE)
        assert tuple(part for part in parts if part != "Error") == PARTS, name


def test_an_error_with_an_id_of_its_own_and_its_check_name_each_other() -> None:
    by_check = {(name, one) for name, text in entries().items() for one in ids_of_errors(text)}
    by_error = {(name, one) for one, row in errors().items() for name in re.findall(r"\[`(.+?)`\]\(#", row.means)}
    assert by_check == by_error
    assert len(by_check) > 10


def ids_of_errors(entry: str) -> list[str]:
    """Return the ids that an entry has for what its check raises."""
    return re.findall(r"`(.+?)`", entry.partition("- **Error:** ")[2].partition("\n")[0])


def test_what_the_page_refers_to_is_on_the_page_or_on_the_web() -> None:
    heads = re.findall(r"^#+ (.*)$", PAGE, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
    links = re.findall(r"\]\((.*?)\)", PAGE)
    assert [link for link in links if not link.startswith("https://") and link.removeprefix("#") not in anchors] == []


def test_an_entry_tells_of_a_fix_where_its_check_has_one(checks: dict[str, Check]) -> None:
    said = {name: text.partition("- **`--fix`:** ")[2].partition("\n")[0] for name, text in entries().items()}
    fixes = {name for name, text in said.items() if not text.startswith("nothing") or "`--hosts` writes" in text}
    assert fixes == {check.id for check in checks.values() if check.fix}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a head."""
    body = PAGE.partition(heading)[2].partition("\n\n")[0]
    found = re.findall(r"^\|(.*)\|$", body, flags=re.MULTILINE)[1:]
    return [[cell.strip() for cell in row.split("|")] for row in found]


def test_how_docker_is_started_is_documented_row_by_row() -> None:
    names = {"Linux": "linux", "macOS": "darwin", "Windows": "windows", "WSL": "wsl"}
    documented = rows("| system | engine | command |")
    assert [(names[system], command.strip("`")) for system, _, command in documented] == [
        (row.system.value, " ".join(row.command)) for row in starting.TABLE
    ]
    assert [("as root" in engine, ", with systemd" in engine) for _, engine, _ in documented] == [
        (row.root, row.systemd) for row in starting.TABLE
    ]


def test_the_downloads_are_documented_with_their_versions_and_places() -> None:
    named = {"version": "{version}", "os": "OS", "architecture": "ARCH", "suffix": ""}
    assert [row[:3] for row in rows("| program | version | from |")] == [
        [tool.name, tool.version, f"`{tool.site}/{tool.path.format(**{**named, 'version': tool.version})}`"]
        for tool in (tools.MINIKUBE, tools.KUBECTL)
    ]
