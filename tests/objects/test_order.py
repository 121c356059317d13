from typing import Any

import pytest

from todoctl.objects import manifests, order


def manifest(api_version: str, kind: str, name: str = "x") -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}


NAMESPACE = manifest("v1", "Namespace")
CONFIG_MAP = manifest("v1", "ConfigMap")
DEPLOYMENT = manifest("apps/v1", "Deployment")
INGRESS = manifest("networking.k8s.io/v1", "Ingress")


def test_objects_come_in_stages_whatever_their_order_in_the_file() -> None:
    stages = order.in_stages([INGRESS, DEPLOYMENT, CONFIG_MAP, NAMESPACE])
    assert stages == [[NAMESPACE], [CONFIG_MAP], [DEPLOYMENT], [INGRESS]]


def test_stages_without_objects_are_left_out() -> None:
    assert order.in_stages([INGRESS, NAMESPACE]) == [[NAMESPACE], [INGRESS]]


def test_a_kind_that_no_stage_has_is_a_fault() -> None:
    with pytest.raises(LookupError, match="Pod is in no stage"):
        order.in_stages([manifest("v1", "Pod")])


def test_a_kind_of_another_version_is_a_fault() -> None:
    with pytest.raises(LookupError, match="Deployment of apps/v1beta1"):
        order.in_stages([manifest("apps/v1beta1", "Deployment")])


def test_every_bundled_object_has_a_stage() -> None:
    for environment in ("development", "staging", "production"):
        objects = manifests.load(environment)
        assert sum(len(stage) for stage in order.in_stages(objects)) == len(objects) > 10
