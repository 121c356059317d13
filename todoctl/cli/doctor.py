"""`todoctl doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.preflight.check import Finding

COLORS = {"ok": "green", "warning": "yellow", "fatal": "red", "skipped": "bright_black"}

EPILOG = """\b
Examples:
  todoctl doctor              what an install would find
  todoctl doctor -o json      the same for a program; each check has a stable id
"""


@click.command("doctor", epilog=EPILOG)
@options.cluster
@click.option("--host", callback=options.subdomain, help="The Ingress's host [default: todo-app.local].")
@options.output
def command(
    *,
    profile: str,
    context: str | None,
    namespace: str,
    timeout: float,
    host: str | None,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,  # noqa: ARG001
    no_color: bool,  # noqa: ARG001
) -> Result:
    """Check this machine, Docker, Minikube and the cluster, and change nothing.

    Exits with 0 where all is well, 3 where there are warnings, 4 where an install cannot succeed.
    """
    from todoctl.preflight import check
    from todoctl.preflight.table import checks

    settings = options.settings(profile=profile, context=context, namespace=namespace, timeout=timeout, host=host)
    findings = list(check.run(checks(settings)))
    return Result(
        "doctor",
        text="\n".join(line for finding in findings for line in _lines(finding)),
        data={"checks": [finding.as_json() for finding in findings]},
        exit_code=check.exit_code(findings),
    )


def _lines(finding: Finding) -> list[str]:
    word = finding.status.value
    lines = [f"{click.style(f'{word:<8}', fg=COLORS[word])} {finding.title}: {finding.found}"]
    if finding.because:
        lines.append(f"{'':<8}   because: {finding.because}")
    if finding.hint:
        lines.append(f"{'':<8}   hint: {finding.hint}")
    return lines
