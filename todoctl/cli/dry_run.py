"""What `todoctl install --dry-run` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from todoctl.errors import ExitCode
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.recipes.dry_run import DryRun
    from todoctl.steps import Steps


def result(steps: Steps) -> Result:
    """Look at all that an install would do, and return it as the command's result."""
    from todoctl.recipes.dry_run import dry_run

    planned = dry_run(steps)
    return Result(
        "install",
        text="\n".join(_lines(planned)),
        data=_data(planned),
        exit_code=ExitCode.OK if planned.empty else ExitCode.FINDINGS,
    )


def _lines(planned: DryRun) -> Iterator[str]:
    from todoctl.cli import diff
    from todoctl.images.image import POSTGRES

    if planned.start is not None:
        yield f"would ask: {planned.start}"
    yield from (f"would enable addon {addon}" for addon in planned.addons)
    for reference, there in planned.images:
        work = "pull" if reference == POSTGRES else "build"
        yield f"{reference}: {'there already' if there else f'would {work}'}"
    for one in planned.transfers:
        yield f"{one.reference}: {f'on node {one.node} already' if one.held else f'would send to node {one.node}'}"
    yield from (f"{one}: {'in the registry already' if there else 'would push'}" for one, there in planned.pushes)
    if planned.diff is None:
        yield "What the cluster holds is not known until it runs."
    else:
        if planned.start is not None:
            yield "The cluster is still to be made, so its nodes get every image."
        yield from diff.lines(planned.diff)
    yield "Nothing was changed."


def _data(planned: DryRun) -> dict[str, Any]:
    from todoctl.cli import diff

    return {
        "dryRun": True,
        "changed": not planned.empty,
        "start": planned.start,
        "addons": list(planned.addons),
        "images": [{"reference": reference, "present": there} for reference, there in planned.images],
        "transfers": [{"node": one.node, "reference": one.reference, "held": one.held} for one in planned.transfers],
        "pushes": [{"reference": reference, "present": there} for reference, there in planned.pushes],
        "diff": None if planned.diff is None else diff.diff_data(planned.diff),
    }
