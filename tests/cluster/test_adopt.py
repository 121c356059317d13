"""Adoption on a real cluster, of what the real kubectl and Helm have made of the bundled manifests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness import PROFILE, ROOT
from on_cluster import Object, Recorder, kubectl
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.applying import Applying
from todoctl.errors import ConflictError, ConsentError
from todoctl.images.build import Plan
from todoctl.images.image import BUILT
from todoctl.objects import adopt, manifests
from todoctl.objects.hidden import LAST_APPLIED
from todoctl.settings import Settings

pytestmark = pytest.mark.minikube

PLANS = [Plan(image, "t-adopt", {}) for image in BUILT]
RELEASE = "todo"
YES, NO = True, False


def rendered(namespace: str) -> list[Object]:
    """The bundled manifests, as somebody would put them into a namespace of his own, with nothing running."""
    objects = manifests.customise(
        manifests.load("development"), namespace=namespace, host=f"{namespace}.test", images={}
    )
    for item in objects:
        item["metadata"].get("labels", {}).pop("applyset.kubernetes.io/part-of", None)
        if item["kind"] in {"Deployment", "ConfigMap"}:
            item["metadata"].setdefault("annotations", {})["by-hand"] = "gone with the adoption"
    return objects


def kubectl_apply(objects: list[Object], *options: str) -> None:
    subprocess.run(
        ["kubectl", "--context", PROFILE, "apply", *options, "-f", "-"],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
        text=True,
        check=True,
        capture_output=True,
    )


def secrets(namespace: str) -> list[Object]:
    """The Secrets, as docs/environments.md has them made before the manifests are applied by hand."""
    url = f"postgresql://todo:hunter2@todo-postgres.{namespace}:5432/todo"
    values = {
        "todo-postgres": {"postgres-password": "hunter1", "app-password": "hunter2"},
        "todo-secrets": {"better-auth-secret": "hunter3" * 8, "database-url": url},
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": data,
        }
        for name, data in values.items()
    ]


def helm_install(namespace: str, *options: str) -> None:
    chart = str(ROOT / "bundled_manifests" / "chart")
    command = ["helm", "--kube-context", PROFILE, "install", RELEASE, chart, "-n", namespace]
    subprocess.run([*command, "--set", f"host={namespace}.test", *options], check=True, capture_output=True)


MADE: dict[str, tuple[Callable[[str], None], str]] = {
    "kubectl apply": (lambda namespace: kubectl_apply(rendered(namespace)), "kubectl-client-side-apply"),
    "kubectl apply --server-side": (
        lambda namespace: kubectl_apply(rendered(namespace), "--server-side", "--force-conflicts"),
        "kubectl",
    ),
    "helm install": (helm_install, "helm"),
    "helm install --server-side=false": (lambda namespace: helm_install(namespace, "--server-side=false"), "helm"),
}


@dataclass
class Asked:
    """A reporter that answers each question with the next of `answers`, and keeps what it was shown."""

    answers: list[bool]
    questions: list[str] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def confirm(self, question: str, plan: Any = ()) -> None:
        self.questions.append(question)
        self.plans += plan
        if not self.answers.pop(0):
            raise ConsentError("consent.declined", "no")


@pytest.fixture
def made_secrets(cluster: Cluster, namespace: str) -> None:
    for secret in secrets(namespace):
        cluster.create(secret)


@pytest.fixture
def installation(cluster: Cluster, namespace: str, heard: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make the installation's steps, whose questions get these answers."""

    def of(*answers: bool, **settings: Any) -> tuple[Applying, Asked]:
        asked = Asked(list(answers))
        monkeypatch.setattr(heard, "confirm", asked.confirm)
        made = Settings(profile=PROFILE, context=PROFILE, namespace=namespace, host=f"{namespace}.test", **settings)
        steps = Applying(made, heard)
        steps.cluster = cluster
        return steps, asked

    return of


def install(steps: Applying) -> Any:
    """Go through the steps of an install that deal with objects; nothing is waited for."""
    live = steps.look(PLANS)
    adoption = steps.adopt(PLANS, live, {})
    steps.apply_namespace(PLANS, adoption)
    objects = steps.manifests(PLANS, steps.secrets({}, adoption))
    changes, recorded = steps.apply(objects, live, adoption)
    steps.prune(objects, recorded)
    return changes


def ends(*_: Any) -> None:
    raise KeyboardInterrupt


def all_live(cluster: Cluster, steps: Applying) -> list[Object]:
    return [item for (kind, _), item in steps.look(PLANS).items() if item is not None and kind != "Secret"]


@pytest.mark.usefixtures("made_secrets")
@pytest.mark.parametrize("made", MADE)
def test_what_others_made_is_taken_over_and_the_next_install_finds_nothing_to_do(
    cluster: Cluster, namespace: str, recorder: Recorder, installation: Any, made: str
) -> None:
    make, manager = MADE[made]
    make(namespace)
    kubectl("-n", namespace, "annotate", "service", "todo-backend", "somebody=else")
    steps, asked = installation(YES, YES)
    before = {item["metadata"]["uid"] for item in all_live(cluster, steps)}
    install(steps)
    assert any(line.endswith(f": made by {manager}") for line in asked.plans)
    live = all_live(cluster, steps)
    assert before <= {item["metadata"]["uid"] for item in live}, "nothing was made anew"
    assert {name for item in live for name in adopt.managers(item)} == set()
    for item in live:
        annotations = item["metadata"].get("annotations", {})
        assert not {LAST_APPLIED, "by-hand", "meta.helm.sh/release-name"} & set(annotations), item["kind"]
        assert item["metadata"]["labels"].get("app.kubernetes.io/managed-by") != "Helm"
    service = cluster.get(kinds.SERVICE, "todo-backend", namespace)
    assert service is not None
    assert service["metadata"]["annotations"] == {"somebody": "else"}
    assert adopt.records(cluster, [adopt.Release(namespace, RELEASE)]) == []
    recorder.requests.clear()
    again, silent = installation()
    assert install(again).empty
    assert silent.questions == []
    assert recorder.writes() == []


