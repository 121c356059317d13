"""What each verb prints, to the letter, for a made-up world: no engine, no cluster."""

import io
import json
from dataclasses import replace
from textwrap import dedent

import pytest
import yaml

from todoctl.access.advice import Advice, DockerKind, HostSystem, advise
from todoctl.access.hosts import Entry, HostsEntry
from todoctl.cli import build, install, load, options, status
from todoctl.cli.main import main
from todoctl.errors import PreflightError
from todoctl.images.build import Built, Plan
from todoctl.images.image import BACKEND, FRONTEND
from todoctl.images.sideload import Pending, Sideloaded
from todoctl.install import Installed
from todoctl.objects.delete import Uninstalled
from todoctl.objects.diff import OWNERSHIP, Action, Change, ChangeSet, Difference
from todoctl.objects.immutable import Immutable
from todoctl.objects.plan import ApplyPlan, Conflict, Planned
from todoctl.objects.wait import Rolled
from todoctl.preflight.check import Check, Repair, Severity
from todoctl.recipes.diff import Diff
from todoctl.recipes.dry_run import DryRun
from todoctl.recipes.status import Live
from todoctl.secrets import SecretAction, SecretsReport, SecretState
from todoctl.steps import Access, Steps

PLANS = [Plan(BACKEND, "3f1c9d27a0b4", {}), Plan(FRONTEND, "81e05b6cd9f2", {})]
BUILT_NOW = Built(BACKEND, "todo-backend:3f1c9d27a0b4", built=True, seconds=41.23456, size=189_400_000)
BUILT_BEFORE = Built(FRONTEND, "todo-frontend:81e05b6cd9f2", built=False, seconds=0.00412, size=246_700_000)
SENT = Sideloaded(
    "minikube", ("todo-backend:3f1c9d27a0b4", "todo-backend:0.1.0"), "sha256:aa11", sent=191_600_000, seconds=3.14159
)
HELD = Sideloaded("minikube-m02", ("todo-frontend:81e05b6cd9f2",), "sha256:bb22", sent=0, seconds=0.0)
NAMESPACE = Change("Namespace", "todo-app", None, Action.UNCHANGED)
CONFIGURED = Change("Deployment", "todo-backend", "todo-app", Action.CONFIGURED, (Difference("spec.replicas", 1, 2),))
KEPT = SecretState("todo-postgres", "7", SecretAction.KEPT)
FILLED = SecretState("todo-secrets", "8", SecretAction.FILLED, ("openai-api-key",))


RECIPES = {
    "diff": "todoctl.recipes.diff.diff",
    "dry_run": "todoctl.recipes.dry_run.dry_run",
    "live": "todoctl.recipes.status.live",
    "uninstall": "todoctl.recipes.uninstall.uninstall",
}


@pytest.fixture(autouse=True)
def _no_profile_of_the_shell(monkeypatch):
    monkeypatch.delenv("TODOCTL_PROFILE", raising=False)


