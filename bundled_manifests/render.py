"""Render the chart into `rendered/`, one file per environment, so that `kubectl apply -f` and todoctl need no Helm.

`python bundled_manifests/render.py` writes the files; with `--check` it writes none and exits with 1 when one of them
is not what the chart gives now.
"""  # noqa: INP001 - a script in a folder of data

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHART = HERE / "chart"
RENDERED = HERE / "rendered"
NAMESPACE = "todo-app"
VALUES_FILES = {
    "development": CHART / "values.yaml",
    "staging": CHART / "values-staging.yaml",
    "production": CHART / "values-production.yaml",
}
HEADER = """\
# Generated from ../chart by `python bundled_manifests/render.py`: change the chart, not this file.
# The Secrets todo-secrets and, in development, todo-postgres are not here: see docs/environments.md.
"""


class RenderError(Exception):
    """Helm is missing, or refused the chart; the text says which."""


def render(environment: str) -> str:
    """Return the manifests of one environment (a key of VALUES_FILES), the Namespace first.

    Raises RenderError when Helm is not on PATH or fails.
    """
    values = VALUES_FILES[environment]
    command = ["helm", "template", "todo-app", str(CHART), "--namespace", NAMESPACE]
    command += ["--values", str(values), "--set", "namespace.create=true"]
    try:
        helm = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        raise RenderError("helm is not on PATH; install it from https://helm.sh/docs/intro/install/") from None
    if helm.returncode != 0:
        raise RenderError(f"helm could not render {values.name}:\n{helm.stderr.strip()}")
    return HEADER + tidy(helm.stdout)


def tidy(rendered: str) -> str:
    """Drop Helm's `# Source:` lines, and the trailing and blank lines that template directives leave behind."""
    lines = [line.rstrip() for line in rendered.splitlines()]
    kept = [line for line in lines if line and not line.startswith("# Source: ")]
    # Where a template begins with a define, Helm prints the separator twice.
    return re.sub(r"(?m)^---\n(?=---$)", "", "\n".join(kept)) + "\n"


def main() -> int:
    """Render all environments; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 when a file has drifted")
    check = parser.parse_args().check
    drifted = False
    for environment in VALUES_FILES:
        file = RENDERED / f"{environment}.yaml"
        try:
            fresh = render(environment)
        except RenderError as error:
            sys.stderr.write(f"error: {error}\n")
            return 2
        current = file.read_text(encoding="utf-8") if file.exists() else ""
        if fresh == current:
            continue
        drifted = True
        if check:
            lines = difflib.unified_diff(current.splitlines(), fresh.splitlines(), file.name, "the chart", lineterm="")
            sys.stdout.writelines(f"{line}\n" for line in lines)
        else:
            file.write_text(fresh, encoding="utf-8", newline="\n")
            sys.stdout.write(f"wrote {file.name}\n")
    return 1 if check and drifted else 0


if __name__ == "__main__":
    sys.exit(main())
