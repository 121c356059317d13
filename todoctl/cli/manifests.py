"""`todoctl manifests`."""

from __future__ import annotations

from typing import Any

import click

from todoctl.cli import options
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl manifests | less
  todoctl manifests --environment production
  todoctl manifests -e staging --registry registry.example.com/todo
"""


@click.command("manifests", short_help="Print the manifests that an install would apply.", epilog=EPILOG)
@options.environment
@options.registry
@options.namespace
@options.host
@options.output
def command(
    *,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
    **given: Any,
) -> Result:
    """Print the manifests that an install would apply: the Secrets are no part of them.

    Needs no cluster, but a Docker engine: its platform is part of the images' tags. Staging's and production's images
    are named as an install names them where `--registry` is given: by digest, if the registry has them already.
    Otherwise by the tag that they have here. Install adds one annotation to each pod template that reads a Secret: the
    Secret's version.
    """
    from todoctl.objects import manifests
    from todoctl.settings import Settings
    from todoctl.steps import Steps

    settings = Settings(**given)
    options.require_fitting(settings)
    steps = Steps(settings, options.terminal(debug=debug, no_color=no_color))
    plans = steps.fingerprint()
    objects = steps.manifests(steps.pin(plans) if settings.registry else plans)
    return Result("manifests", text=manifests.dump(objects), data={"objects": objects})