@pytest.fixture
def run(capsys):
    """Run a command line; give its exit code and what it printed on stdout. On stderr it prints its steps alone."""

    def of(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        assert set(err.splitlines()) <= {"Build", "Sideload"}
        return code, out

    return of


@pytest.fixture
def world(monkeypatch):
    """Have steps and recipes answer as told, instead of asking the world; give the list of what they were asked."""

    def of(**answers):
        asked = []
        for name, answer in answers.items():

            def step(_steps, *given, _name=name, _answer=answer, **named):
                asked.append((_name, *given, *named.items()))
                return _answer

            if name in RECIPES:
                monkeypatch.setattr(RECIPES[name], step)
            else:
                monkeypatch.setattr(Steps, name, step)
        return asked

    return of


def envelope(command, data, exit_code=0):
    return {"apiVersion": "todoctl/v1", "command": command, "exitCode": exit_code, "data": data, "error": None}


def lines(text):
    return dedent(text).lstrip("\n")


# install

ON_LINUX = advise(HostSystem.LINUX, "docker", DockerKind.ENGINE, node_address="192.168.49.2", host="todo-app.local")
ON_A_MAC = advise(HostSystem.DARWIN, "docker", DockerKind.DESKTOP, node_address="192.168.49.2", host="todo-app.local")
ON_WINDOWS = advise(
    HostSystem.WINDOWS,
    "docker",
    DockerKind.DESKTOP,
    node_address="192.168.49.2",
    host="todo-app.local",
    profile="workshop",
)


def access(advice: Advice, entry: Entry, *addresses: str) -> Access:
    return Access("http://todo-app.local", advice, HostsEntry(entry, addresses))


REPLICAS = {"path": "spec.replicas", "before": 1, "after": 2}

NOTHING_DONE = Installed(
    built=(BUILT_BEFORE,),
    sideloaded=(HELD,),
    secrets=SecretsReport((KEPT,)),
    changes=ChangeSet((NAMESPACE,)),
    rolled=Rolled((), ()),
    access=access(ON_LINUX, Entry.PRESENT, "192.168.49.2"),
    release=3,
)


def test_an_install_gives_no_hosts_line_where_no_address_leads_to_the_ingress():
    hidden = advise(
        HostSystem.DARWIN, "kind", DockerKind.DESKTOP, node_address="172.18.0.2", host="todo-app.local", profile="m"
    )
    installed = replace(NOTHING_DONE, access=access(hidden, Entry.ABSENT))
    assert install._text(installed, options.settings()) == dedent("""\
        The app is up to date: there was nothing to do.

          http://todo-app.local

        The cluster publishes no port 80 at this machine's address, so this URL leads nowhere here.
        Without the Ingress: todoctl port-forward""")
    assert install._data(installed)["access"]["hostsLine"] is None


def test_an_install_that_finds_all_done_says_so():
    assert install._text(NOTHING_DONE, options.settings()) == dedent("""\
        The app is up to date: there was nothing to do.

          http://todo-app.local

        Without the Ingress: todoctl port-forward""")


@pytest.mark.parametrize(
    "done",
    [
        {"built": (BUILT_BEFORE, BUILT_NOW)},
        {"sideloaded": (HELD, SENT)},
        {"secrets": SecretsReport((KEPT, FILLED))},
        {"changes": ChangeSet((NAMESPACE, CONFIGURED))},
    ],
    ids=lambda done: next(iter(done)),
)
def test_an_install_that_did_anything_does_not_say_that_there_was_nothing_to_do(done):
    installed = replace(NOTHING_DONE, **done)
    assert install._text(installed, options.settings()) == dedent("""\
        The app is up to date.

          http://todo-app.local

        Without the Ingress: todoctl port-forward""")
    assert install._data(installed)["changed"] is True


def test_install_names_an_autoscaler_that_has_no_figures_yet():
    installed = replace(NOTHING_DONE, rolled=Rolled((), ("todo-backend",)))
    assert install._text(installed, options.settings()) == dedent("""\
        The app is up to date: there was nothing to do.
        HorizontalPodAutoscaler/todo-backend is warming up: no metrics yet

          http://todo-app.local

        Without the Ingress: todoctl port-forward""")


@pytest.mark.parametrize(
    ("way_in", "told"),
    [
        pytest.param(access(ON_LINUX, Entry.PRESENT, "192.168.49.2"), "", id="Linux, line there"),
        pytest.param(
            access(ON_LINUX, Entry.ABSENT),
            """
            Add this line to /etc/hosts:
              192.168.49.2 todo-app.local
            so:
              echo '192.168.49.2 todo-app.local' | sudo tee -a /etc/hosts
            """,
            id="Linux, line missing",
        ),
        pytest.param(
            access(ON_LINUX, Entry.UNREADABLE),
            """
            Add this line to /etc/hosts:
              192.168.49.2 todo-app.local
            so:
              echo '192.168.49.2 todo-app.local' | sudo tee -a /etc/hosts
            """,
            id="Linux, file unreadable",
        ),
        pytest.param(
            access(ON_LINUX, Entry.OTHER_ADDRESS, "192.168.58.2", "127.0.0.1"),
            """
            /etc/hosts has another address for the host (192.168.58.2, 127.0.0.1). Replace its lines with:
              192.168.49.2 todo-app.local
            """,
            id="Linux, other address",
        ),
        pytest.param(
            access(ON_A_MAC, Entry.PRESENT, "127.0.0.1"),
            """
            Keep this running in another terminal:
              minikube tunnel --profile minikube --bind-address 127.0.0.1
            """,
            id="macOS, line there",
        ),
        pytest.param(
            access(ON_A_MAC, Entry.ABSENT),
            """
            Add this line to /etc/hosts:
              127.0.0.1 todo-app.local
            so:
              echo '127.0.0.1 todo-app.local' | sudo tee -a /etc/hosts
            Keep this running in another terminal:
              minikube tunnel --profile minikube --bind-address 127.0.0.1
            """,
            id="macOS, line missing",
        ),
        pytest.param(
            access(ON_A_MAC, Entry.OTHER_ADDRESS, "192.168.49.2"),
            """
            /etc/hosts has another address for the host (192.168.49.2). Replace its lines with:
              127.0.0.1 todo-app.local
            Keep this running in another terminal:
              minikube tunnel --profile minikube --bind-address 127.0.0.1
            """,
            id="macOS, other address",
        ),
        pytest.param(
            access(ON_WINDOWS, Entry.ABSENT),
            r"""
            Add this line to C:\Windows\System32\drivers\etc\hosts:
              127.0.0.1 todo-app.local
            so:
              Add-Content "$env:SystemRoot\System32\drivers\etc\hosts" "`r`n127.0.0.1 todo-app.local"
            Keep this running in another terminal:
              minikube tunnel --profile workshop --bind-address 127.0.0.1
            """,
            id="Windows, line missing",
        ),
    ],
)
def test_install_tells_what_is_left_to_do_by_hand(way_in, told):
    text = install._text(replace(NOTHING_DONE, access=way_in), options.settings())
    head = "The app is up to date: there was nothing to do.\n\n  http://todo-app.local\n\n"
    assert text == head + lines(told) + "Without the Ingress: todoctl port-forward"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"profile": "workshop"}, "-p workshop"),
        ({"namespace": "second"}, "-n second"),
        ({"context": "shared"}, "--context shared"),
        ({"profile": "workshop", "context": "workshop"}, "-p workshop"),
        ({"profile": "workshop", "context": "minikube"}, "-p workshop --context minikube"),
        (
            {"profile": "workshop", "context": "shared", "namespace": "second"},
            "-p workshop --context shared -n second",
        ),
    ],
    ids=str,
)
def test_the_port_forward_that_install_names_leads_to_this_installation(chosen, words):
    text = install._text(NOTHING_DONE, options.settings(**chosen))
    assert text.splitlines()[-1] == f"Without the Ingress: todoctl port-forward {words}"


