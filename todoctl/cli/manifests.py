"""`todoctl manifests`."""

from __future__ import annotations

import click

from todoctl.cli import options
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl manifests | less
  todoctl manifests --environment production
"""


@click.command("manifests", short_help="Print the manifests that an install would apply.", epilog=EPILOG)
@options.environment
@options.namespace
@options.host
@options.output
def command(
    *,
    environment: str,
    namespace: str,
    host: str | None,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
) -> Result:
    """Print the manifests that an install would apply: the Secrets are no part of them.

    Needs no cluster, but a Docker engine: its platform is part of the images' tags. Install adds one annotation to each
    pod template that reads a Secret: the Secret's version.
    """
    from todoctl.objects import manifests
    from todoctl.settings import Settings
    from todoctl.steps import Steps

    settings = Settings(namespace=namespace, host=host, environment=environment)
    steps = Steps(settings, options.terminal(debug=debug, no_color=no_color))
    objects = steps.manifests(steps.fingerprint())
    return Result("manifests", text=manifests.dump(objects), data={"objects": objects})
