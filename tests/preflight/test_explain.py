"""`doctor --explain`: what the page says, without a page."""

from __future__ import annotations

import json

import click
import pytest

from todoctl.cli.main import main
from todoctl.preflight import explain


@pytest.fixture(autouse=True)
def _nothing_is_looked_at(monkeypatch):
    monkeypatch.setattr("todoctl.recipes.doctor.look", lambda _: pytest.fail("went on"))


def test_a_check_is_explained_as_the_page_does(capsys):
    assert main(["doctor", "--explain", "host.disk"]) == 0
    head, *rest = capsys.readouterr().out.splitlines()
    assert head == "host.disk: Disk for Minikube, warning"
    assert [line.partition(": ")[0] for line in rest] == ["Means", "Matters", "Do", "--fix"]
    assert "MINIKUBE_HOME" in rest[2]


@pytest.mark.parametrize("id_", [*explain.entries(), *explain.errors()])
def test_everything_is_explained_to_its_end_and_no_further(id_):
    text = explain.explain(id_)
    assert ("\n--fix: " if id_ in explain.entries() else ": an error, exit code ") in text
    assert "\n#" not in text
    assert "**" not in text
    assert "](" not in text
    assert ".md" not in text


def test_an_error_is_explained_by_its_row():
    assert explain.explain("pull.clock").splitlines() == [
        "pull.clock: an error, exit code 5",
        "Means: a server's certificate has expired, or the clock here, or in Docker's virtual machine, is wrong.",
        "Do: set the clock; restart Docker where its own is wrong.",
    ]
    assert explain.explain("sideload.clock").startswith("sideload.clock: an error, exit code 6\n")


def test_what_an_explanation_refers_to_is_explained_below_it_once():
    text = explain.explain("minikube.missing")
    heads = [part.partition(":")[0] for part in text.split("\n\n") if not part.startswith("|")]
    assert heads[:3] == ["minikube.missing", "minikube.command", "Downloads"]
    assert text.count("\nDownloads: ") == 1
    assert "see downloads." in text


def test_a_check_whose_error_may_have_another_exit_code_is_explained_as_both():
    text = explain.explain("cluster.ingress")
    assert text.startswith("cluster.ingress: Ingress controller, warning")
    assert "\n\ncluster.ingress: an error, exit code 7\n" in text


@pytest.mark.parametrize("reason", ["guest-provision", "runtime-cache", "svc-timeout", "failed"])
def test_a_reason_of_minikubes_own_is_explained_as_one(reason):
    assert explain.explain(f"minikube.{reason}").startswith(
        f"minikube.{reason}: an error, exit code 2 or 4 or 7\nMeans: any other id that begins so: "
    )


def test_a_program_gets_it_as_one_text(capsys):
    assert main(["doctor", "--explain", "host.disk", "-o", "json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data == {"checks": [], "fixes": [], "report": None, "explanation": explain.explain("host.disk")}


@pytest.mark.parametrize(
    ("id_", "hint"),
    [
        ("host.dsk", "did you mean `host.disk` or `host.cpus` or `report.disk`?"),
        ("sideload.not-hold", "did you mean `sideload.not-held`"),
        ("minikube.comand", "did you mean `minikube.command`?"),
        ("?", "`todoctl doctor -o json` lists the ids of checks; with `-o json` a verb that fails has `error.id`"),
    ],
)
def test_what_has_no_entry_is_bad_input_with_what_comes_closest(id_, hint, capsys):
    assert main(["doctor", "--explain", id_]) == 2
    assert f"hint: {hint}" in capsys.readouterr().err


def test_tab_completes_the_ids_of_checks_and_of_errors():
    from todoctl.cli.doctor import command

    (option,) = [one for one in command.params if one.name == "explain"]
    found = [item.value for item in option.shell_complete(click.Context(command), "docker.")]
    assert {"docker.engine", "docker.permission"} <= set(found)
    assert all(one.startswith("docker.") for one in found)
