"""What the real cluster does not do on demand: an interruption in the midst of an apply. And what is written."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import FieldConflict, FieldConflictError
from todoctl.errors import ConflictError
from todoctl.objects import plan
from todoctl.objects.apply import execute
from todoctl.objects.diff import Difference


def test_after_ctrl_c_what_has_not_begun_does_not_begin() -> None:
    begun: list[int] = []
    submitted, interrupted = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield from range(3)
        submitted.set()

    def work(item: int) -> bool:
        begun.append(item)
        assert submitted.wait(60)
        if item == 0:
            _thread.interrupt_main()  # does not wake a wait, as Ctrl-C on Windows does not
        return interrupted.wait(60)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            plan.at_once(pool, work, items())
        interrupted.set()
    assert begun == [0]


def deployment(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "todo-app", "resourceVersion": "1"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def autoscaler(minimum: int) -> dict[str, Any]:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": minimum}
    metadata = {"name": "web", "namespace": "todo-app", "resourceVersion": "1"}
    kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    return {**kind, "metadata": metadata, "spec": spec}


class Noting:
    """A cluster that keeps the number of pods whoever applies, and takes notes of what is written."""

    def __init__(self, replicas: int) -> None:
        self.replicas = replicas
        self.written: list[tuple[str, Any]] = []

    def get(self, kind: Any, *_: Any) -> dict[str, Any]:
        live = {kinds.DEPLOYMENT: deployment(replicas=self.replicas), kinds.CONFIG_MAP: SETTINGS}
        return live.get(kind, autoscaler(2))

    def apply(self, manifest: Any, *, dry_run: bool = False, **_: Any) -> dict[str, Any]:
        if not dry_run:
            self.written.append(("apply", manifest["kind"]))
        return self.get(kinds.of(manifest))

    def scale(self, _kind: Any, name: str, _namespace: str, replicas: int) -> None:
        self.written.append(("scale", (name, replicas)))


def test_an_autoscaler_that_rests_over_no_pods_is_woken_with_its_least_number() -> None:
    cluster: Any = Noting(0)
    planned = plan.plan(cluster, [deployment(), autoscaler(2)])
    assert planned.objects[0].change.differences == (Difference("spec.replicas", 0, 2),)
    execute(cluster, planned)
    assert cluster.written == [("apply", "Deployment"), ("scale", ("web", 2))]


SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "todo-app"}}


@pytest.mark.parametrize(("replicas", "objects"), [(1, [deployment(), autoscaler(2)]), (0, [deployment(), SETTINGS])])
def test_a_number_that_is_an_autoscaler_s_own_or_nobody_s_is_left_alone(replicas: int, objects: Any) -> None:
    assert plan.plan(Noting(replicas), objects).changes.empty  # type: ignore[arg-type]


class Meddled(Noting):
    """A cluster in which somebody sets the number of pods after the plan was made."""

    def apply(self, manifest: Any, *, dry_run: bool = False, force: bool = False) -> dict[str, Any]:
        if not dry_run:
            self.replicas = 7
        if self.replicas == 7 and not force:
            raise FieldConflictError("cannot apply Deployment `web`", (FieldConflict(".spec.replicas", "kubectl"),))
        return deployment(replicas=manifest["spec"]["replicas"])


def test_a_conflict_that_has_come_since_the_plan_is_shown_with_both_values() -> None:
    cluster: Any = Meddled(1)
    planned = plan.plan(cluster, [deployment(replicas=2)])
    assert planned.conflicting == ()
    with pytest.raises(ConflictError) as caught:
        execute(cluster, planned)
    assert caught.value.details == ("Deployment/web .spec.replicas: kubectl has 7, the manifests have 2",)
    assert "`--force-conflicts`" in str(caught.value.hint)
