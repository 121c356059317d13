"""What `history` and `rollback` print, to the letter, for a made-up world."""

import json

import pytest

from todoctl.access.advice import DockerKind, HostSystem, advise
from todoctl.access.hosts import Entry, HostsEntry
from todoctl.cli.main import main
from todoctl.images.sideload import Sideloaded
from todoctl.objects.diff import Action, Change, ChangeSet, Difference
from todoctl.objects.releases import Release
from todoctl.recipes import rollback as recipe
from todoctl.recipes.history import History
from todoctl.recipes.rollback import RolledBack
from todoctl.steps import Access


def workload(name, image):
    pod = {"metadata": {}, "spec": {"containers": [{"name": name, "image": image, "imagePullPolicy": "Never"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"template": pod},
    }


def release(revision, reason, *images):
    objects = tuple(workload(image.partition(":")[0], image) for image in images)
    return Release(revision, f"2026-11-24T08:0{revision}:00Z", "0.1.0", reason, objects)


FIRST = release(1, "install", "todo-backend:3f1c9d27a0b4", "postgres:17")
SECOND = release(2, "install", "todo-backend:81e05b6cd9f2", "postgres:17")
THIRD = release(3, "rollback to 1", "todo-backend:3f1c9d27a0b4", "postgres:17")


@pytest.fixture
def told(monkeypatch, capsys):
    """Run a verb whose recipe returns `answer`; give what it printed on stdout, and what the recipe was asked."""

    def of(recipe, answer, *arguments):
        asked = []
        monkeypatch.setattr(f"todoctl.recipes.{recipe}.{recipe}", lambda _, *given: asked.append(given) or answer)
        assert main([recipe, *arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out, asked

    return of


def test_history_lists_the_newest_first_and_says_which_runs(told):
    out, _ = told("history", History((THIRD, SECOND), 3))
    assert out == (
        "3  2026-11-24T08:03:00Z  todoctl 0.1.0  rollback to 1  runs\n"
        "   todo-backend:3f1c9d27a0b4\n"
        "   postgres:17\n"
        "2  2026-11-24T08:02:00Z  todoctl 0.1.0  install\n"
        "   todo-backend:81e05b6cd9f2\n"
        "   postgres:17\n"
    )


def test_history_of_nothing_says_what_makes_a_release(told):
    assert told("history", History((), None))[0] == "There is no release yet: `todoctl install` makes the first.\n"


def test_history_gives_programs_the_same(told):
    out, _ = told("history", History((SECOND, FIRST), None), "-o", "json")
    assert json.loads(out)["data"]["releases"][0] == {
        "revision": 2,
        "time": "2026-11-24T08:02:00Z",
        "version": "0.1.0",
        "reason": "install",
        "images": ["todo-backend:81e05b6cd9f2", "postgres:17"],
        "runs": False,
    }


ADVICE = advise(HostSystem.LINUX, "docker", DockerKind.ENGINE, node_address="192.168.49.2", host="todo-app.local")
CONFIGURED = Change("Deployment", "todo-backend", "todo-app", Action.CONFIGURED, (Difference("spec.replicas", 1, 2),))
DONE = RolledBack(
    release=FIRST,
    sideloaded=(Sideloaded("minikube", ("todo-backend:3f1c9d27a0b4",), "sha256:aa11", sent=191, seconds=3.14159),),
    changes=ChangeSet((CONFIGURED,)),
    revision=3,
    access=Access("http://todo-app.local", ADVICE, HostsEntry(Entry.PRESENT, ())),
)


def test_a_rollback_says_what_runs_and_where(told):
    out, asked = told("rollback", DONE, "1")
    assert out == "Release 1 runs again, as release 3.\n\n  http://todo-app.local\n"
    assert asked == [(1,)]


def test_a_rollback_to_what_runs_says_that_there_was_nothing_to_do(told):
    done = RolledBack(THIRD, (), ChangeSet(()), 3, DONE.access)
    out, asked = told("rollback", done)
    assert out == "Nothing to do: release 3 runs.\n"
    assert asked == [(None,)]


def test_a_rollback_gives_programs_all_that_it_did(told):
    out, _ = told("rollback", DONE, "1", "-o", "json")
    data = json.loads(out)["data"]
    assert (data["to"], data["release"], data["url"]) == (1, 3, "http://todo-app.local")
    assert data["sideloaded"][0]["sent"] == 191
    [changed] = data["objects"]
    assert (changed["kind"], changed["action"]) == ("Deployment", "configured")
    assert changed["fields"] == [{"path": "spec.replicas", "before": 1, "after": 2}]


@pytest.mark.parametrize("word", ["0", "-1", "last"])
def test_a_release_is_a_number(capsys, word):
    assert main(["rollback", "--", word]) == 2
    assert word in capsys.readouterr().err


def test_a_rollback_may_take_over_and_make_anew_as_an_install_may(monkeypatch):
    asked = []
    answer = RolledBack(FIRST, (), ChangeSet(), 1, None)
    monkeypatch.setattr(recipe, "rollback", lambda steps, _revision: asked.append(steps) or answer)
    monkeypatch.setattr("todoctl.cli.rollback._text", lambda _: "done")
    monkeypatch.setattr("todoctl.cli.rollback._data", lambda _: {})
    assert main(["rollback", "--force-conflicts", "--recreate", "Deployment/web", "--yes"]) == 0
    [steps] = asked
    assert steps.settings.force_conflicts
    assert steps.settings.recreate == ("Deployment/web",)
    steps.reporter.confirm("Take over 1 field?")  # raises unless --yes was passed on
