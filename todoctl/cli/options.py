"""The options that several verbs share, and the settings made from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from todoctl.cli.logfile import LogFile
from todoctl.cli.terminal import Terminal
from todoctl.errors import TodoctlError
from todoctl.settings import BUILD_SECONDS, DEFAULT_NAMESPACE, DEFAULT_PROFILE, WAIT_SECONDS, Settings

if TYPE_CHECKING:
    from todoctl.steps import Steps

READ_ONLY = frozenset(
    {
        "bundle verify",
        "completion",
        "diff",
        "doctor",
        "history",
        "manifests",
        "port-forward",
        "secrets names",
        "status",
        "version",
    }
)
"""Verbs that change nothing, so that their runs need no log unless they fail (see `main.NO_FAILURE`).

They may be asked every few seconds.
"""

Function = TypeVar("Function", bound=Callable[..., Any])

# RFC 1123, as Kubernetes reads it: a namespace is a label, a host a subdomain.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")


def label(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Let a DNS label through (RFC 1123), which a namespace has to be."""
    if not _LABEL.match(value):
        raise click.BadParameter(
            f"{value!r} is not a DNS label: at most 63 of a-z, 0-9 and '-', with a letter or digit at each end",
            param=parameter,
        )
    return value


def subdomain(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Let a lower-case host name through (RFC 1123)."""
    if value is not None and (len(value) > 253 or not all(_LABEL.match(part) for part in value.split("."))):  # noqa: PLR2004 - RFC 1123
        raise click.BadParameter(f"{value!r} is not a host name: lower-case labels joined by dots", param=parameter)
    return value


_HOST = r"([a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?|[a-z0-9-]+:[0-9]+|localhost)"
_PATH = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_HOST}(/{_PATH})*\Z")


def repository(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Let `HOST/PATH` through. To Docker, what has no dot, no port and is not `localhost` is a user of Docker Hub."""
    if value is not None and not _REPOSITORY.match(value):
        raise click.BadParameter(
            f"{value!r} is not HOST/PATH, such as registry.example.com/todo (Docker Hub: docker.io/USER)",
            param=parameter,
        )
    return value


def _stack(*decorators: Callable[[Function], Function]) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


_QUIET = "todoctl.quiet"


def _remember_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    context.meta[_QUIET] = value


output: Callable[[Any], Any] = _stack(
    click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="What goes to stdout.",
    ),
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_remember_quiet,
        help="Show only warnings, questions and errors.",
    ),
    click.option("--debug", is_flag=True, help="Show every step, and tracebacks."),
    click.option("--no-color", is_flag=True, help="No colour (also: NO_COLOR, TERM=dumb)."),
)


def _profiles(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a profile's name: nothing where Minikube does not tell, as Tab is no place for an error."""
    from todoctl.targets import minikube

    with suppress(TodoctlError):
        return [name for name in minikube.profiles() if name.startswith(incomplete)]
    return []


def _contexts(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a context's name."""
    from todoctl.adapters import kubeconfig

    with suppress(TodoctlError):
        return [name for name in kubeconfig.contexts() if name.startswith(incomplete)]
    return []


profile: Callable[[Any], Any] = click.option(
    "-p",
    "--profile",
    metavar="NAME",
    default=DEFAULT_PROFILE,
    show_default=True,
    envvar="TODOCTL_PROFILE",
    show_envvar=True,
    help="The Minikube profile.",
    shell_complete=_profiles,
)

environment: Callable[[Any], Any] = click.option(
    "-e",
    "--environment",
    type=click.Choice(["development", "staging", "production"]),
    default="development",
    show_default=True,
    metavar="NAME",
    help="development is for this host; staging and production are for a cluster anywhere.",
)

minikube_too: Callable[[Any], Any] = click.option(
    "--yes-really",
    "minikube_too",
    is_flag=True,
    help="For staging and production: also where the context is a Minikube's.",
)

registry: Callable[[Any], Any] = _stack(
    click.option(
        "--registry",
        callback=repository,
        metavar="HOST/PATH",
        help="For staging and production: where images are pushed to, and pulled from.",
    ),
    click.option(
        "--image-pull-secret",
        metavar="NAME",
        callback=subdomain,
        help="For staging and production: the Secret in the namespace with the registry's credentials, "
        "if nodes need any.",
    ),
)

namespace: Callable[[Any], Any] = click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default=DEFAULT_NAMESPACE,
    show_default=True,
    callback=label,
    help="The installation's namespace.",
)

timeout: Callable[[Any], Any] = click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help=f"How long each wait may take [default: {WAIT_SECONDS:.0f}, for the builds {BUILD_SECONDS:.0f}].",
)