def test_install_gives_programs_all_that_it_found_and_did(monkeypatch, run):
    installed = Installed(
        built=(BUILT_NOW, BUILT_BEFORE),
        sideloaded=(SENT, HELD),
        secrets=SecretsReport((KEPT, FILLED)),
        changes=ChangeSet((NAMESPACE, CONFIGURED)),
        rolled=Rolled((), ("todo-backend",)),
        access=access(ON_A_MAC, Entry.ABSENT),
        release=4,
    )
    monkeypatch.setattr("todoctl.install.install", lambda _steps: installed)
    code, out = run("install", "-o", "json")
    assert code == 0
    assert json.loads(out) == envelope(
        "install",
        {
            "changed": True,
            "images": [
                {"reference": "todo-backend:3f1c9d27a0b4", "built": True, "seconds": 41.235, "size": 189_400_000},
                {"reference": "todo-frontend:81e05b6cd9f2", "built": False, "seconds": 0.004, "size": 246_700_000},
            ],
            "sideloaded": [
                {
                    "node": "minikube",
                    "references": ["todo-backend:3f1c9d27a0b4", "todo-backend:0.1.0"],
                    "digest": "sha256:aa11",
                    "sent": 191_600_000,
                    "seconds": 3.142,
                },
                {
                    "node": "minikube-m02",
                    "references": ["todo-frontend:81e05b6cd9f2"],
                    "digest": "sha256:bb22",
                    "sent": 0,
                    "seconds": 0.0,
                },
            ],
            "pushed": [],
            "secrets": [
                {"name": "todo-postgres", "action": "kept", "keys": []},
                {"name": "todo-secrets", "action": "filled", "keys": ["openai-api-key"]},
            ],
            "objects": [
                {"kind": "Namespace", "name": "todo-app", "action": "unchanged", "fields": []},
                {"kind": "Deployment", "name": "todo-backend", "action": "configured", "fields": [REPLICAS]},
            ],
            "release": 4,
            "warmingUp": ["todo-backend"],
            "access": {
                "url": "http://todo-app.local",
                "hostsFile": "/etc/hosts",
                "hostsLine": "127.0.0.1 todo-app.local",
                "hostsEntry": "absent",
                "tunnel": "minikube tunnel --profile minikube --bind-address 127.0.0.1",
            },
        },
    )


# diff

CREATED = Change("ConfigMap", "todo-config", "todo-app", Action.CREATED)
MANY = Change(
    "Deployment",
    "todo-frontend",
    "todo-app",
    Action.CONFIGURED,
    (
        Difference("metadata.labels.mine", "x", None),
        Difference("spec.template.spec.containers[app].env[API_TOKEN].value", "***", "***"),
        Difference("spec.template.metadata.annotations.note", "one\ntwo\nthree\n", "one\n2\nthree\n"),
    ),
)
OWNED = Change("Service", "todo-backend", "todo-app", Action.CONFIGURED, (Difference(OWNERSHIP, None, None),))
SCALED = Conflict(".spec.replicas", "kubectl", 1, 2)


def differing(*changes, secrets=(KEPT,), conflicts=()):
    objects = tuple(Planned({}, None, change, conflicts if change is CONFIGURED else ()) for change in changes)
    return Diff(SecretsReport(secrets), ApplyPlan(objects))


def test_diff_exits_with_0_where_nothing_would_change(run, world):
    world(diff=differing(NAMESPACE))
    assert run("diff") == (0, "No change: all is as an install would leave it.\n")


def test_diff_prints_each_field_with_both_values_and_exits_with_3(run, world):
    world(diff=differing(NAMESPACE, CREATED, CONFIGURED, MANY, OWNED, secrets=(KEPT, FILLED), conflicts=(SCALED,)))
    assert run("diff") == (
        3,
        lines("""
            filled Secret/todo-secrets
              openai-api-key
            created ConfigMap/todo-config
            configured Deployment/todo-backend
              spec.replicas
                - 1
                + 2
              conflict: kubectl owns .spec.replicas
            configured Deployment/todo-frontend
              metadata.labels.mine
                - "x"
              spec.template.spec.containers[app].env[API_TOKEN].value
                differs, not shown
              spec.template.metadata.annotations.note
                @@ -1,3 +1,3 @@
                 one
                -two
                +2
                 three
            configured Service/todo-backend
              the set of fields that todoctl owns
            3 configured, 1 created, 1 filled, 2 unchanged
            """),
    )


