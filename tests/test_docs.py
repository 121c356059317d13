"""The documents say what is: the reference is what `--help` prints, and a command that a page names is one."""

import re
import subprocess
import sys
from pathlib import Path

from verbs import VERBS

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