context: Callable[[Any], Any] = click.option(
    "--context",
    metavar="NAME",
    help="The kubeconfig context, if its name is not the profile's; kind-NAME and k3d-NAME work too.",
    shell_complete=_contexts,
)

cluster: Callable[[Any], Any] = _stack(
    profile,
    context,
    namespace,
    timeout,
)

host: Callable[[Any], Any] = click.option(
    "--host",
    metavar="NAME",
    callback=subdomain,
    help="The Ingress's host, where it is not the environment's own; a second installation needs one.",
)

env_file: Callable[[Any], Any] = click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with OPENAI_API_KEY or an external DATABASE_URL, one KEY=value a line.",
)

database_ca: Callable[[Any], Any] = click.option(
    "--database-ca",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A PEM file with the CA of an external database, for `sslmode=verify-full` in its DATABASE_URL.",
)

take_over: Callable[[Any], Any] = _stack(
    click.option(
        "--force-conflicts",
        is_flag=True,
        help="Show which fields other field managers own, and take over these and no others, after a question.",
    ),
    click.option(
        "--recreate",
        multiple=True,
        metavar="KIND/NAME",
        help="If a field of this object cannot be changed, delete and recreate it; never for what holds data.",
    ),
)

yes: Callable[[Any], Any] = click.option("-y", "--yes", is_flag=True, help="Answer every question with yes.")


def terminal(*, debug: bool = False, no_color: bool = False, yes: bool = False, changes: bool = False) -> Terminal:
    """Make the command's terminal from its options, and begin the log of a command that changes anything.

    `changes` says that a verb does which usually does not.
    """
    context = click.get_current_context()
    log = context.find_object(LogFile)
    verb = context.command_path.partition(" ")[2]
    if log is not None and (changes or verb not in READ_ONLY):
        log.begin(verb)
    return Terminal(
        assume_yes=yes, debug=debug, color=False if no_color else None, quiet=context.meta.get(_QUIET, False), log=log
    )


def settings(*, profile: str = DEFAULT_PROFILE, context: str | None = None, **others: Any) -> Settings:
    """Make the command's settings; the context is the profile's own unless one is named.

    An environment beyond this host has to name one: no Minikube may be taken for it by default. Raises UsageError where
    it does not, and as `require_fitting` does.
    """
    made = Settings(profile=profile, context=context or profile, **others)
    if made.elsewhere and not context:
        raise click.UsageError(f"--environment {made.environment} needs --context")
    require_fitting(made)
    return made


def require_fitting(settings: Settings) -> None:
    """Raise UsageError for options that are of an environment beyond this host alone, in any other."""
    given = {
        "--registry": settings.registry,
        "--image-pull-secret": settings.image_pull_secret,
        "--yes-really": settings.minikube_too,
    }
    for option, value in given.items():
        if value and not settings.elsewhere:
            raise click.UsageError(f"{option} is for --environment staging or production")


def steps(
    *,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
    yes: bool = False,
    **others: Any,
) -> Steps:
    """Make the command's steps from its options: those of the settings, `yes` if it has it, and `output`'s."""
    from todoctl.steps import Steps

    return Steps(settings(**others), terminal(debug=debug, no_color=no_color, yes=yes))


def require_registry(settings: Settings) -> None:
    """Raise UsageError where the environment pulls its images, and nobody said from where."""
    if settings.elsewhere and not settings.registry:
        raise click.UsageError(f"--environment {settings.environment} needs --registry")
