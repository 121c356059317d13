"""What would change, asked of the real cluster: nothing right after an install, and nothing is ever written."""

import re

import pytest

from harness import NAMESPACE

pytestmark = pytest.mark.minikube


def writes(outcome):
    """The requests of a run with `--debug` that changed anything."""
    requests = re.findall(r"(POST|PUT|PATCH|DELETE) (\S+)", outcome.err)
    return [request for request in requests if "dryRun=All" not in request[1]]


@pytest.fixture(scope="module")
def up_to_date(todoctl, installed):
    assert todoctl("install", "--yes").code == 0


def test_after_an_install_there_is_no_difference(todoctl, up_to_date):
    found = todoctl("diff", "--debug")
    assert (found.code, found.out) == (0, "No change: all is as an install would leave it.\n"), found.err
    assert re.search(r"PATCH \S+dryRun=All", found.err), "the request log is there"
    assert writes(found) == []


def test_without_docker_the_images_are_taken_to_be_for_the_node(todoctl, up_to_date):
    found = todoctl("diff", PATH="/nowhere")
    assert found.code == 0, found.out
    assert "warning: there is no `docker` command" in found.err


def test_a_dry_run_of_an_install_that_is_done_finds_nothing_to_do(todoctl, up_to_date):
    found = todoctl("install", "--dry-run", "--debug", "-o", "json")
    assert found.code == 0, found.err
    assert all(image["present"] for image in found.data["images"])
    assert all(transfer["held"] for transfer in found.data["transfers"])
    assert writes(found) == []


def test_where_there_is_no_namespace_everything_would_be_created(todoctl, up_to_date, kubectl):
    found = todoctl("diff", "--debug", "-n", "t-absent", "--host", "absent.test", "-o", "json")
    assert found.code == 3, found.err
    assert {one["action"] for one in found.data["objects"]} == {"created"}
    assert {one["action"] for one in found.data["secrets"]} == {"created"}
    assert writes(found) == []
    assert not kubectl("get", "namespace", "t-absent", "--ignore-not-found")


def test_what_drifted_is_shown_and_mended(todoctl, up_to_date, kubectl):
    kubectl("label", "service", "todo-backend", "-n", NAMESPACE, "app.kubernetes.io/part-of-")
    found = todoctl("diff")
    assert found.code == 3
    assert found.out.startswith(
        'configured Service/todo-backend\n  metadata.labels.app.kubernetes.io/part-of\n    + "todo-app"\n'
    )
    assert todoctl("install", "--yes").code == 0
    assert todoctl("diff").code == 0
