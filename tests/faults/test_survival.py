"""What an installation survives: killed and interrupted runs, two at once, and a cluster that was stopped or paused.

What takes longer than 90 s a case is in tests/long.
"""

import os
import re
import secrets as random
import signal
import subprocess
import sys

import pytest

from harness import MARK, NAMESPACE, PROFILE, Browser, becomes, command, marked
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.locks import lease
from todoctl.locks.file import Holder, locked, path_of_cluster
from todoctl.targets.reference import qualified

pytestmark = pytest.mark.minikube

CONSENT, CLUSTER, LOCKED, INTERRUPTED = 10, 7, 13, 130
STEPS = ["Preflight", "Fingerprint", "Build", "Sideload", "Secrets", "Apply", "Wait", "Access"]
DRIFTED = "pod-security.kubernetes.io/warn"


def begin(todoctl, *arguments, **environment):
    """Start a run in the background; what runs there ignores Ctrl-C, and so would its children."""
    return subprocess.Popen(
        [sys.executable, todoctl.zipapp, *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TODOCTL_PROFILE": PROFILE, **environment},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs
    )


def reach(process, step):
    """Read what the run says until it begins a step."""
    said = []
    for line in process.stderr:
        said.append(line)
        if line.rstrip() == step:
            return
    raise AssertionError(f"it ended before {step}:\n{''.join(said)}")


def something_to_do(step, todoctl, kubectl):
    """Take away what the step makes, so that a kill meets it at work."""
    images = [
        kubectl.json("get", "deployment", name, "-n", NAMESPACE)["spec"]["template"]["spec"]["containers"][0]["image"]
        for name in ("todo-backend", "todo-frontend")
    ]
    match step:
        case "Build":
            command("docker", "image", "rm", *images)
        case "Sideload":
            command("docker", "exec", PROFILE, "crictl", "rmi", qualified(images[0]))
        case "Secrets":
            gone = todoctl("uninstall", "--data", "--yes")
            assert gone.code == 0, gone.err
        case "Apply":
            kubectl("delete", "-n", NAMESPACE, "deployment/todo-frontend", "ingress/todo-app", "service/todo-backend")
        case "Wait":
            kubectl("delete", "-n", NAMESPACE, "deployment/todo-backend")
        case "Access":  # it waits until the Ingress that the install makes is programmed
            kubectl("delete", "-n", NAMESPACE, "ingress/todo-app")


def the_app_answers(address):
    becomes(200, lambda: Browser(address)("GET", "/healthz")[0])
    becomes(401, lambda: Browser(address)("GET", "/api/tasks")[0])


def leases(kubectl):
    return kubectl("get", "leases", "-n", NAMESPACE, "-o", "name").split()


@pytest.mark.parametrize("step", STEPS, ids=[f"in {step}" for step in STEPS])
def test_an_install_was_killed_and_the_next_run_converges(todoctl, kubectl, address, step):
    something_to_do(step, todoctl, kubectl)
    process = begin(todoctl, "install", "--yes")
    reach(process, step)
    process.kill()
    assert process.wait(timeout=60) == -signal.SIGKILL
    outcome = todoctl("install", "--yes", "-o", "json")
    assert outcome.code == 0, outcome.err
    assert leases(kubectl) == []
    the_app_answers(address)
    assert todoctl("install", "-o", "json").data["changed"] is False


@pytest.mark.parametrize(
    ("step", "child"),
    [("Build", "docker build"), ("Sideload", "docker save"), ("Wait", None)],
    ids=["in Build, while docker build runs", "in Sideload, while docker save runs", "in Wait"],
)
def test_ctrl_c_ends_the_children_says_where_it_stopped_and_holds_nothing(todoctl, kubectl, address, step, child):
    something_to_do(step, todoctl, kubectl)
    mark = random.token_hex(8)
    process = begin(todoctl, "install", "--yes", **{MARK: mark})
    reach(process, step)
    if child:
        while not [line for line in marked(mark) if child in line]:
            assert process.poll() is None, "it ended before it had a child"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    # At once, as what is left behind would end by itself; what got SIGKILL may show for a moment more.
    becomes([], lambda: marked(mark), seconds=2)
    assert process.returncode == INTERRUPTED, err
    # On a busy machine Ctrl-C may come when the run is a step further.
    (at,) = re.findall(r"error: interrupted in step `(\w+)`", err)
    assert at in STEPS[STEPS.index(step) :]
    assert "run the same command again" in err
    assert "Traceback" not in err
    assert leases(kubectl) == []
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    the_app_answers(address)


def test_a_second_run_on_this_machine_is_refused_at_once_and_the_first_one_ends_well(todoctl, kubectl, address):
    something_to_do("Wait", todoctl, kubectl)
    first = begin(todoctl, "install", "--yes")
    reach(first, "Apply")
    first.send_signal(signal.SIGSTOP)  # it holds still, and so its lock, however long the others take
    try:
        for verb in ("uninstall", "rollback", "install"):  # first what would do harm if the first run had ended
            assert first.poll() is None
            second = todoctl(verb)
            assert second.code == LOCKED, second.err
            assert f"`todoctl install` (process {first.pid}) holds its lock since" in second.err
            assert "hint: wait until that run has ended" in second.err
    finally:
        first.send_signal(signal.SIGCONT)
    assert first.wait(timeout=400) == 0
    first.stderr.close()
    the_app_answers(address)


@pytest.mark.parametrize("verb", ["install", "load"])
def test_a_run_waits_for_one_that_works_on_the_whole_cluster_and_goes_on_when_that_is_done(todoctl, verb):
    said = []
    with locked(path_of_cluster(PROFILE), "doctor", f"Minikube profile `{PROFILE}`"):
        waiting = begin(todoctl, verb)
        while "waiting" not in (line := waiting.stderr.readline()):
            assert line, "".join(said)
            said.append(line)
    assert f"works on Minikube profile `{PROFILE}`: `todoctl doctor` (process {os.getpid()}) holds its lock" in line
    assert not {"Fingerprint", "Build", "Sideload"} & {one.strip() for one in said}
    _, rest = waiting.communicate(timeout=400)
    assert waiting.returncode == 0, rest


def elsewhere():
    return Cluster.connect(PROFILE), NAMESPACE, Holder("elsewhere", 4711, "token")


def test_a_run_on_another_machine_is_named_and_nothing_is_written(todoctl, kubectl, heard, monkeypatch):
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.5)
    kubectl("label", "namespace", NAMESPACE, f"{DRIFTED}-")
    with lease.Lease(*elsewhere(), heard):
        outcome = todoctl("install", "--debug")
        assert outcome.code == LOCKED, outcome.err
        assert "process 4711 on `elsewhere` holds its Lease since" in outcome.err
        writes = [line for line in outcome.err.splitlines() if "POST /" in line or "PATCH /" in line]
        assert [line for line in writes if "dryRun=All" not in line and "/leases" not in line] == []
        assert not {"Fingerprint", "Build", "Secrets"} & set(outcome.err.splitlines())
    assert DRIFTED not in kubectl.json("get", "namespace", NAMESPACE)["metadata"]["labels"]
    assert todoctl("install").code == 0
    assert DRIFTED in kubectl.json("get", "namespace", NAMESPACE)["metadata"]["labels"]


