"""A dry run where there is no cluster yet: everything would be created, and no server is asked."""

import pytest

from todoctl.adapters import kinds
from todoctl.images.build import Plan
from todoctl.images.image import BUILT
from todoctl.images.sideload import Pending
from todoctl.objects import inventory
from todoctl.objects.diff import Action
from todoctl.objects.plan import ApplyPlan
from todoctl.recipes.diff import Diff, compare
from todoctl.recipes.dry_run import DryRun, NoCluster
from todoctl.secrets import SecretAction, SecretsReport
from todoctl.settings import Settings
from todoctl.steps import Steps

PLANS = [Plan(image, "3f1c9d27a0b4", {}) for image in BUILT]


@pytest.fixture
def nowhere(heard):
    steps = Steps(Settings(namespace="mine"), heard)
    steps.cluster = NoCluster()
    return compare(steps, PLANS)


def test_where_there_is_no_cluster_everything_would_be_created(nowhere):
    assert {one.change.action for one in nowhere.objects.objects} == {Action.CREATED}
    assert {(state.name, state.action) for state in nowhere.secrets.states} == {
        ("todo-postgres", SecretAction.CREATED),
        ("todo-secrets", SecretAction.CREATED),
    }
    assert [(change.name, change.action) for change in nowhere.others] == [(inventory.NAME, Action.CREATED)]
    assert not nowhere.empty


def test_a_cluster_that_is_still_to_be_made_takes_nothing():
    assert NoCluster().get(kinds.NAMESPACE, "default") is None
    with pytest.raises(NotImplementedError):
        NoCluster().apply({"kind": "ConfigMap"})


@pytest.mark.parametrize(
    "work",
    [
        {"start": "Start it?"},
        {"addons": ("ingress",)},
        {"images": (("a:1", False),)},
        {"transfers": (Pending("minikube", "a:1", held=False),)},
        {"pushes": (("registry.example.com/a:1", False),)},
        {"diff": None},
    ],
    ids=lambda work: next(iter(work)),
)
def test_work_of_any_kind_is_work(work):
    diff = Diff(SecretsReport(()), ApplyPlan(()))
    held = (Pending("minikube", "a:1", held=True),)
    idle = {"start": None, "addons": (), "images": (("a:1", True),), "transfers": held, "pushes": (), "diff": diff}
    assert DryRun(**idle).empty
    assert not DryRun(**{**idle, **work}).empty
