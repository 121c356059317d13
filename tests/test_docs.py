"""The documents say what is: the reference is what `--help` prints, and a command that a page names is one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import documented
from verbs import COMMANDS, VERBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_reference_is_what_help_prints():
    done = subprocess.run([sys.executable, "docs/commands.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_lists_the_verbs_that_there_are_and_no_other():
    table = README.partition("## Verbs")[2].partition("\n## ")[0]
    listed = {words for row in re.findall(r"^\| (`todoctl .*?) \|", table, re.MULTILINE) for words in ticked(row)}
    assert listed == {f"todoctl {words}" for words in VERBS}


def ticked(text):
    return re.findall(r"`([^`]+)`", text)


def test_every_command_that_a_page_names_is_known_and_run_by_a_test_or_has_a_reason_not_to_be():
    unknown = [command for command in documented.commands() if documented.way(command) is None]
    assert unknown == [], "say in tests/documented.py how a test runs it"


@pytest.mark.parametrize(
    "command", [one for one in documented.commands() if re.match(r"(\w+=\S+ )*(\S+ && )?\S*todoctl", one)]
)
def test_todoctl_understands_every_command_that_a_page_names(command):
    assert documented.verb_of(command) in COMMANDS


def test_the_table_has_no_command_that_no_page_names():
    assert set(documented.TABLE) - documented.used_entries() == set()


@pytest.mark.parametrize("command", documented.runnable(documented.By))
def test_the_tests_that_run_a_command_are_there_and_name_its_verb(command):
    texts = [(ROOT / file).read_text("utf-8") for file in documented.way(command).files]
    word = documented.verb_of(command) or next(word for word in command.split()[1:] if not word.startswith("-"))
    verb = Path(word.split()[-1]).stem
    # In quotes, as in a command: a call of Python's own `set` runs no `kubectl set`.
    assert any(re.search(rf"[\"'][\w./-]*\b{verb}\b[\w./-]*[\"']", text) for text in texts), verb


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("Use `todoctl status -o json` or `status`.", ["todoctl status -o json"]),
        ("```\nA=1 todoctl build   and why\n  kubectl get pods\n```", ["A=1 todoctl build", "kubectl get pods"]),
        ('```json\n{"a": "todoctl status"}\n```', []),
        ("`todoctl`, `todoctl.pyz` and `dist/todoctl.pyz` are files", []),
    ],
)
def test_a_command_is_found_in_code_and_in_blocks(page, found):
    assert documented.of(page) == found
