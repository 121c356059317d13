"""Which checks an install from a bundle makes, and which of them are stricter than with a network."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from todoctl.adapters import kinds
from todoctl.errors import ExitCode
from todoctl.preflight import offline, table
from todoctl.preflight.check import Finding, Severity, Status, run
from todoctl.settings import Settings
from todoctl.targets.minikube import AddonUntold

SETTINGS = Settings(profile="t-absent", context="t-absent")


def test_what_a_network_would_mend_is_fatal_and_nothing_else_changes():
    usual = {check.id: check for check in table.checks(SETTINGS)}
    offline = {check.id: check for check in table.offline_checks(SETTINGS, "linux/amd64", ())}
    assert set(usual) - set(offline) == {"docker.buildkit", "docker.disk", "network.proxy"}
    assert set(offline) - set(usual) == {"bundle.platform", "bundle.addon-images", "bundle.addons"}
    stricter = {id_ for id_ in usual.keys() & offline.keys() if usual[id_].severity != offline[id_].severity}
    assert stricter == {"minikube.profile", "minikube.running"}
    assert all(offline[id_].severity is Severity.FATAL for id_ in stricter)


@pytest.mark.minikube
def test_an_absent_profile_is_fatal_and_the_hint_leads_to_a_network():
    (check,) = [one for one in table.offline_checks(SETTINGS, "linux/amd64", ()) if one.id == "minikube.profile"]
    with pytest.raises(Exception, match="there is no profile `t-absent`") as caught:
        check.run()
    assert "where there is a network" in caught.value.hint


DIGEST = "sha256:" + "8" * 64
CONTROLLER = f"registry.k8s.io/ingress-nginx/controller:v1.14.3@{DIGEST}"
HELD = f"registry.k8s.io/ingress-nginx/controller@{DIGEST}"
METRICS = "docker.io/local/metrics-server:rig"
IMAGES = {"ingress": (CONTROLLER,), "metrics-server": (METRICS,)}


def facts(*, enabled: tuple[str, ...] = (), nodes: tuple[tuple[str, ...], ...] = ((),)) -> Any:
    """A cluster with some addons enabled, and what its nodes hold."""
    classes = [{"metadata": {"name": "nginx"}}] if "ingress" in enabled else []
    named = {f"n{number}": dict.fromkeys(held, "sha256:1") for number, held in enumerate(nodes)}

    def listed(kind: Any) -> Any:
        assert kind is kinds.INGRESS_CLASS
        return classes, "1"

    return SimpleNamespace(
        settings=SETTINGS,
        cluster=SimpleNamespace(list=listed, get=lambda *_: {} if "metrics-server" in enabled else None),
        minikube=SimpleNamespace(nodes=lambda: tuple(named), node_images=named.get, addon_images=IMAGES.get),
    )


def found(world: Any, references: Any = ()) -> list[Finding]:
    """What the checks of the addons find there, with these images in the bundle."""
    return list(run(offline.addons_checks(world, references)))


def test_addons_that_are_enabled_need_no_images():
    assert [one.found for one in found(facts(enabled=("ingress", "metrics-server")))] == ["enabled already"] * 2


def test_addons_whose_images_nobody_tells_are_a_warning_and_nothing_is_fatal():
    def untold(addon: str) -> Any:
        raise AddonUntold(addon, "this Minikube does not report its addons' images", "it prints no list")

    world = facts()
    world.minikube.addon_images = untold
    warning, skipped = found(world)
    assert (warning.id, warning.status) == ("bundle.addon-images", Status.WARNING)
    assert warning.found == "this Minikube does not report its addons' images"
    assert skipped.status is Status.SKIPPED


def test_minikube_is_asked_once_for_the_images_of_an_addon():
    asked = []
    world = facts(enabled=("ingress",))
    world.minikube.addon_images = lambda addon: asked.append(addon) or (METRICS,)
    assert [one.status for one in found(world, {METRICS})] == [Status.OK] * 2
    assert asked == ["metrics-server"]


@pytest.mark.parametrize(
    ("bundle", "nodes"),
    [
        ({HELD, METRICS}, ((),)),
        ((), ((HELD, METRICS), (HELD, METRICS, "other"))),
        ({HELD}, ((METRICS,),)),
    ],
    ids=["in the bundle", "on every node", "one here and one there"],
)
def test_an_addon_can_be_enabled_where_its_images_are_here(bundle, nodes):
    told, held = found(facts(nodes=nodes), bundle)
    assert told.found == f"`{METRICS}`, `{HELD}`"
    assert held.found == "there are those of `ingress` and `metrics-server`"


@pytest.mark.parametrize(
    ("enabled", "bundle", "nodes", "lacking"),
    [
        ((), set(), ((),), {"ingress": HELD, "metrics-server": METRICS}),
        (("ingress",), {HELD}, ((),), {"metrics-server": METRICS}),
        (("metrics-server",), {METRICS}, ((HELD,), ()), {"ingress": HELD}),
        ((), {HELD.replace("8", "9"), METRICS}, ((),), {"ingress": HELD}),
    ],
    ids=["nothing", "one of two", "not on every node", "of another Minikube"],
)
def test_an_addon_whose_images_are_not_here_is_fatal_and_the_hint_enables_it(enabled, bundle, nodes, lacking):
    _, finding = found(facts(enabled=enabled, nodes=nodes), bundle)
    assert finding.status is Status.FATAL
    assert finding.error.exit_code is ExitCode.PREFLIGHT
    assert all(f"`{addon}`" in finding.found for addon in lacking)
    images = ", ".join(f"`{image}`" for image in sorted(lacking.values()))
    assert finding.because == f"neither the bundle nor every node has {images}"
    assert [f"`minikube addons enable {addon} -p t-absent`" in str(finding.hint) for addon in IMAGES] == [
        addon in lacking for addon in IMAGES
    ]
