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

EPILOG = """\b
Examples:
  todoctl install                                the app at http://todo-app.local
  todoctl install --yes -p workshop --cpus 4     its own Minikube, nothing asked
  todoctl install --env-file .env                with OPENAI_API_KEY in the file
  todoctl install -n second --host second.local  one more, beside the first
  todoctl install --force-conflicts              win back what kubectl has set by hand
"""


@click.command("install", epilog=EPILOG)
@options.cluster
@options.host
@options.env_file
@click.option(
    "--database-ca",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A PEM file with the CA of an external database, for `sslmode=verify-full` in its DATABASE_URL.",
)
@click.option("--driver", help="For a Minikube that is made: its driver [default: Minikube's choice].")
@click.option(
    "--cpus", type=click.IntRange(min=1), help="For a Minikube that is made: its cores [default: 4, or all there are]."
)
@click.option(
    "--memory",
    "memory_mib",
    type=click.IntRange(min=1),
    metavar="MIB",
    help="For a Minikube that is made: its memory [default: 8192, or half of the machine's].",
)
@click.option(
    "--force-conflicts",
    is_flag=True,
    help="Show which fields other field managers own, and take over these and no others, after a question.",
)
@click.option(
    "--recreate",
    multiple=True,
    metavar="KIND/NAME",
    help="If a field of this object cannot be changed, delete it and make it anew; never for what holds data.",
)
@options.yes
@options.output
def command(
    *,
    profile: str,
    context: str | None,
    yes: bool,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
    **others: Any,
) -> Result:
    """Bring the app up on Minikube, or up to date: build, sideload, apply, wait, and show the way in.

    Starts Minikube when it is stopped or absent, after a question. Run it again at any time: what is done already is
    not done twice.
    """
    from todoctl.install import install
    from todoctl.steps import Steps

    settings = options.settings(profile=profile, context=context, **others)
    installed = install(Steps(settings, options.terminal(debug=debug, no_color=no_color, yes=yes)))
    return Result("install", text=_text(installed, settings), data=_data(installed))


def _text(installed: Installed, settings: Settings) -> str:
    from todoctl.access.hosts import Entry

    access = installed.access
    lines = ["The app is up to date." if installed.changed else "The app is up to date: there was nothing to do."]
    lines += [f"HorizontalPodAutoscaler/{name} is warming up: no figures yet" for name in installed.rolled.warming_up]
    lines += ["", f"  {access.url}", ""]
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
    lines += ["Without the Ingress: " + _port_forward(settings)]
    return "\n".join(lines)


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

    access = installed.access
    return {
        "changed": installed.changed,
        "images": [build.data(one) for one in installed.built],
        "sideloaded": [load.data(one) for one in installed.sideloaded],
        "secrets": [diff.secret_data(one) for one in installed.secrets.states],
        "objects": [diff.data(one) for one in installed.changes.changes],
        "release": installed.release,
        "warmingUp": list(installed.rolled.warming_up),
        "access": {
            "url": access.url,
            "hostsFile": access.advice.hosts_file,
            "hostsLine": access.advice.hosts_line,
            "hostsEntry": access.hosts_entry.entry.value,
            "tunnel": access.advice.tunnel,
        },
    }
