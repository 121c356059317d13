"""`todoctl port-forward`."""

from __future__ import annotations

import contextlib
import sys

import click

from todoctl.cli import options
from todoctl.errors import ExitCode
from todoctl.result import Result

EPILOG = """\b
Examples:
  todoctl port-forward                     the app, at http://localhost:3000
  todoctl port-forward backend             the API alone
  todoctl port-forward postgres --port 5433
"""


@click.command("port-forward", epilog=EPILOG)
@click.argument("part", type=click.Choice(["frontend", "backend", "postgres"]), default="frontend")
@click.option("--port", type=click.IntRange(1, 65535), help="The local port [default: the part's own].")
@options.cluster
@options.output
def command(
    *,
    part: str,
    port: int | None,
    profile: str,
    context: str | None,
    namespace: str,
    timeout: float,
    output: str,
    debug: bool,
    no_color: bool,
) -> ExitCode:
    """Lead a local port to a part of the app, until Ctrl-C. Needs no Ingress and no hosts line.

    A port that is taken is named, and the next free one used. Prints the URL once the part has answered.
    """
    from todoctl.installation import Installation
    from todoctl.recipes.forward import port_forward

    settings = options.settings(profile=profile, context=context, namespace=namespace, timeout=timeout)
    installation = Installation(settings, options.terminal(debug=debug, no_color=no_color))
    with port_forward(installation, part, port) as forwarded:
        scheme = "postgresql" if part == "postgres" else "http"
        url = f"{scheme}://localhost:{forwarded.port}"
        if output == "text":
            # Now, and not at the end: the command goes on until it is stopped.
            sys.stdout.write(url + "\n")
            sys.stdout.flush()
        else:
            from todoctl.cli import envelope

            sys.stdout.write(envelope.of_result(Result("port-forward", data={"url": url, "part": part})) + "\n")
            sys.stdout.flush()
        # This is how it ends: nothing went wrong.
        with contextlib.suppress(KeyboardInterrupt):
            forwarded.wait()
    return ExitCode.OK
