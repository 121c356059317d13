"""`todoctl diff`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from todoctl.cli import options
from todoctl.errors import ExitCode
from todoctl.result import Result

if TYPE_CHECKING:
    from todoctl.objects.diff import Change, Difference
    from todoctl.objects.plan import Conflict, Planned
    from todoctl.recipes.diff import Diff
    from todoctl.secrets import SecretState

COLORS = {"created": "green", "configured": "yellow", "filled": "yellow", "changed": "yellow", "pruned": "red"}

EPILOG = """\b
Examples:
  todoctl diff                what an install would change
  todoctl diff -o json        the same for a program
  todoctl diff || echo drift  3 where there is a change
"""


@click.command("diff", short_help="Show what an install would change, field by field.", epilog=EPILOG)
@options.cluster
@options.host
@options.env_file
@options.database_ca
@options.environment
@options.registry
@options.output
def command(
    *,
    profile: str,
    context: str | None,
    output: str,  # noqa: ARG001 - read by main
    debug: bool,
    no_color: bool,
    **others: Any,
) -> Result:
    """Compare the cluster's objects, field by field, with what an install would make of them, and change nothing.

    Exits with 0 where an install would change nothing, 3 where it would. Values of Secrets are not shown.
    """
    from todoctl.recipes.diff import diff
    from todoctl.steps import Steps

    settings = options.settings(profile=profile, context=context, **others)
    options.require_registry(settings)
    found = diff(Steps(settings, options.terminal(debug=debug, no_color=no_color)))
    return Result(
        "diff",
        text="\n".join(lines(found)),
        data=diff_data(found),
        exit_code=ExitCode.OK if found.empty else ExitCode.FINDINGS,
    )


def lines(found: Diff) -> Iterator[str]:
    """Yield what a person reads: each object that would change, its fields with both values, and a sum."""
    from todoctl.objects.diff import common

    for state in found.secrets.states:
        if state.keys:
            yield f"{_action(state.action.value)} Secret/{state.name}"
            yield from (f"  {key}" for key in state.keys)
    changed = [one for one in found.objects.objects if one.change.action.value != "unchanged"]
    shared = common([one.change for one in changed])
    told = [difference for difference, _ in shared]
    for one in changed:
        yield from _change(one.change, told, f" (adopted from {', '.join(one.adopted)})" if one.adopted else "")
        yield from _obstacles(one)
    for other in found.others:
        yield from _change(other)
    if shared:
        yield f"{_action('configured')} in several objects"
    for difference, number in shared:
        yield from _difference(difference, f" ({number})")
    for release in found.releases:
        yield f"obsolete: Helm's record of its release {release}"
    words = [state.action.value if state.keys else "unchanged" for state in found.secrets.states]
    words += [change.action.value for change in (*found.objects.changes.changes, *found.others)]
    counts = ", ".join(f"{words.count(word)} {word}" for word in sorted({*words}))
    yield "No change: all is as an install would leave it." if found.empty else counts


def _obstacles(one: Planned) -> Iterator[str]:
    """Yield what stands between an object and its change: other managers, and the server."""
    if one.refused:
        yield f"  {click.style('refused', fg='red')}: {one.refused}"
    for conflict in one.conflicts:
        yield f"  {click.style('conflict', fg='red')}: {conflict.owner} owns {conflict.field}"


def diff_data(found: Diff) -> dict[str, Any]:
    """Return a diff as plain JSON types."""
    return {
        "changed": not found.empty,
        "secrets": [secret_data(state) for state in found.secrets.states],
        "objects": [
            {
                **data(one.change),
                "conflicts": [conflict_data(conflict) for conflict in one.conflicts],
                "immutable": list(one.refused.fields) if one.refused else [],
                "adopted": list(one.adopted),
            }
            for one in found.objects.objects
        ]
        + [{**data(change), "conflicts": [], "immutable": [], "adopted": []} for change in found.others],
        "helmReleases": list(found.releases),
    }


def data(change: Change) -> dict[str, Any]:
    """Return a change as plain JSON types."""
    return {
        "kind": change.kind,
        "name": change.name,
        "action": change.action.value,
        "fields": [{"path": one.path, "before": one.before, "after": one.after} for one in change.differences],
    }


def conflict_data(conflict: Conflict) -> dict[str, Any]:
    """Return a conflict as plain JSON types."""
    return {"field": conflict.field, "owner": conflict.owner, "theirs": conflict.theirs, "ours": conflict.ours}


def secret_data(state: SecretState) -> dict[str, Any]:
    """Return what became of a Secret as plain JSON types: no value."""
    return {"name": state.name, "action": state.action.value, "keys": list(state.keys)}


def _change(change: Change, told: Sequence[Difference] = (), remark: str = "") -> Iterator[str]:
    yield f"{_action(change.action.value)} {change.kind}/{change.name}{remark}"
    for difference in change.differences:
        if difference not in told:
            yield from _difference(difference)


def _action(word: str) -> str:
    return click.style(word, fg=COLORS[word])


def _difference(one: Difference, remark: str = "") -> Iterator[str]:
    from todoctl.objects.diff import OWNERSHIP

    if one.path == OWNERSHIP:
        yield "  the set of fields that todoctl owns"
        return
    yield f"  {one.path}{remark}"
    if one.before == one.after:
        yield "    differs, not shown"
    elif isinstance(one.before, str) and isinstance(one.after, str) and "\n" in one.before + one.after:
        unified = difflib.unified_diff(one.before.splitlines(), one.after.splitlines(), lineterm="", n=1)
        yield from (f"    {line}" for line in unified if line[:3] not in {"---", "+++"})
    else:
        for sign, value, color in (("-", one.before, "red"), ("+", one.after, "green")):
            if value is not None:
                yield "    " + click.style(f"{sign} {json.dumps(value, ensure_ascii=False)}", fg=color)
