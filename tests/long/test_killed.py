"""SIGKILL in the midst of the verbs that tests/faults does not kill, of Minikube's start, and of the API server."""

import os
import secrets as random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import MARK, NAMESPACE, PROFILE, Todoctl, command, marked, until
from kept import HOST, Traffic, expect, signs_in
from kept import NAMESPACE as DATA
from todoctl.database import roles

pytestmark = pytest.mark.minikube

STARTED = "t-killed"


def begin(zipapp, profile, *arguments, **environment):
    """Start a run in the background; what runs there ignores Ctrl-C, and so would its children."""
    return subprocess.Popen(
        [sys.executable, zipapp, *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TODOCTL_PROFILE": profile, **environment},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs
    )


def killed_at(step, zipapp, *arguments):
    """Run a verb until it says that a step begins, and kill it there."""
    process = begin(zipapp, PROFILE, *arguments)
    said = []
    for line in process.stderr:
        said.append(line)
        if line.rstrip() == step:
            break
    process.kill()
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL, "".join(said)


# Each of these finds an installation with 10,000 tasks, and leaves it as it was.


@pytest.mark.parametrize("step", ["Secrets", "Roll"])
def test_a_killed_rotation_leaves_an_app_that_works_and_the_next_one_finishes(data, ada, sql, todoctl, address, step):
    if sql(roles.ABLE) == ["todo"]:  # the first rotation leaves a role free, whenever it is killed
        assert data("secrets", "rotate", "database").code == 0
    with Traffic(address) as traffic:
        killed_at(step, todoctl.zipapp, "secrets", "rotate", "database", "-n", DATA, "-p", PROFILE)
        outcome = data("secrets", "rotate", "database")
        traffic.more()
    assert outcome.code == 0, outcome.err
    if step == "Roll":  # by then the Secrets have the new role, and pods the one of before
        assert "an earlier rotation was not finished" in outcome.err
    assert traffic.failed == []
    assert len(sql(roles.ABLE)) == 1, "no role of before is let in"
    assert signs_in(address) is not None
    again = data("install", "--host", HOST, "-o", "json")
    assert (again.code, again.data["changed"]) == (0, False), again.err


def test_a_reset_after_a_killed_rotation_ends_with_one_role_that_all_pods_sign_in_as(data, ada, sql, todoctl, address):
    if sql(roles.ABLE) == ["todo"]:
        assert data("secrets", "rotate", "database").code == 0
    killed_at("Roll", todoctl.zipapp, "secrets", "rotate", "database", "-n", DATA, "-p", PROFILE)
    assert len(sql(roles.ABLE)) == 2, "the pods of before use one, the Secret names the other"
    outcome = data("secrets", "reset", "--yes")
    assert outcome.code == 0, outcome.err
    assert len(sql(roles.ABLE)) == 1
    assert signs_in(address) is not None
    again = data("install", "--host", HOST, "-o", "json")
    assert (again.code, again.data["changed"]) == (0, False), again.err


def test_a_killed_uninstall_is_finished_by_the_next_and_an_install_brings_all_back(data, ada, sql, todoctl, address):
    before = sql("SELECT count(*) FROM task")
    killed_at("Uninstall", todoctl.zipapp, "uninstall", "-n", DATA, "-p", PROFILE)
    outcome = data("uninstall", "-o", "json")
    assert outcome.code == 0, outcome.err
    assert "Secret/todo-secrets" in outcome.data["kept"]
    killed_at("Uninstall", todoctl.zipapp, "uninstall", "-n", DATA, "-p", PROFILE)
    outcome = data("install", "--host", HOST)
    assert outcome.code == 0, outcome.err
    assert sql("SELECT count(*) FROM task") == before
    assert signs_in(address) is not None


@pytest.mark.parametrize("step", ["Sideload", "Apply", "Wait"])
def test_a_killed_rollback_is_finished_by_the_next_and_by_an_install(todoctl, installed, kubectl, step):
    before = todoctl("install", "--yes", "-o", "json").data["release"]
    changed = todoctl("install", "--yes", "--host", "killed.local", "-o", "json")
    assert changed.code == 0, changed.err

    def host():
        return kubectl.json("get", "ingress", "todo-app", "-n", NAMESPACE)["spec"]["rules"][0]["host"]

    killed_at(step, todoctl.zipapp, "rollback", str(before))
    outcome = todoctl("rollback", str(before), "-o", "json")
    assert (outcome.code, outcome.data["to"]) == (0, before), outcome.err
    assert host() == "todo-app.local"
    killed_at("Apply", todoctl.zipapp, "rollback", str(changed.data["release"]))
    outcome = todoctl("install", "--yes")
    assert outcome.code == 0, outcome.err
    assert host() == "todo-app.local"
    assert kubectl("get", "leases", "-n", NAMESPACE, "-o", "name") == ""


AWAY_SECONDS = 30
"""Twice as long as one call tries. With kubelet's growing pauses the server is away for longer still."""


def test_a_rollout_is_waited_for_though_the_api_server_is_away_for_longer_than_a_call_tries(
    todoctl, installed, kubectl
):
    assert todoctl("install", "--yes").code == 0  # the tests before may have taken it away
    kubectl("delete", "-n", NAMESPACE, "deployment/todo-backend")
    process = begin(todoctl.zipapp, PROFILE, "install")
    said = []
    for line in process.stderr:
        said.append(line)
        if line.rstrip() == "Wait":
            break
    kill = f"timeout {AWAY_SECONDS} sh -c 'while :; do pkill -9 -x kube-apiserver; sleep 0.2; done'"
    subprocess.run(["docker", "exec", PROFILE, "sh", "-c", kill], check=False, capture_output=True)
    _, rest = process.communicate(timeout=500)
    assert process.returncode == 0, "".join(said) + rest
    assert rest.count("going on trying") == 1, rest


@pytest.fixture
def profile():
    """The name of a profile that is not there, before and after."""
    command("minikube", "delete", "-p", STARTED)
    yield STARTED
    command("minikube", "delete", "-p", STARTED)


def test_of_two_installs_at_once_one_makes_the_profile_and_the_other_finds_it_running(zipapp, profile):
    wanted = ("--yes", "--cpus", "2", "--memory", "4000")
    first = begin(zipapp, profile, "install", *wanted)
    second = begin(zipapp, profile, "install", *wanted, "-n", "second", "--host", "second.local")
    with ThreadPoolExecutor() as pool:  # one whose words nobody reads stands still
        ends = [pool.submit(run.communicate, timeout=900) for run in (first, second)]
        said = [end.result()[1] for end in ends]
    assert (first.returncode, second.returncode) == (0, 0), "\n".join(said)
    assert sum("Creating docker container" in text for text in said) == 1, "\n".join(said)
    assert any(f"waiting, as another run of todoctl works on Minikube profile `{profile}`" in text for text in said)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "SIGKILL"])
def test_a_minikube_whose_start_was_broken_off_is_brought_up_by_the_next_run(zipapp, profile, by):
    mark = random.token_hex(8)
    wanted = ("install", "--yes", "--cpus", "2", "--memory", "2200")
    process = begin(zipapp, profile, *wanted, **{MARK: mark})
    said = []
    for line in process.stderr:
        said.append(line)
        if "Creating docker container" in line:
            break
    assert marked(mark), "".join(said)
    process.send_signal(by)
    _, rest = process.communicate(timeout=60)
    if by == signal.SIGINT:
        assert process.returncode == 130, rest
        assert "interrupted in step `Preflight`" in rest
        until(lambda: expect(lambda: marked(mark), []), seconds=60)
    else:
        # What nobody could end goes on without it, and ends by itself.
        until(lambda: expect(lambda: marked(mark), []), seconds=180)
    outcome = Todoctl(zipapp, profile)(*wanted)
    assert outcome.code == 0, outcome.err