def test_diff_tells_once_what_several_objects_have_in_common(run, world):
    helm = Difference("metadata.labels.app.kubernetes.io/managed-by", "Helm", None)
    changes = [
        Change("Service", name, "todo-app", Action.CONFIGURED, (helm, Difference("spec.type", "A", name)))
        for name in ("a", "b", "c")
    ]
    objects = tuple(Planned({}, None, change, adopted=("helm",)) for change in changes)
    pruned = Change("ConfigMap", "old", "todo-app", Action.PRUNED)
    world(diff=Diff(SecretsReport((KEPT,)), ApplyPlan(objects), (pruned,), ("todo",)))
    assert run("diff") == (
        3,
        lines("""
            configured Service/a (adopted from helm)
              spec.type
                - "A"
                + "a"
            configured Service/b (adopted from helm)
              spec.type
                - "A"
                + "b"
            configured Service/c (adopted from helm)
              spec.type
                - "A"
                + "c"
            pruned ConfigMap/old
            configured in several objects
              metadata.labels.app.kubernetes.io/managed-by (3)
                - "Helm"
            obsolete: Helm's record of its release todo
            3 configured, 1 pruned, 1 unchanged
            """),
    )


def test_diff_tells_what_the_server_refuses(run, world):
    refused = Immutable(("spec.selector",), "spec.selector: field is immutable")
    world(diff=Diff(SecretsReport(()), ApplyPlan((Planned({}, None, CONFIGURED, refused=refused),))))
    code, out = run("diff")
    assert code == 3
    assert "  refused: spec.selector cannot be changed\n" in out


def test_diff_gives_programs_the_same(run, world):
    world(diff=differing(NAMESPACE, CONFIGURED, conflicts=(SCALED,)))
    code, out = run("diff", "-o", "json")
    assert code == 3
    assert json.loads(out) == envelope(
        "diff",
        {
            "changed": True,
            "secrets": [{"name": "todo-postgres", "action": "kept", "keys": []}],
            "objects": [
                {
                    "kind": "Namespace",
                    "name": "todo-app",
                    "action": "unchanged",
                    "fields": [],
                    "conflicts": [],
                    "immutable": [],
                    "adopted": [],
                },
                {
                    "kind": "Deployment",
                    "name": "todo-backend",
                    "action": "configured",
                    "fields": [REPLICAS],
                    "conflicts": [{"field": ".spec.replicas", "owner": "kubectl", "theirs": 1, "ours": 2}],
                    "immutable": [],
                    "adopted": [],
                },
            ],
            "helmReleases": [],
        },
        exit_code=3,
    )


# install --dry-run

QUESTION = "There is no Minikube profile `minikube`. Make one with 4 cores and 8192 MiB of memory?"
BACKEND_IMAGE, FRONTEND_IMAGE = "todo-backend:3f1c9d27a0b4", "todo-frontend:81e05b6cd9f2"


def test_a_dry_run_prints_the_work_on_images_and_objects_and_exits_with_3(run, world):
    images = ((BACKEND_IMAGE, False), (FRONTEND_IMAGE, True), ("postgres:17", False))
    transfers = (Pending("minikube", BACKEND_IMAGE, held=False), Pending("minikube", FRONTEND_IMAGE, held=True))
    world(dry_run=DryRun(None, ("metrics-server",), images, transfers, (), differing(NAMESPACE, CREATED)))
    assert run("install", "--dry-run") == (
        3,
        lines("""
            would enable addon metrics-server
            todo-backend:3f1c9d27a0b4: would build
            todo-frontend:81e05b6cd9f2: there already
            postgres:17: would pull
            todo-backend:3f1c9d27a0b4: would send to node minikube
            todo-frontend:81e05b6cd9f2: on node minikube already
            created ConfigMap/todo-config
            1 created, 2 unchanged
            Nothing was changed.
            """),
    )


def test_a_dry_run_that_finds_nothing_to_do_exits_with_0(run, world):
    transfers = (Pending("minikube", BACKEND_IMAGE, held=True),)
    world(dry_run=DryRun(None, (), ((BACKEND_IMAGE, True),), transfers, (), differing(NAMESPACE)))
    code, out = run("install", "--dry-run")
    assert code == 0
    assert out.endswith("No change: all is as an install would leave it.\nNothing was changed.\n")


@pytest.mark.parametrize(
    ("diff", "told"),
    [
        pytest.param(
            differing(CREATED), "The cluster is still to be made, so its nodes get every image.\n", id="absent"
        ),
        pytest.param(None, "What the cluster holds is not known until it runs.\n", id="stopped"),
    ],
)
def test_a_dry_run_without_a_cluster_tells_what_would_be_asked(run, world, diff, told):
    world(dry_run=DryRun(QUESTION, (), ((BACKEND_IMAGE, True),), (), (), diff))
    code, out = run("install", "--dry-run")
    assert code == 3
    assert out.startswith(f"would ask: {QUESTION}\n")
    assert told in out


def test_a_dry_run_gives_programs_the_same(run, world):
    transfers = (Pending("minikube", BACKEND_IMAGE, held=False),)
    world(dry_run=DryRun(None, (), ((BACKEND_IMAGE, True),), transfers, (), differing(NAMESPACE)))
    code, out = run("install", "--dry-run", "-o", "json")
    assert code == 3
    data = json.loads(out)["data"]
    assert {**data, "diff": data["diff"]["changed"]} == {
        "dryRun": True,
        "changed": True,
        "start": None,
        "addons": [],
        "images": [{"reference": BACKEND_IMAGE, "present": True}],
        "transfers": [{"node": "minikube", "reference": BACKEND_IMAGE, "held": False}],
        "pushes": [],
        "diff": False,
    }


