"""`todoctl doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from todoctl.installation import Installation
    from todoctl.preflight.check import Finding
    from todoctl.recipes.doctor import Tried

COLORS = {"ok": "green", "warning": "yellow", "fatal": "red", "skipped": "bright_black"}
HOSTS = "access.hosts"

EPILOG = """\b
Examples:
  todoctl doctor                     what an install would find
  todoctl doctor -o json             the same for a program; each check has a stable id
  todoctl doctor --fix               repair what can be repaired, after a question each
  todoctl doctor --fix --hosts -y    all of it, the hosts file too, without questions
  todoctl doctor --fix --mirror http://mirror.local
  todoctl doctor --explain host.disk  what a check, or an error, means, and what to do
  todoctl doctor --report report.zip
  todoctl doctor -e staging --context shared    what an install there would find
"""


def _ids(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the id of a check or an error."""
    from todoctl.preflight import explain

    return [name for name in {**explain.entries(), **explain.errors()} if name.startswith(incomplete)]


@click.command("doctor", short_help="Check this machine and cluster; repair with --fix.", epilog=EPILOG)
@options.cluster
@options.environment
@options.minikube_too
@options.host
@click.option(
    "--fix",
    is_flag=True,
    help="Offer to repair what can be: start Docker and Minikube, enable addons, correct the kubeconfig, download "
    "Minikube and kubectl.",
)
@click.option("--hosts", is_flag=True, help="Offer to write the app's line into the hosts file, keeping a copy of it.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a .zip or .tar.gz for a bug report: findings, versions, objects, logs; secrets are removed.",
)
@click.option(
    "--mirror",
    metavar="URL",
    help="Download from here instead of github.com and dl.k8s.io: the same paths under one root.",
)
@click.option(
    "--explain",
    metavar="ID",
    shell_complete=_ids,
    help="Only say what a check or an error means, and what to do; ID is what stands in [brackets], or in the JSON of "
    "an error, and in its log.",
)
@options.yes
@options.output
def command(
    *,
    explain: str | None,
    fix: bool,
    hosts: bool,
    report: Path | None,
    profile: str,
    context: str | None,
    yes: bool,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
    **others: Any,
) -> Result:
    """Check this machine, Docker, Minikube and the cluster; change nothing, unless a repair is asked for.

    A report that is there is overwritten only after a question.

    Exits with 0 where all is well, 3 where there are warnings, 4 where an install cannot succeed.
    """
    from todoctl import newfile
    from todoctl.installation import Installation
    from todoctl.preflight import check
    from todoctl.recipes import doctor, reportfile

    if explain is not None:
        return _explained(explain)
    settings = options.settings(profile=profile, context=context, **others)
    terminal = options.terminal(debug=debug, no_color=no_color, yes=yes, changes=fix or hosts)
    installation = Installation(settings, terminal)
    if report is not None:
        reportfile.check(report)
        newfile.ask(report, terminal)
    tried: list[Tried] = []
    if fix or hosts:
        findings, tried = doctor.repair(installation, lambda id_: hosts if id_ == HOSTS else fix)
    else:
        findings = doctor.look(settings)
    data: dict[str, Any] = {
        "checks": [finding.as_json() for finding in findings],
        "fixes": [_fix(one) for one in tried],
        "report": None,
        "explanation": None,
    }
    if report is not None:
        data["report"] = _report(installation, report, data)
    return Result(
        "doctor",
        text="\n".join(
            [line for finding in findings for line in _lines(finding)]
            + _closing(findings, tried)
            + _told(data["report"])
        ),
        data=data,
        exit_code=check.exit_code(findings),
    )


def _explained(id_: str) -> Result:
    from todoctl.preflight.explain import explain

    text = explain(id_)
    return Result("doctor", text=text, data={"checks": [], "fixes": [], "report": None, "explanation": text})


def _lines(finding: Finding) -> list[str]:
    word = finding.status.value
    lines = [f"{click.style(f'{word:<8}', fg=COLORS[word])} {finding.title}: {finding.found}"]
    if finding.error is not None:
        lines[0] += click.style(f" [{finding.id}]", dim=True)
    if finding.because:
        lines.append(f"{'':<8}   because: {finding.because}")
    if finding.hint:
        lines.append(f"{'':<8}   hint: {finding.hint}")
    return lines


def _closing(findings: Sequence[Finding], tried: Sequence[Tried]) -> list[str]:
    """Return where to read more, and what may be repaired, for what does not hold."""
    broken = [one for one in findings if one.error is not None]
    if not broken:
        return []
    offered = {one.id for one in tried}
    fixable = [one.title for one in broken if one.repair and one.id != HOSTS and one.id not in offered]
    lines = ["", "The ids in [brackets] are explained by `todoctl doctor --explain ID`."]
    if fixable:
        lines.append(f"`todoctl doctor --fix` can repair: {', '.join(fixable)}.")
    return lines


def _report(installation: Installation, path: Path, data: dict[str, Any]) -> dict[str, Any]:
    from todoctl.cli import logfile, status
    from todoctl.recipes import report
    from todoctl.recipes.status import live

    with installation.reporter.step("Report"):
        written = report.write(
            installation,
            path,
            {
                "doctor.json": lambda: data,
                "status.json": lambda: status.data(live(installation), installation.settings),
                "todoctl.log": logfile.newest,
            },
        )
    return {"path": str(written.path), "files": list(written.files), "failed": list(written.failed)}


def _told(report: dict[str, Any] | None) -> list[str]:
    if report is None:
        return []
    files = f"{report['path']} has {len(report['files'])} files, and no secret that todoctl knows of."
    return ["", files, "Look through it before you send it."]


def _fix(one: Tried) -> dict[str, str | None]:
    return {
        "id": one.id,
        "title": one.title,
        "outcome": one.outcome.value,
        "what": one.error.what if one.error else None,
        "because": one.error.because if one.error else None,
        "hint": one.error.hint if one.error else None,
    }
