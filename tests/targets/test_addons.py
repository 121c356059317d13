"""An ingress controller that takes its time, which the real one does on few days."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.adapters.apiserver import ApiError
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError
from todoctl.targets import addons


class Unready:
    """A cluster with ingress-nginx whose webhook does not answer until `seconds` have been slept."""

    context = "minikube"

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.classes: set[str] = set()
        self._seconds = seconds

    def within(self, _: Deadline) -> Unready:
        return self

    def list(self, _: object) -> tuple[list[dict[str, Any]], str]:
        return [{"metadata": {"name": "other"}}, {"metadata": {"name": "nginx"}}], "1"

    def get(self, *_: object) -> None:
        return None

    def apply(self, probe: dict[str, Any], *, dry_run: bool) -> None:
        assert dry_run
        self.classes.add(probe["spec"]["ingressClassName"])
        if self.now < self._seconds:
            raise ApiError("cannot apply it", status=500, reason="InternalError", because="no endpoints")

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def ensure(cluster: Any) -> bool:
    deadline = Deadline(10, clock=lambda: cluster.now)
    unused: Any = SimpleNamespace()
    return addons.ensure_ingress(unused, cluster, unused, deadline, sleep=cluster.sleep)


def test_an_ingress_of_class_nginx_is_tried_with_pauses_until_it_is_admitted() -> None:
    cluster = Unready(3)
    assert not ensure(cluster)
    assert (cluster.now, cluster.classes) == (3, {"nginx"})


def test_a_webhook_that_never_answers_is_an_error_at_the_deadline() -> None:
    cluster = Unready(60)
    with pytest.raises(ClusterError) as caught:
        ensure(cluster)
    assert (caught.value.id, caught.value.because, cluster.now) == ("cluster.ingress", "no endpoints", 10)
