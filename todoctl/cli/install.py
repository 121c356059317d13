"""`todoctl install`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.result import Result
from todoctl.settings import DEFAULT_NAMESPACE, DEFAULT_PROFILE

if TYPE_CHECKING:
    from todoctl.install import Installed
    from todoctl.settings import Settings
    from todoctl.steps import Access, RemoteAccess

EPILOG = """\b
Examples:
  todoctl install                                the app at http://todo-app.local
  todoctl install --yes -p workshop --cpus 4     its own Minikube, nothing asked
  todoctl install --env-file .env                with OPENAI_API_KEY in the file
  todoctl install -n second --host second.local  one more, beside the first
  todoctl install --dry-run                      what it would do, images included
  todoctl install --force-conflicts              win back what kubectl has set by hand
  todoctl install --offline --bundle todo.bundle  all from one file, without a network
  todoctl install -e staging --context shared --registry registry.example.com/todo --env-file staging.env
"""


@click.command("install", short_help="Bring the app up on Kubernetes, or up to date.", epilog=EPILOG)
@options.cluster
@options.host
@options.env_file
@options.database_ca
@click.option("--offline", is_flag=True, help="Ask no network for anything: all comes from --bundle.")
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="For --offline: what `todoctl bundle save` wrote. The profile must be there and run.",
)
@options.environment
@options.registry
@options.minikube_too
@click.option("--driver", metavar="NAME", help="When creating a Minikube: its driver [default: Minikube's choice].")
@click.option(
    "--cpus",
    type=click.IntRange(min=1),
    metavar="N",
    help="When creating a Minikube: its cores [default: 4, or all there are].",
)
@click.option(
    "--memory",
    "memory_mib",
    type=click.IntRange(min=1),
    metavar="MIB",
    help="When creating a Minikube: its memory [default: 8192, or half of the machine's].",
)
@click.option("--dry-run", is_flag=True, help="Show all that an install would do, and do nothing.")
@options.take_over
@options.yes
@options.output
def command(
    *,
    profile: str,
    context: str | None,
    offline: bool,
    bundle: Path | None,
    yes: bool,
    dry_run: bool,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
    **others: Any,
) -> Result:
    """Bring the app up on Minikube, or up to date: build, sideload, apply, wait, and show the way in.

    Starts Minikube when it is stopped or absent, after a question. Run it again at any time: what is done already is
    not done twice. Staging and production go to the cluster of `--context`: the images are pushed to `--registry` with
    Docker's own credentials, and pods name them by digest. With `--dry-run` it exits with 0 where there is nothing to
    do, 3 where there is.
    """
    from todoctl.install import install
    from todoctl.steps import Steps

    if offline is not (bundle is not None):
        raise click.UsageError("--offline and --bundle FILE belong together")
    settings = options.settings(profile=profile, context=context, bundle=bundle, **others)
    if offline and (dry_run or settings.elsewhere):
        other = "--dry-run" if dry_run else f"--environment {settings.environment}, which pulls its images"
        raise click.UsageError(f"--offline does not go with {other}")
    options.require_registry(settings)
    steps = Steps(settings, options.terminal(debug=debug, no_color=no_color, yes=yes))
    if dry_run:
        from todoctl.cli import dry_run as plan

        return plan.result(steps)
    installed = install(steps)
    return Result("install", text=_text(installed, settings), data=_data(installed))


def _text(installed: Installed, settings: Settings) -> str:
    access = installed.access
    lines = ["The app is up to date." if installed.changed else "The app is up to date: there was nothing to do."]
    lines += [f"HorizontalPodAutoscaler/{name} is warming up: no metrics yet" for name in installed.rolled.warming_up]
    lines += ["", f"  {access.url}", ""]
    lines += _way_in(access)
    lines += ["Without the Ingress: " + _port_forward(settings)]
    return "\n".join(lines)


def _way_in(access: Access | RemoteAccess) -> list[str]:
    from todoctl.access.hosts import Entry
    from todoctl.steps import RemoteAccess

    if isinstance(access, RemoteAccess):
        if access.answered:
            return []
        where = ", ".join(access.addresses) or "the ingress controller's address"
        return [f"{access.host} is not in DNS, so nothing was asked there. Point its DNS record at {where}"]
    if not access.advice.reachable:
        return ["The cluster publishes no port 80 at this machine's address, so this URL leads nowhere here."]
    lines: list[str] = []
    match access.hosts_entry.entry:
        case Entry.ABSENT | Entry.UNREADABLE:
            lines += [f"Add this line to {access.advice.hosts_file}:", f"  {access.advice.hosts_line}", "so:"]
            lines += [f"  {access.advice.commands[0]}"]
        case Entry.OTHER_ADDRESS:
            found = ", ".join(access.hosts_entry.addresses)
            lines += [f"{access.advice.hosts_file} has another address for the host ({found}). Replace its lines with:"]
            lines += [f"  {access.advice.hosts_line}"]
        case Entry.PRESENT:
            pass
    if access.advice.tunnel:
        lines += ["Keep this running in another terminal:", f"  {access.advice.tunnel}"]
    return lines


def _port_forward(settings: Settings) -> str:
    words = ["todoctl port-forward"]
    if settings.profile != DEFAULT_PROFILE:
        words += ["-p", settings.profile]
    if settings.context != settings.profile:
        words += ["--context", settings.context]
    if settings.namespace != DEFAULT_NAMESPACE:
        words += ["-n", settings.namespace]
    return " ".join(words)


def _data(installed: Installed) -> dict[str, Any]:
    from todoctl.cli import build, diff, load

    return {
        "changed": installed.changed,
        "images": [build.data(one) for one in installed.built],
        "sideloaded": [load.data(one) for one in installed.sideloaded],
        "pushed": [
            {"reference": one.reference, "pinned": one.pinned, "pushed": one.pushed, "seconds": round(one.seconds, 3)}
            for one in installed.pushed
        ],
        "secrets": [diff.secret_data(one) for one in installed.secrets.states],
        "objects": [diff.data(one) for one in installed.changes.changes],
        "release": installed.release,
        "warmingUp": list(installed.rolled.warming_up),
        "access": _access_data(installed.access),
    }


def _access_data(access: Access | RemoteAccess) -> dict[str, Any]:
    from todoctl.steps import RemoteAccess

    if isinstance(access, RemoteAccess):
        return {"url": access.url, "answered": access.answered, "addresses": list(access.addresses)}
    return {
        "url": access.url,
        "hostsFile": access.advice.hosts_file,
        "hostsLine": access.advice.hosts_line if access.advice.reachable else None,
        "hostsEntry": access.hosts_entry.entry.value,
        "tunnel": access.advice.tunnel,
    }
