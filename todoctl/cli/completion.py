"""`todoctl completion`."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import click

from todoctl.cli import options
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl completion bash > ~/.local/share/bash-completion/completions/todoctl
  todoctl completion zsh > ~/.zfunc/_todoctl        with ~/.zfunc in fpath before compinit
  todoctl completion fish > ~/.config/fish/completions/todoctl.fish
  todoctl completion powershell >> $PROFILE

\b
For this shell alone, from the zipapp:
  source <(./todoctl.pyz completion bash)
"""

# What click's scripts run is found on PATH, where a zipapp seldom is: shell → its words there, and ours.
_RUN = {
    "bash": ("=bash_complete $1)", "=bash_complete {program})"),
    "zsh": ("=zsh_complete {name})", "=zsh_complete {program})"),
    "fish": ("COMP_CWORD=(commandline -t) {name})", "COMP_CWORD=(commandline -t) {program})"),
    "powershell": ("& {name} 2>$null", "& {program} 2>$null"),
}
_ONLY_ON_PATH = "    (( ! $+commands[todoctl] )) && return 1\n"  # zsh


@click.command("completion", short_help="Print the completion script for a shell.", epilog=EPILOG)
@click.argument("shell", type=click.Choice(list(_RUN)))
@options.output
def command(*, shell: str, **_options: object) -> Result:
    """Print the script that completes verbs, options and values in a shell.

    It completes `todoctl`, `todoctl.pyz` and the name that this file has now, however they are typed; what it asks is
    this file, where it is now.
    """
    script = made(shell, Path(sys.argv[0]), sys.executable)
    return Result("completion", text=script, data={"shell": shell, "script": script})


def made(shell: str, file: Path, python: str) -> str:
    """Return the script for a shell; `file` is what runs todoctl, with `python` if it is a zipapp, of any name."""
    import zipfile

    from click.shell_completion import get_completion_class

    from todoctl.cli.main import COMPLETE, todoctl

    completion = get_completion_class(shell)
    if completion is None:
        raise AssertionError(shell)
    variables = completion(todoctl, {}, "todoctl", COMPLETE).source_vars()
    script = (completion.source_template % variables).replace(_ONLY_ON_PATH, "")
    theirs, ours = (part.replace("{name}", "todoctl") for part in _RUN[shell])
    quote = _quoted_for_powershell if shell == "powershell" else shlex.quote
    zipapp = zipfile.is_zipfile(file)
    words = [python, str(file.absolute())] if zipapp else ["todoctl"]
    if theirs not in script:
        raise AssertionError(theirs)
    script = script.replace(theirs, ours.replace("{program}", " ".join(map(quote, words))))
    own = [file.name] if zipapp and re.fullmatch(r"[\w.-]+", file.name) else []
    return _for_names(shell, script, list(dict.fromkeys(["todoctl", "todoctl.pyz", *own])))


def _for_names(shell: str, script: str, names: list[str]) -> str:
    """Have the script complete several names instead of one."""
    spaced = " ".join(names)
    return {
        "bash": script.replace("_completion todoctl\n", f"_completion {spaced}\n"),
        "zsh": script.replace("#compdef todoctl", f"#compdef {spaced}").replace(
            "compdef _todoctl_completion todoctl", f"compdef _todoctl_completion {spaced}"
        ),
        "fish": script.replace("--command todoctl", " ".join(f"--command {name}" for name in names)),
        "powershell": script.replace("-CommandName todoctl", f"-CommandName {', '.join(names)}"),
    }[shell]


def _quoted_for_powershell(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
