from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from todoctl.adapters.kubernetes import Cluster
from todoctl.errors import ConsentError
from todoctl.objects.agree import to_adoption, to_take_over
from todoctl.objects.diff import Action, Change, Difference
from todoctl.objects.hidden import LAST_APPLIED
from todoctl.objects.inventory import Obsolete
from todoctl.objects.plan import ApplyPlan, Conflict, Planned

NOWHERE = cast("Cluster", None)
HELM = Difference("metadata.labels.app.kubernetes.io/managed-by", "Helm", None)


@dataclass
class Asked:
    """A reporter whose every question is answered alike."""

    yes: bool = True
    questions: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)

    def step(self, _title: str) -> Any:
        return nullcontext()

    def note(self, text: str) -> None:
        self.plan.append(text)

    def confirm(self, question: str, plan: Any = ()) -> None:
        self.questions.append(question)
        self.plan += plan
        if not self.yes:
            raise ConsentError("consent.declined", "no")


def made_by(manager: str, name: str, *differences: Difference) -> Planned:
    change = Change("Service", name, "mine", Action.CONFIGURED, differences)
    return Planned({}, {"metadata": {}}, change, adopted=(manager,))


def test_nothing_is_asked_where_everything_is_todoctl_s_own() -> None:
    asked = Asked()
    own = Planned({}, None, Change("Service", "web", "mine", Action.CREATED))
    adoption = to_adoption(NOWHERE, ApplyPlan((own,)), [None, {"metadata": {}}], cast("Any", asked))
    assert (adoption.labels, adoption.leaking, asked.questions) == (frozenset(), (), [])


def test_what_each_object_would_lose_is_shown_and_what_they_share_once() -> None:
    asked = Asked()
    port = Difference("spec.ports[http].port", 81, 80)
    plan = ApplyPlan((made_by("helm", "a", HELM, port), made_by("helm", "b", HELM), made_by("helm", "c", HELM)))
    adoption = to_adoption(NOWHERE, plan, [], cast("Any", asked))
    assert adoption.labels == {"Service/a", "Service/b", "Service/c"}
    assert asked.questions == ["Take over what others made: 3 objects?"]
    assert asked.plan == [
        "Service/a: made by helm",
        "  spec.ports[http].port: 81 → 80",
        "Service/b: made by helm",
        "Service/c: made by helm",
        'in 3 objects metadata.labels.app.kubernetes.io/managed-by: "Helm" → nothing',
    ]


def of_helm(name: str) -> Planned:
    annotations = {"meta.helm.sh/release-name": "todo", "meta.helm.sh/release-namespace": "mine"}
    return replace(made_by("helm", name, HELM), live={"metadata": {"annotations": annotations}})


class Keeping:
    """A cluster in which Helm keeps two revisions of its release."""

    def list(self, _kind: Any, namespace: str, *, labels: str) -> Any:
        assert (namespace, labels) == ("mine", "owner=helm,name=todo")
        kept = [{"name": f"sh.helm.release.v1.todo.v{one}", "namespace": namespace, "uid": str(one)} for one in (1, 2)]
        return [{"type": "helm.sh/release.v1", "metadata": metadata} for metadata in kept], "1"


FIRST, SECOND = (Obsolete("mine", f"sh.helm.release.v1.todo.v{one}", str(one)) for one in (1, 2))


@pytest.mark.parametrize(
    ("agreed", "asked_about"), [((), (FIRST, SECOND)), ((FIRST,), (SECOND,)), ((FIRST, SECOND), ())]
)
def test_what_of_helm_s_record_somebody_has_agreed_to_remove_is_not_asked_about_again(
    agreed: tuple[Obsolete, ...], asked_about: tuple[Obsolete, ...]
) -> None:
    asked = Asked()
    adoption = to_adoption(cast("Any", Keeping()), ApplyPlan((of_helm("a"),)), [], cast("Any", asked), agreed=agreed)
    assert adoption.records == asked_about
    assert ("Remove Helm's record of its release, too?" in asked.questions) is bool(asked_about)


def test_a_secret_that_kubectl_apply_made_is_shown_without_its_values() -> None:
    asked = Asked()
    annotations = {LAST_APPLIED: '{"data":{"app-password":"aHVudGVyMg=="}}'}
    secret = {"metadata": {"name": "todo-postgres", "annotations": annotations}}
    adoption = to_adoption(NOWHERE, ApplyPlan(()), [secret], cast("Any", asked))
    assert adoption.leaking == (secret,)
    assert asked.questions == ["Take over what others made: 1 object?"]
    assert asked.plan == ["Secret/todo-postgres", f"  metadata.annotations.{LAST_APPLIED}: its values go away"]


def test_a_no_ends_it() -> None:
    with pytest.raises(ConsentError):
        to_adoption(NOWHERE, ApplyPlan((made_by("helm", "a", HELM),)), [], cast("Any", Asked(yes=False)))


def test_every_conflict_is_shown_before_it_is_asked_about() -> None:
    asked = Asked()
    conflicts = (Conflict(".spec.replicas", "kubectl", 1, 2), Conflict(".spec.note", "somebody", "x", None))
    change = Change("Deployment", "web", "mine", Action.CONFIGURED)
    to_take_over(ApplyPlan((Planned({}, {}, change, conflicts),)), cast("Any", asked))
    assert asked.questions == ["Take over 2 fields, and set what the manifests have?"]
    assert asked.plan == [
        "Deployment/web .spec.replicas: kubectl has 1, the manifests have 2",
        'Deployment/web .spec.note: somebody has "x", the manifests have null',
    ]