# doctor


def holds(found):
    return lambda: found


def fails(what, **rest):
    def check():
        raise PreflightError("made.up", what, **rest)

    return check


PYTHON = Check("host.python", "Python", Severity.FATAL, holds("3.12.4"))
MEMORY = Check(
    "host.memory",
    "Memory",
    Severity.WARNING,
    fails("3.1 GiB free", because="the app needs 4 GiB", hint="close something"),
)
DOCKER = Check(
    "docker.engine",
    "Docker",
    Severity.FATAL,
    fails("no engine answers", because="connection refused", hint="start Docker"),
    fix=lambda _: Repair("Start Docker?", lambda *_: None),
)
MINIKUBE = Check("minikube.running", "Minikube", Severity.WARNING, holds("running"), needs=("docker.engine",))
QUIET = Check("host.quiet", "Quiet", Severity.WARNING, fails("not quiet"))


@pytest.mark.parametrize(
    ("checks", "code", "told"),
    [
        pytest.param([PYTHON], 0, "ok       Python: 3.12.4\n", id="ok"),
        pytest.param(
            [PYTHON, MEMORY],
            3,
            """
            ok       Python: 3.12.4
            warning  Memory: 3.1 GiB free [host.memory]
                       because: the app needs 4 GiB
                       hint: close something

            The ids in [brackets] are explained by `todoctl doctor --explain ID`.
            """,
            id="warning",
        ),
        pytest.param(
            [QUIET],
            3,
            """
            warning  Quiet: not quiet [host.quiet]

            The ids in [brackets] are explained by `todoctl doctor --explain ID`.
            """,
            id="without a reason",
        ),
        pytest.param(
            [PYTHON, MEMORY, DOCKER, MINIKUBE],
            4,
            """
            ok       Python: 3.12.4
            warning  Memory: 3.1 GiB free [host.memory]
                       because: the app needs 4 GiB
                       hint: close something
            fatal    Docker: no engine answers [docker.engine]
                       because: connection refused
                       hint: start Docker
            skipped  Minikube: not looked at, because of: Docker

            The ids in [brackets] are explained by `todoctl doctor --explain ID`.
            `todoctl doctor --fix` can repair: Docker.
            """,
            id="fatal",
        ),
    ],
)
def test_doctor_prints_each_finding_and_exits_with_the_worst(monkeypatch, run, checks, code, told):
    monkeypatch.setattr("todoctl.preflight.table.doctor_checks", lambda _settings: checks)
    assert run("doctor") == (code, lines(told))


def test_doctor_gives_programs_each_check_with_its_id_and_severity(monkeypatch, run):
    monkeypatch.setattr("todoctl.preflight.table.doctor_checks", lambda _settings: [PYTHON, MEMORY, DOCKER, MINIKUBE])
    code, out = run("doctor", "-o", "json")
    assert code == 4
    assert json.loads(out) == envelope(
        "doctor",
        {
            "checks": [
                {
                    "id": "host.python",
                    "title": "Python",
                    "severity": "fatal",
                    "status": "ok",
                    "found": "3.12.4",
                    "because": None,
                    "hint": None,
                    "fixable": False,
                },
                {
                    "id": "host.memory",
                    "title": "Memory",
                    "severity": "warning",
                    "status": "warning",
                    "found": "3.1 GiB free",
                    "because": "the app needs 4 GiB",
                    "hint": "close something",
                    "fixable": False,
                },
                {
                    "id": "docker.engine",
                    "title": "Docker",
                    "severity": "fatal",
                    "status": "fatal",
                    "found": "no engine answers",
                    "because": "connection refused",
                    "hint": "start Docker",
                    "fixable": True,
                },
                {
                    "id": "minikube.running",
                    "title": "Minikube",
                    "severity": "warning",
                    "status": "skipped",
                    "found": "not looked at, because of: Docker",
                    "because": None,
                    "hint": None,
                    "fixable": False,
                },
            ],
            "fixes": [],
            "report": None,
            "explanation": None,
        },
        exit_code=4,
    )


# build and load


@pytest.mark.parametrize(
    ("built", "line"),
    [
        (BUILT_NOW, "todo-backend:3f1c9d27a0b4  189 MB  built in 41.2 s"),
        (BUILT_BEFORE, "todo-frontend:81e05b6cd9f2  247 MB  there already"),
    ],
)
def test_an_image_is_one_line(built, line):
    assert build.table([built]) == line


def test_build_prints_a_line_an_image(run, world):
    asked = world(fingerprint=PLANS, build=[BUILT_NOW, BUILT_BEFORE])
    assert run("build") == (
        0,
        lines("""
            todo-backend:3f1c9d27a0b4  189 MB  built in 41.2 s
            todo-frontend:81e05b6cd9f2  247 MB  there already
            """),
    )
    assert asked == [("fingerprint",), ("build", PLANS)]


