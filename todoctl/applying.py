"""The steps of an installation that deal with the cluster's objects: look, adopt, secrets, apply, prune."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from todoctl.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from todoctl.adapters.kubernetes import Object
    from todoctl.images.build import Plan
    from todoctl.objects.agree import Adoption
    from todoctl.objects.diff import ChangeSet
    from todoctl.objects.inventory import Member
    from todoctl.objects.plan import ApplyPlan, Live
    from todoctl.secrets import SecretsReport


class Applying(Installation):
    """What leads from manifests to live objects. Everything is read once; what is agreed to is asked before a build."""

    def recreate(self) -> frozenset[str]:
        """Return the labels of the objects that may be deleted and made anew. Raises UsageError."""
        from todoctl.objects import immutable, manifests

        wanted = self.settings.recreate
        return frozenset(immutable.made_anew(one, manifests.load(self.settings.environment)) for one in wanted)

    def look(self, plans: Sequence[Plan]) -> Live:
        """Read every object of the installation at once, its Secrets and its inventory too."""
        from todoctl import secrets
        from todoctl.objects import inventory
        from todoctl.objects.plan import read_by_name

        namespace = self.settings.namespace
        others = [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}
            for name in (secrets.APP, secrets.POSTGRES)
        ]
        return read_by_name(self.cluster, [*self.manifests(plans), *others, inventory.manifest(namespace, ())])

    def adopt(self, plans: Sequence[Plan], live: Live, given: dict[str, str]) -> Adoption:
        """Show what `kubectl apply` or Helm made of the installation, and ask whether to take it over; write nothing.

        Raises ConsentError, and ConflictError where somebody else owns a field of it too.
        """
        from todoctl.objects import adopt, agree, inventory
        from todoctl.objects.plan import name_of

        secrets = [there for (kind, _), there in live.items() if kind == "Secret"]
        if not any(map(adopt.managers, live.values())) and not any(map(adopt.leaks, secrets)):
            return agree.Adoption()
        objects = self.manifests(plans, self.expected_secrets(given, live))
        planned = self._plan([item for item in objects if adopt.managers(live[name_of(item)])], live)
        if not self.settings.force_conflicts:
            planned.require_no_conflict()
        agreed = inventory.obsolete(live["ConfigMap", inventory.NAME])
        return agree.to_adoption(self.cluster, planned, secrets, self.reporter, agreed=agreed)

    def apply_namespace(self, plans: Sequence[Plan], adoption: Adoption) -> ChangeSet:
        """Apply the Namespace alone: the Secrets go into it before anything that reads them."""
        from todoctl.objects.apply import execute

        planned = self._plan([item for item in self.manifests(plans) if item["kind"] == "Namespace"], {})
        self._agree(planned, adoption)
        return execute(self.cluster, planned, observe=self.tell)

    def secrets(
        self, given: dict[str, str], adoption: Adoption | None = None, *, dry_run: bool = False
    ) -> SecretsReport:
        """Make the Secrets that are missing, keep the others; a dry run only tells.

        What `kubectl apply` keeps of their values goes first: a Secret that changed rolls the pods that read it.
        """
        from todoctl import secrets
        from todoctl.objects import adopt

        for leaking in adoption.leaking if adoption else ():
            adopt.forget_last_applied(self.cluster, leaking)
        report = secrets.ensure(
            self.cluster,
            self.settings.namespace,
            given,
            built_in_postgres=not self.settings.elsewhere,
            dry_run=dry_run,
        )
        for state in report.states:
            if state.keys and not dry_run:
                self.reporter.note(f"Secret/{state.name} {state.action.value}: {', '.join(state.keys)}")
        return report

    def expected_secrets(self, given: dict[str, str], live: Live) -> SecretsReport:
        """Tell what an install would make of the Secrets, and of their versions, on which pods depend."""
        from todoctl import secrets
        from todoctl.objects import adopt

        report = self.secrets(given, dry_run=True)
        states = (
            replace(state, resource_version=secrets.UNMADE) if adopt.leaks(live["Secret", state.name]) else state
            for state in report.states
        )
        return replace(report, states=tuple(states))

    def apply(
        self,
        objects: Sequence[Object],
        live: Live | None = None,
        adoption: Adoption | None = None,
        recreate: frozenset[str] = frozenset(),
    ) -> tuple[ChangeSet, tuple[Member, ...]]:
        """Apply everything but the Namespace, stage by stage; return the changes, and what the inventory names now.

        Before the first write the inventory names what was there and what comes. With `--force-conflicts` the
        conflicts are shown, and won after a question. When all is applied, Helm's record goes, if that was agreed to,
        in this run or in one that ended before it was done: the inventory has that too until then. Without an
        `adoption` it stays, and noted: what is applied then may be a part, and the rest still Helm's.
        """
        from todoctl.objects import adopt, inventory
        from todoctl.objects.apply import execute

        namespace = self.settings.namespace
        if live is None:
            live = {("ConfigMap", inventory.NAME): inventory.read(self.cluster, namespace)}
        planned = self._plan([item for item in objects if item["kind"] != "Namespace"], live)
        planned.require_changeable(recreate)
        self._agree(planned, adoption)
        record = live["ConfigMap", inventory.NAME]
        kept = [None if one.refused else one.live for one in planned.objects]
        named = inventory.members([one.manifest for one in planned.objects], kept)
        if not planned.changes.empty:
            record = inventory.read(self.cluster, namespace)  # another run may have ended while images were built
        recorded = inventory.union(inventory.parse(record), named)
        obsolete = {*inventory.obsolete(record), *(adoption.records if adoption else ())}
        inventory.record(self.cluster, namespace, recorded, record, obsolete)
        changes = execute(self.cluster, planned, recreate=recreate, observe=self.tell)
        if obsolete and adoption is not None:
            adopt.forget_release(self.cluster, obsolete)
            inventory.record(self.cluster, namespace, recorded, None)
        return changes, recorded

    def widen(self, objects: Sequence[Object], live: Iterable[Object]) -> list[Object]:
        """Return the objects with the ways to a database that todoctl gave the pods of before, too; see `narrow`.

        What somebody else wrote into a policy is theirs, and the plan's to tell of.
        """
        from todoctl.objects import manifests
        from todoctl.objects.applied import applied
        from todoctl.objects.diff import owned

        before = [item for item in live if item["kind"] == "NetworkPolicy"]
        return manifests.with_ways_of(objects, [item if owned(item) is None else applied(item) for item in before])

    def narrow(self, objects: Sequence[Object], opened: Sequence[Object]) -> ChangeSet:
        """Apply the ways to a database as `objects` have them, where `opened` had more; return what that changed.

        When no pod of before is left: one that still ends may still answer, from its own database.
        """
        from todoctl.objects import pods
        from todoctl.objects.diff import ChangeSet

        narrower = [ours for ours, wider in zip(objects, opened, strict=True) if ours != wider]
        if not narrower:
            return ChangeSet()
        pods.wait_until_rolled(self.cluster, self.settings.namespace, objects, deadline=self.deadline())
        changes, _ = self.apply(narrower)
        return changes

    def prune(self, objects: Sequence[Object], recorded: Sequence[Member]) -> ChangeSet:
        """Delete what the inventory names and the manifests no longer have, and have it name what is left."""
        from todoctl.objects import inventory, prune
        from todoctl.objects.diff import ChangeSet

        wanted = [item for item in objects if item["kind"] != "Namespace"]
        if all(member.uid for member in recorded) and not inventory.stale(recorded, wanted):
            return ChangeSet()
        return prune.prune(
            self.cluster,
            self.settings.namespace,
            wanted,
            recorded,
            deadline=self.deadline(),
            observe=self.tell,
        )

    def _plan(self, objects: Sequence[Object], live: Live) -> ApplyPlan:
        from todoctl.objects.plan import name_of, plan

        if not all(name_of(item) in live for item in objects):
            return plan(self.cluster, objects)
        return plan(self.cluster, objects, live=[live[name_of(item)] for item in objects])

    def _agree(self, planned: ApplyPlan, adoption: Adoption | None) -> None:
        """Have a yes for all that is not todoctl's own yet. Raises ConsentError and ConflictError."""
        from todoctl.objects import agree

        if not self.settings.force_conflicts:
            planned.require_no_conflict()
        elif planned.conflicting:
            agree.to_take_over(planned, self.reporter)
        agreed = adoption.labels if adoption else frozenset[str]()
        if any(one.label not in agreed for one in planned.adopting):
            agree.to_adoption(self.cluster, planned, (), self.reporter)  # somebody made it since
