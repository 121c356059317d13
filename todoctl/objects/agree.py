"""What a person is shown, and asked, before anything is taken over that is not todoctl's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.errors import ConsentError
from todoctl.objects import adopt
from todoctl.objects.diff import common
from todoctl.objects.hidden import LAST_APPLIED
from todoctl.objects.inventory import Obsolete
from todoctl.objects.plan import ApplyPlan
from todoctl.reporter import Reporter


@dataclass(frozen=True)
class Adoption:
    """What somebody agreed to: objects to adopt, by their labels; Secrets and Helm's records to clean up after it."""

    labels: frozenset[str] = frozenset()
    leaking: tuple[Object, ...] = ()
    records: tuple[Obsolete, ...] = ()


def to_adoption(
    cluster: Cluster,
    planned: ApplyPlan,
    secrets: Iterable[Object | None],
    reporter: Reporter,
    *,
    agreed: Collection[Obsolete] = (),
) -> Adoption:
    """Show what adopting would do to each object and Secret, and ask; nothing is written.

    Helm's record of the release is a question of its own, to which a no is as good; but for what of it somebody has
    `agreed` to remove already. Raises ConsentError.
    """
    leaking = tuple(one for one in secrets if one is not None and adopt.leaks(one))
    if not planned.adopting and not leaking:
        return Adoption()
    shared = common([one.change for one in planned.adopting])
    told = [difference for difference, _ in shared]
    plan: list[str] = []
    for one in planned.adopting:
        plan.append(f"{one.label}: made by {' and '.join(one.adopted)}")
        plan += [f"  {difference}" for difference in one.change.differences if difference not in told]
    for secret in leaking:
        plan += [f"Secret/{secret['metadata']['name']}", f"  metadata.annotations.{LAST_APPLIED}: its values go away"]
    plan += [f"in {number} objects {difference}" for difference, number in shared]
    with reporter.step("Adopt"):
        labels = frozenset(one.label for one in planned.adopting)
        reporter.confirm(f"Take over what others made: {_counted(len(labels) + len(leaking), 'object')}?", plan)
        records = adopt.records(cluster, adopt.releases(one.live for one in planned.adopting))
        return Adoption(labels, leaking, _obsolete([one for one in records if one not in agreed], reporter))


def to_take_over(planned: ApplyPlan, reporter: Reporter) -> None:
    """Show each conflict, and ask whether todoctl may win them. Raises ConsentError."""
    plan = [f"{one.label} {conflict}" for one in planned.conflicting for conflict in one.conflicts]
    reporter.confirm(f"Take over {_counted(len(plan), 'field')}, and set what the manifests have?", plan)


def _obsolete(found: Sequence[Obsolete], reporter: Reporter) -> tuple[Obsolete, ...]:
    """Return the Secrets in which Helm keeps its release, where they are to go."""
    if not found:
        return ()
    plan = ["of no use when all is applied, as `helm uninstall` would remove what is no longer Helm's:"]
    plan += [f"  Secret/{one.name}" for one in found]
    try:
        reporter.confirm("Remove Helm's record of its release, too?", plan)
    except ConsentError:
        reporter.note("it is kept: do not run `helm uninstall` or `helm upgrade` with it")
        return ()
    return tuple(found)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