def test_build_gives_programs_sizes_in_bytes_and_milliseconds_of_seconds(run, world):
    world(fingerprint=PLANS, build=[BUILT_NOW])
    code, out = run("build", "-o", "json")
    assert code == 0
    assert json.loads(out) == envelope(
        "build",
        {
            "images": [
                {"reference": "todo-backend:3f1c9d27a0b4", "built": True, "seconds": 41.235, "size": 189_400_000},
            ]
        },
    )


@pytest.mark.parametrize(
    ("loaded", "line"),
    [
        (SENT, "minikube  todo-backend:3f1c9d27a0b4 todo-backend:0.1.0  sent 192 MB in 3.1 s"),
        (HELD, "minikube-m02  todo-frontend:81e05b6cd9f2  there already"),
    ],
)
def test_a_transfer_is_one_line(loaded, line):
    assert load._line(loaded) == line


def test_load_prints_a_line_a_transfer_and_tags_with_the_version(run, world):
    asked = world(require_running=None, fingerprint=PLANS, build=[BUILT_NOW, BUILT_BEFORE], sideload=[SENT, HELD])
    assert run("load") == (
        0,
        lines("""
            minikube  todo-backend:3f1c9d27a0b4 todo-backend:0.1.0  sent 192 MB in 3.1 s
            minikube-m02  todo-frontend:81e05b6cd9f2  there already
            """),
    )
    assert asked[-1] == ("sideload", [BUILT_NOW, BUILT_BEFORE], ("with_version", True))


def test_load_gives_programs_the_images_and_the_transfers(run, world):
    world(require_running=None, fingerprint=PLANS, build=[BUILT_BEFORE], sideload=[HELD])
    code, out = run("load", "-o", "json")
    assert code == 0
    assert json.loads(out) == envelope(
        "load",
        {
            "images": [
                {"reference": "todo-frontend:81e05b6cd9f2", "built": False, "seconds": 0.004, "size": 246_700_000},
            ],
            "sideloaded": [
                {
                    "node": "minikube-m02",
                    "references": ["todo-frontend:81e05b6cd9f2"],
                    "digest": "sha256:bb22",
                    "sent": 0,
                    "seconds": 0.0,
                },
            ],
        },
    )


# status


def workload(kind, name, image, replicas, state):
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "generation": 2},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": name, "image": image}]}}},
        "status": {"observedGeneration": 2, **state},
    }


def deployment(name, replicas, available):
    """Make a Deployment all of whose pods are of the newest revision."""
    return workload(
        "Deployment",
        name,
        f"{name}:3f1c9d27a0b4",
        replicas,
        {
            "replicas": replicas,
            "updatedReplicas": replicas,
            "availableReplicas": available,
            "conditions": [{"type": "Available", "status": "True"}],
        },
    )


def autoscaler(utilization):
    current = {} if utilization is None else {"averageUtilization": utilization}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "todo-backend"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "todo-backend"},
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": [{"type": "Resource", "resource": {"target": {"averageUtilization": 70}}}],
        },
        "status": {"currentMetrics": [{"type": "Resource", "resource": {"current": current}}]},
    }


def ingress(**spec):
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "todo-app"},
        "spec": {"rules": [{"host": "todo-app.local"}], **spec},
    }


def pod(name, *, ready=(), restarts=0, phase="Running", node="minikube"):
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": node} if node else {},
        "status": {
            "phase": phase,
            "containerStatuses": [{"name": "main", "ready": one, "restartCount": restarts} for one in ready],
        },
    }


