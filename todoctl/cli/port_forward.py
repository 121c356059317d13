"""`todoctl port-forward`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from todoctl.cli import options, stdout
from todoctl.errors import ExitCode
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.recipes.forward import Wanted
    from todoctl.reporter import Reporter

EPILOG = """\b
Examples:
  todoctl port-forward                           the app, at http://localhost:3000
  todoctl port-forward --open                    the same, in a browser
  todoctl port-forward backend                   the API alone
  todoctl port-forward frontend backend postgres     all three at once
  todoctl port-forward frontend:8080 postgres:0  at a local port of one's own; 0: any that is free
"""

PARTS = ("frontend", "backend", "postgres")
_HIGHEST_PORT = 65535


def targets(_context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> list[Wanted]:
    """Read `PART` and `PART:LOCAL_PORT`; no part twice, and the frontend where none is named."""
    from todoctl.recipes.forward import Wanted

    found: list[Wanted] = []
    for word in words or ("frontend",):
        part, colon, port = word.partition(":")
        if part not in PARTS:
            raise click.BadParameter(f"{part!r} is none of {', '.join(PARTS)}", param=parameter)
        if colon and not (port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT):
            raise click.BadParameter(f"{word!r}: the local port is a number up to {_HIGHEST_PORT}", param=parameter)
        if any(one.part == part for one in found):
            raise click.BadParameter(f"{part!r} is there twice", param=parameter)
        found.append(Wanted(part, int(port) if colon else None))
    return found


def _parts(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [part for part in PARTS if part.startswith(incomplete)]


@click.command("port-forward", short_help="Reach the app through local ports, until Ctrl-C.", epilog=EPILOG)
@click.argument("wanted", metavar="[PART[:LOCAL_PORT]]...", nargs=-1, callback=targets, shell_complete=_parts)
@click.option(
    "--port",
    type=click.IntRange(0, _HIGHEST_PORT),
    metavar="PORT",
    help="The local port, where there is one part alone.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the URL in a browser.")
@options.cluster
@options.output
def command(
    *,
    wanted: list[Wanted],
    port: int | None,
    open_browser: bool,
    profile: str,
    context: str | None,
    namespace: str,
    timeout: float | None,
    output: str,
    debug: bool,
    no_color: bool,
) -> ExitCode:
    """Forward local ports to parts of the app, until Ctrl-C. Needs no Ingress and no hosts line.

    PART is frontend (the default), backend or postgres; LOCAL_PORT is the part's own unless one is named. If a port
    is taken, says so and uses the next free one. Prints the URLs once the parts have answered, and reconnects when a
    pod or the cluster comes back.
    """
    from todoctl.access.forward import PARTS as FORWARDABLE
    from todoctl.installation import Installation
    from todoctl.recipes.forward import port_forward

    wanted = _with_port(wanted, port)
    if open_browser and all(one.part == "postgres" for one in wanted):
        raise click.UsageError("--open has nothing to show of postgres")
    settings = options.settings(profile=profile, context=context, namespace=namespace, timeout=timeout)
    terminal = options.terminal(debug=debug, no_color=no_color)
    # Once the ports are open, Ctrl-C is how it ends: nothing went wrong.
    with port_forward(Installation(settings, terminal), wanted) as forwards, contextlib.suppress(KeyboardInterrupt):
        found = [
            {"part": one.part, "port": at.port, "url": f"{FORWARDABLE[one.part].scheme}://localhost:{at.port}"}
            for one, at in zip(wanted, forwards, strict=True)
        ]
        # Now, and not at the end: the command goes on until it is stopped.
        stdout.write(_text(found) if output == "text" else _json(found))
        if open_browser:
            _open(next(str(one["url"]) for one in found if one["part"] != "postgres"), terminal)
        forwards[0].wait()
    return ExitCode.OK


def _with_port(wanted: list[Wanted], port: int | None) -> list[Wanted]:
    if port is None:
        return wanted
    if len(wanted) > 1 or wanted[0].local_port is not None:
        example = " ".join(f"{one.part}:{port + number}" for number, one in enumerate(wanted))
        raise click.UsageError(f"--port is for one part that has no port yet; name each part's own, as in `{example}`")
    from todoctl.recipes.forward import Wanted

    return [Wanted(wanted[0].part, port)]


def _text(found: Sequence[dict[str, object]]) -> str:
    if len(found) == 1:
        return str(found[0]["url"])
    return "\n".join(f"{one['part']:<9} {one['url']}" for one in found)


def _json(found: Sequence[dict[str, object]]) -> str:
    from todoctl.cli import envelope

    return envelope.of_result(Result("port-forward", data={"forwards": list(found)}))


def _open(url: str, reporter: Reporter) -> None:
    """Open a browser, and go on meanwhile: one in a terminal would come back only when it is left."""

    def start() -> None:
        from todoctl.adapters import system

        if not system.open_browser(url):
            reporter.warn(f"there is no browser here that could be opened: go to {url} yourself")

    threading.Thread(target=start, name="open-browser", daemon=True).start()