def test_a_run_on_another_machine_that_died_is_taken_over_when_its_lease_has_run_out(todoctl, kubectl, heard):
    cluster, namespace, holder = elsewhere()
    lease.Lease(cluster, namespace, holder, heard)._take()
    cluster.patch(kinds.LEASE, lease.NAME, namespace, {"spec": {"leaseDurationSeconds": 3}})
    outcome = todoctl("install")
    assert outcome.code == 0, outcome.err
    assert "process 4711 on `elsewhere` holds the installation: waiting to see whether it is alive" in outcome.err
    assert leases(kubectl) == []


def test_two_installations_are_apart(todoctl, kubectl, address):
    arguments = ("install", "--yes", "-n", "t-second", "--host", "second.local")
    interrupted = begin(todoctl, *arguments)
    reach(interrupted, "Wait")
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(timeout=120) == INTERRUPTED
    interrupted.stderr.close()
    outcome = todoctl(*arguments)
    assert outcome.code == 0, outcome.err
    second = Browser(address, "second.local")
    assert second.sign_up("second@example.org")[0] == 200
    assert second.titles() == []
    # An account of the one is nobody in the other.
    assert Browser(address).sign_in("second@example.org")[0] == 401
    assert todoctl("uninstall", "--data", "--yes", "-n", "t-second").code == 0
    assert "namespace/t-second" not in kubectl("get", "namespaces", "-o", "name").split()


def test_a_paused_cluster_is_unpaused_after_a_yes(todoctl, address):
    command("minikube", "pause", "-p", PROFILE)
    refused = todoctl("install")
    assert (refused.code, "paused" in refused.err) == (CONSENT, True)
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    the_app_answers(address)


def test_a_stopped_cluster_is_started_after_a_yes_and_has_kept_its_data(todoctl, address):
    browser = Browser(address)
    assert browser.sign_up("stopped@example.org")[0] == 200
    assert browser("POST", "/api/tasks", {"title": "Still here"}, token=browser.token())[0] == 201
    command("minikube", "stop", "-p", PROFILE)
    refused = todoctl("install")
    assert (refused.code, "stopped" in refused.err) == (CONSENT, True)
    assert todoctl("status").code == CLUSTER
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    becomes(["Still here"], browser.titles)