def test_what_kubectl_applied_over_todoctl_s_own_objects_is_taken_back_once(
    cluster: Cluster, namespace: str, recorder: Recorder, installation: Any
) -> None:
    steps, _ = installation()
    install(steps)
    kubectl_apply(steps.manifests(PLANS), "--server-side", "--force-conflicts")
    steps, asked = installation(YES)
    install(steps)
    assert any(line.endswith(": made by kubectl") for line in asked.plans)
    assert {name for item in all_live(cluster, steps) for name in adopt.managers(item)} == set()
    recorder.requests.clear()
    again, silent = installation()
    assert install(again).empty
    assert silent.questions == []
    assert recorder.writes() == []


@pytest.mark.usefixtures("made_secrets")
def test_a_no_writes_nothing(cluster: Cluster, namespace: str, recorder: Recorder, installation: Any) -> None:
    helm_install(namespace)
    steps, _ = installation(NO)
    recorder.requests.clear()
    with pytest.raises(ConsentError):
        install(steps)
    assert recorder.writes() == []


@pytest.mark.usefixtures("made_secrets")
def test_helm_s_record_is_kept_by_a_no_of_its_own(cluster: Cluster, namespace: str, installation: Any) -> None:
    helm_install(namespace)
    steps, asked = installation(YES, NO)
    install(steps)
    assert "Remove Helm's record of its release, too?" in asked.questions
    kept = adopt.records(cluster, [adopt.Release(namespace, RELEASE)])
    assert [one.name for one in kept] == [f"sh.helm.release.v1.{RELEASE}.v1"]


@pytest.mark.usefixtures("made_secrets")
def test_helm_s_record_goes_with_the_next_run_where_one_was_killed_before_it_removed_it(
    cluster: Cluster, namespace: str, recorder: Recorder, installation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm_install(namespace)
    steps, _ = installation(YES, YES)
    monkeypatch.setattr(adopt, "forget_release", ends)
    with pytest.raises(KeyboardInterrupt):
        install(steps)
    monkeypatch.undo()
    assert {name for item in all_live(cluster, steps) for name in adopt.managers(item)} == set()
    assert len(adopt.records(cluster, [adopt.Release(namespace, RELEASE)])) == 1
    again, silent = installation()
    install(again)
    assert silent.questions == [], "it was agreed to"
    assert adopt.records(cluster, [adopt.Release(namespace, RELEASE)]) == []
    recorder.requests.clear()
    assert install(installation()[0]).empty
    assert recorder.writes() == []


@pytest.mark.usefixtures("made_secrets")
def test_a_run_that_ends_between_fold_and_apply_is_finished_by_the_next(
    cluster: Cluster, namespace: str, recorder: Recorder, installation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm_install(namespace)
    sent = Cluster.apply

    def killed(self: Cluster, manifest: Any, *, dry_run: bool = False, force: bool = False) -> Object:
        if manifest["kind"] == "Deployment" and not dry_run:
            ends()
        return sent(self, manifest, dry_run=dry_run, force=force)

    steps, _ = installation(YES, YES)
    monkeypatch.setattr(Cluster, "apply", killed)
    with pytest.raises(KeyboardInterrupt):
        install(steps)
    monkeypatch.undo()
    folded = cluster.get(kinds.DEPLOYMENT, "todo-backend", namespace)
    assert folded is not None
    assert adopt.managers(folded) == ()
    assert folded["metadata"]["annotations"]["meta.helm.sh/release-name"] == RELEASE, "it was not applied yet"
    steps, asked = installation(YES)
    install(steps)
    assert not any("Deployment/" in line for line in asked.plans), "what was folded is not asked about again"
    for item in all_live(cluster, steps):
        assert adopt.managers(item) == ()
        assert "meta.helm.sh/release-name" not in item["metadata"].get("annotations", {}), item["kind"]
    assert adopt.records(cluster, [adopt.Release(namespace, RELEASE)]) == []
    recorder.requests.clear()
    assert install(installation()[0]).empty
    assert recorder.writes() == []


@pytest.mark.usefixtures("made_secrets")
def test_everybody_else_is_a_conflict_before_anything_is_asked_or_written(
    cluster: Cluster, namespace: str, recorder: Recorder, installation: Any
) -> None:
    kubectl_apply(rendered(namespace))
    kubectl("-n", namespace, "scale", "deployment", "todo-frontend", "--replicas=1")
    steps, asked = installation()
    recorder.requests.clear()
    with pytest.raises(ConflictError) as caught:
        install(steps)
    assert caught.value.details == ("Deployment/todo-frontend .spec.replicas: kubectl has 1, the manifests have 2",)
    assert asked.questions == []
    assert recorder.writes() == []


def test_the_values_that_kubectl_apply_keeps_of_a_secret_go_away(
    cluster: Cluster, namespace: str, installation: Any
) -> None:
    kubectl_apply(secrets(namespace))
    steps, asked = installation(YES)
    install(steps)
    assert "hunter" not in "\n".join(asked.plans)
    for name in ("todo-secrets", "todo-postgres"):
        live = cluster.get(kinds.SECRET, name, namespace)
        assert live is not None
        assert LAST_APPLIED not in live["metadata"].get("annotations", {})
    again, _ = installation()
    assert install(again).empty