POSTGRES = workload(
    "StatefulSet",
    "todo-postgres",
    "postgres:17",
    1,
    {
        "currentRevision": "a",
        "updateRevision": "a",
        "updatedReplicas": 1,
        "currentReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    },
)


def test_status_prints_workloads_autoscalers_and_where_the_app_answers(run, world):
    objects = (deployment("todo-backend", 3, 3), POSTGRES, autoscaler(12), ingress())
    world(live=Live(objects, (), (pod("todo-backend-x", ready=(True,)), pod("todo-postgres-0", ready=(True,)))))
    assert run("status") == (
        0,
        lines("""
            Current  Deployment/todo-backend: 3 pods available
              todo-backend:3f1c9d27a0b4
            Current  StatefulSet/todo-postgres: 1 pod ready
              postgres:17
            HorizontalPodAutoscaler/todo-backend: CPU: 12 % (target 70 %), 2 to 5 pods
            http://todo-app.local
            """),
    )


def test_status_exits_with_3_and_names_what_is_not_ready_or_not_there(run, world):
    objects = (deployment("todo-backend", 2, 1), autoscaler(None), ingress(tls=[{"hosts": ["todo-app.local"]}]))
    pods = (
        pod("todo-backend-a", ready=(True,)),
        pod("todo-backend-b", ready=(True, False)),
        pod("todo-backend-c", phase="Pending", node=None),
    )
    world(live=Live(objects, (POSTGRES,), pods))
    assert run("status") == (
        3,
        lines("""
            InProgress  Deployment/todo-backend: 1 of 2 pods are available
              todo-backend:3f1c9d27a0b4
            NotFound  StatefulSet/todo-postgres: not there: `todoctl install` brings it back
            HorizontalPodAutoscaler/todo-backend: CPU: no metrics yet (target 70 %), 2 to 5 pods
            not ready: Pod/todo-backend-b (Running)
            not ready: Pod/todo-backend-c (Pending)
            https://todo-app.local
            """),
    )


def test_status_tells_that_the_app_is_not_there_and_where_it_looked(run, world):
    world(live=Live((), (POSTGRES,), ()))
    assert run("status", "-p", "workshop", "-n", "second") == (
        3,
        "The app is not there: namespace second of context workshop has no workload of it.\n",
    )


def test_status_gives_programs_the_same_with_the_pods(run, world):
    objects = (deployment("todo-backend", 2, 2), autoscaler(12), ingress())
    world(live=Live(objects, (), (pod("todo-backend-x", ready=(True, True), restarts=2),)))
    code, out = run("status", "-o", "json", "--context", "shared")
    assert code == 0
    assert json.loads(out) == envelope(
        "status",
        {
            "context": "shared",
            "namespace": "todo-app",
            "urls": ["http://todo-app.local"],
            "workloads": [
                {
                    "kind": "Deployment",
                    "name": "todo-backend",
                    "status": "Current",
                    "message": "2 pods available",
                    "images": ["todo-backend:3f1c9d27a0b4"],
                }
            ],
            "autoscalers": [{"name": "todo-backend", "current": 12, "target": 70, "minimum": 2, "maximum": 5}],
            "pods": [{"name": "todo-backend-x", "phase": "Running", "ready": True, "restarts": 4, "node": "minikube"}],
        },
    )


@pytest.mark.parametrize(
    ("minimum", "verdict"),
    [
        (None, ("InProgress", "2 of 3 pods are available")),
        (2, ("Current", "2 pods available")),
    ],
)
def test_a_deployment_that_an_autoscaler_rules_is_current_at_the_autoscalers_minimum(minimum, verdict):
    objects = [deployment("todo-backend", 3, 2), *([autoscaler(95)] if minimum else [])]
    (found,) = status._workloads(objects)
    assert (found["status"], found["message"]) == verdict


@pytest.mark.parametrize("metrics", [None, [], [{"type": "Resource", "resource": {"current": {}}}]], ids=str)
def test_an_autoscaler_without_figures_has_none_and_not_zero(metrics):
    made = autoscaler(None)
    made["status"] = {"currentMetrics": metrics}
    assert status._autoscaler(made) == {
        "name": "todo-backend",
        "current": None,
        "target": 70,
        "minimum": 2,
        "maximum": 5,
    }


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (pod("a", ready=(True, True)), {"phase": "Running", "ready": True, "restarts": 0, "node": "minikube"}),
        (
            pod("a", ready=(True, False), restarts=3),
            {"phase": "Running", "ready": False, "restarts": 6, "node": "minikube"},
        ),
        (
            pod("a", phase="Pending", node=None),
            {"phase": "Pending", "ready": False, "restarts": 0, "node": None},
        ),
        (
            {"metadata": {"name": "a"}, "spec": {}, "status": {}},
            {"phase": "Unknown", "ready": False, "restarts": 0, "node": None},
        ),
    ],
    ids=["ready", "one of two ready", "not scheduled", "no status yet"],
)
def test_a_pod_is_ready_when_all_its_containers_are(made, expected):
    assert status._pod(made) == {"name": "a", **expected}


# uninstall

INGRESS_GONE = Change("Ingress", "todo-app", "todo-app", Action.DELETED)
BACKEND_GONE = Change("Deployment", "todo-backend", "todo-app", Action.DELETED)
CLAIM_GONE = Change("PersistentVolumeClaim", "data-todo-postgres-0", "todo-app", Action.DELETED)
NAMESPACE_GONE = Change("Namespace", "todo-app", None, Action.DELETED)
DATA = ("PersistentVolumeClaim/data-todo-postgres-0", "Secret/todo-secrets", "Namespace/todo-app")


@pytest.mark.parametrize(
    ("arguments", "removed", "told"),
    [
        pytest.param(
            [],
            Uninstalled(ChangeSet((INGRESS_GONE, BACKEND_GONE)), DATA),
            """
            Ingress/todo-app deleted
            Deployment/todo-backend deleted

            kept: PersistentVolumeClaim/data-todo-postgres-0, Secret/todo-secrets, Namespace/todo-app
            """,
            id="data kept",
        ),
        pytest.param(
            ["--data", "--yes"],
            Uninstalled(ChangeSet((INGRESS_GONE, CLAIM_GONE, NAMESPACE_GONE)), ()),
            """
            Ingress/todo-app deleted
            PersistentVolumeClaim/data-todo-postgres-0 deleted
            Namespace/todo-app deleted
            """,
            id="data gone",
        ),
        pytest.param(
            [],
            Uninstalled(ChangeSet(), DATA),
            """
            Nothing to do: the app is not there.

            kept: PersistentVolumeClaim/data-todo-postgres-0, Secret/todo-secrets, Namespace/todo-app
            """,
            id="only data there",
        ),
        pytest.param([], Uninstalled(ChangeSet(), ()), "Nothing to do: the app is not there.\n", id="nothing there"),
    ],
)
def test_uninstall_prints_what_is_gone_and_what_is_kept(run, world, arguments, removed, told):
    asked = world(uninstall=removed)
    assert run("uninstall", *arguments) == (0, lines(told))
    assert asked == [("uninstall", ("with_data", "--data" in arguments))]


