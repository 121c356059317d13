"""Environments beyond this host: no verb takes a Minikube for one by default."""

from __future__ import annotations

import pytest

from todoctl.cli.main import main
from todoctl.installation import Installation
from verbs import COMMANDS

WORDS = {
    "secrets set": ["openai-api-key"],
    "secrets unset": ["openai-api-key"],
    "secrets rotate": ["auth"],
}
"""What a verb needs beside its options."""

NEEDS_NO_CLUSTER = {"manifests"}
VERBS = [
    verb
    for verb, command in COMMANDS.items()
    if verb not in NEEDS_NO_CLUSTER and any(one.name == "environment" for one in command.params)
]


@pytest.fixture(autouse=True)
def _nothing_is_asked(monkeypatch):
    monkeypatch.setattr(Installation, "connect", lambda _: pytest.fail("went on"))
    monkeypatch.setattr(Installation, "require", lambda *_: pytest.fail("went on"))


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("verb", VERBS)
def test_the_cluster_of_an_environment_beyond_this_host_is_named(verb, environment, capsys):
    assert main([*verb.split(), *WORDS.get(verb, []), "-e", environment, "-p", "dev"]) == 2
    assert f"error: --environment {environment} needs --context" in capsys.readouterr().err
