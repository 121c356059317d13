"""When a run begins to keep others off the cluster, and when it has made a release, in a made-up world."""

from __future__ import annotations

import io
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl import install as recipe
from todoctl.cli.terminal import Terminal
from todoctl.errors import AccessError
from todoctl.locks import file, lease
from todoctl.objects.diff import ChangeSet
from todoctl.settings import Settings
from todoctl.steps import Steps


class Cluster:
    """A cluster whose namespace is there or not."""

    def __init__(self, *, namespace: bool) -> None:
        self.namespace = namespace

    def get(self, *_: Any) -> Any:
        return {} if self.namespace else None

    def guarded(self, _check: Any) -> Any:
        return self


class Ended(Exception):
    """The run has come as far as the test wants it to."""


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a run did, and when it took the Lease."""
    seen: list[str] = []

    @contextmanager
    def free(*_: Any) -> Any:
        yield object()

    class Taken:
        """A Lease that is free."""

        def __init__(self, *_: Any) -> None:
            self.check = None

        def __enter__(self) -> Any:
            seen.append("lease")
            return self

        def __exit__(self, *_: object) -> None:
            seen.append("released")

    monkeypatch.setattr(file, "locked", free)
    monkeypatch.setattr(lease, "Lease", Taken)
    return seen


def run(cluster: Cluster, events: list[str], heard: Any, *, appears: bool = False) -> None:
    """Begin an install, up to its Secrets; the namespace `appears` while it builds."""

    class Told(Steps):
        """Steps that only tell that they are taken."""

        def preflight(self) -> None:
            events.append("preflight")

        def fingerprint(self, *_: Any) -> Any:
            return []

        def look(self, *_: Any) -> Any:
            events.append("look")

        def adopt(self, *_: Any) -> Any:
            return None

        def build(self, *_: Any) -> Any:
            events.append("build")
            cluster.namespace |= appears
            return []

        def sideload(self, *_: Any, **__: Any) -> Any:
            return []

        def apply_namespace(self, *_: Any) -> Any:
            events.append("namespace")
            cluster.namespace = True

        def secrets(self, *_: Any, **__: Any) -> Any:
            raise Ended

    steps = Told(Settings(), heard)
    steps.cluster = cluster  # type: ignore[assignment]
    with pytest.raises(Ended):
        recipe.install(steps)


def test_an_install_into_a_namespace_takes_the_lease_before_it_looks_builds_or_writes(events, heard) -> None:
    run(Cluster(namespace=True), events, heard)
    assert events == ["preflight", "lease", "look", "build", "namespace", "released"]


def test_the_first_install_takes_it_when_it_has_made_the_namespace(events, heard) -> None:
    run(Cluster(namespace=False), events, heard)
    assert events == ["preflight", "look", "build", "namespace", "lease", "released"]


def test_a_namespace_that_another_run_has_made_meanwhile_is_not_written_without_it(events, heard) -> None:
    run(Cluster(namespace=False), events, heard, appears=True)
    assert events == ["preflight", "look", "build", "lease", "namespace", "released"]


def test_an_install_whose_app_does_not_answer_is_a_release_all_the_same(events, heard, monkeypatch) -> None:
    def unanswered(_: Any) -> Any:
        raise AccessError("access.timeout", "it does not answer", because="its certificate is not issued yet")

    steps = Steps(Settings(), heard)
    steps.cluster = Cluster(namespace=True)  # type: ignore[assignment]
    for name in ("preflight", "adopt", "secrets", "wait"):
        monkeypatch.setattr(steps, name, lambda *_, **__: None)
    for name in ("fingerprint", "build", "sideload", "manifests"):
        monkeypatch.setattr(steps, name, lambda *_: [])
    monkeypatch.setattr(steps, "look", lambda *_: {})
    for name in ("apply_namespace", "prune"):
        monkeypatch.setattr(steps, name, lambda *_: ChangeSet())
    monkeypatch.setattr(steps, "apply", lambda *_: (ChangeSet(), ()))
    monkeypatch.setattr(steps, "record", lambda _, reason: events.append(f"release by {reason}"))
    monkeypatch.setattr(steps, "access", unanswered)
    with pytest.raises(AccessError):
        recipe.install(steps)
    assert events == ["lease", "release by install", "released"]


STEPS = {
    "Preflight": ["preflight", "take_lease"],
    "Fingerprint": ["fingerprint", "look", "adopt"],
    "Build": ["build"],
    "Sideload": ["sideload"],
    "Secrets": ["apply_namespace", "secrets"],
    "Apply": ["manifests", "widen", "apply"],
    "Wait": ["wait", "narrow", "prune"],
    "Access": ["record", "access", "remove_old_images"],
}


@pytest.mark.parametrize(("step", "work"), [(step, work) for step, works in STEPS.items() for work in works])
def test_ctrl_c_in_whatever_an_install_does_names_the_step_in_which_it_stopped(step, work, monkeypatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    steps = Steps(Settings(), Terminal(stderr=io.StringIO()))
    monkeypatch.setattr(steps, "locked", lambda *_, **__: nullcontext())
    results: dict[str, Any] = dict.fromkeys((name for works in STEPS.values() for name in works), ())
    results |= {"apply": (ChangeSet(), ()), "look": {}, "secrets": SimpleNamespace(changed=False)}
    results |= dict.fromkeys(("apply_namespace", "narrow", "prune"), ChangeSet())
    for name, result in results.items():
        monkeypatch.setattr(steps, name, lambda *_, result=result, **__: result)
    recipe.install(steps)
    monkeypatch.setattr(steps, work, interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        recipe.install(steps)
    assert caught.value.args == (step,)