def test_uninstall_gives_programs_what_is_gone_and_what_is_kept(run, world):
    world(uninstall=Uninstalled(ChangeSet((INGRESS_GONE,)), DATA))
    code, out = run("uninstall", "-o", "json")
    assert code == 0
    assert json.loads(out) == envelope(
        "uninstall",
        {
            "deleted": ["Ingress/todo-app"],
            "kept": ["PersistentVolumeClaim/data-todo-postgres-0", "Secret/todo-secrets", "Namespace/todo-app"],
        },
    )


def test_uninstalling_data_with_nobody_to_ask_stops_and_says_what_to_do(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    monkeypatch.setattr("todoctl.preflight.table.identity_checks", lambda _settings: [])
    # Should the question be skipped, no cluster may come to harm.
    monkeypatch.setattr("todoctl.objects.delete.uninstall", lambda *_, **__: pytest.fail("went on without a yes"))
    assert main(["uninstall", "--data", "-n", "second", "--context", "shared"]) == 10
    assert capsys.readouterr() == (
        "",
        lines("""
            error: this needs a yes: Remove namespace `second` on `shared` with all accounts and tasks? \
They cannot be brought back.
              because: there is no terminal to ask on, so nothing was done

            hint: run the command in a terminal, or add `--yes`
            """),
    )


# manifests


def printed(run, world, *arguments):
    world(fingerprint=PLANS)
    code, out = run("manifests", *arguments)
    assert code == 0
    objects = list(yaml.safe_load_all(out))
    assert "Secret" not in {item["kind"] for item in objects}
    return objects


def containers(objects):
    templates = [item["spec"]["template"]["spec"] for item in objects if "template" in item.get("spec", {})]
    return [one for spec in templates for one in [*spec.get("initContainers", ()), *spec["containers"]]]


def of_kind(objects, kind):
    return [item for item in objects if item["kind"] == kind]


def hosts(objects):
    (found,) = of_kind(objects, "Ingress")
    served = [rule["host"] for rule in found["spec"]["rules"]]
    return {*served, *(name for entry in found["spec"].get("tls", ()) for name in entry["hosts"])}


@pytest.mark.parametrize(
    ("environment", "images"),
    [
        ("development", {"todo-backend:3f1c9d27a0b4", "todo-frontend:81e05b6cd9f2", "postgres:17"}),
        ("staging", {"todo-backend:3f1c9d27a0b4", "todo-frontend:81e05b6cd9f2"}),
        ("production", {"todo-backend:3f1c9d27a0b4", "todo-frontend:81e05b6cd9f2"}),
    ],
)
def test_manifests_run_the_images_of_these_sources(run, world, environment, images):
    objects = printed(run, world, "--environment", environment)
    assert {one["image"] for one in containers(objects)} == images


def test_manifests_name_the_images_as_an_install_does_where_the_registry_is_told(run, world):
    pinned = [replace(plan, pinned=f"r.example.com/a/{plan.image.name}@sha256:{'5' * 64}") for plan in PLANS]
    world(pin=pinned)
    objects = printed(run, world, "-e", "staging", "--registry", "r.example.com/a", "--image-pull-secret", "key")
    assert {one["image"] for one in containers(objects)} == {plan.pinned for plan in pinned}
    pods = [item["spec"]["template"]["spec"] for item in of_kind(objects, "Deployment")]
    assert [pod["imagePullSecrets"] for pod in pods] == [[{"name": "key"}]] * 2


def test_manifests_of_development_take_no_registry(capsys):
    assert main(["manifests", "--registry", "r.example.com/a"]) == 2
    assert "--registry is for --environment staging or production" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "host"),
    [("development", "todo-app.local"), ("staging", "staging.todo-app.com"), ("production", "todo-app.com")],
)
def test_manifests_name_the_environments_own_host(run, world, environment, host):
    objects = printed(run, world, "-e", environment)
    assert hosts(objects) == {host}


@pytest.mark.parametrize(
    ("environment", "allowed"),
    [
        ("development", "todo.example.org,todo.example.org:*,localhost:*,127.0.0.1:*"),
        ("production", "todo.example.org"),
    ],
)
def test_a_host_goes_where_the_ingress_and_better_auth_read_it(run, world, environment, allowed):
    objects = printed(run, world, "-e", environment, "--host", "todo.example.org")
    assert hosts(objects) == {"todo.example.org"}
    (config,) = [item for item in of_kind(objects, "ConfigMap") if item["metadata"]["name"] == "todo-config"]
    assert config["data"]["auth-allowed-hosts"] == allowed


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
def test_another_namespace_follows_everywhere(run, world, environment):
    objects = printed(run, world, "-n", "other", "-e", environment)
    assert [item["metadata"]["name"] for item in of_kind(objects, "Namespace")] == ["other"]
    assert {item["metadata"]["namespace"] for item in objects if item["kind"] != "Namespace"} == {"other"}


def test_manifests_give_programs_the_same_objects(run, world):
    objects = printed(run, world, "-n", "other")
    code, out = run("manifests", "-n", "other", "-o", "json")
    assert code == 0
    assert json.loads(out) == envelope("manifests", {"objects": objects})
