"""Which options of `install` belong together: bad input is refused before anything is looked at."""

from __future__ import annotations

import pytest

from todoctl.cli.main import main
from todoctl.steps import RemoteAccess, Steps


@pytest.fixture(autouse=True)
def _nothing_is_asked(monkeypatch):
    monkeypatch.setattr(Steps, "preflight", lambda _: pytest.fail("went on"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--registry", "r.example.com/a"], "--registry is for --environment staging or production"),
        (["--image-pull-secret", "s"], "--image-pull-secret is for"),
        (["--yes-really"], "--yes-really is for"),
        (["-e", "staging", "--registry", "r.example.com/a"], "--environment staging needs --context"),
        (["-e", "production", "--context", "c"], "--environment production needs --registry"),
        (["-e", "elsewhere"], "elsewhere"),
        (["-e", "staging", "--context", "c", "--registry", "someone/todo"], "docker.io/USER"),
        (["-e", "staging", "--context", "c", "--registry", "https://r.example.com"], "HOST/PATH"),
        (["-e", "staging", "--context", "c", "--registry", "r.example.com/Upper"], "HOST/PATH"),
        (["-e", "staging", "--context", "c", "--registry", "r.example.com/a/"], "HOST/PATH"),
    ],
)
def test_options_that_do_not_belong_together_are_bad_input(arguments, words, capsys):
    assert main(["install", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "registry",
    ["r.example.com", "r.example.com/a/b-c", "localhost/a", "localhost:5000", "10.0.0.1:5000/a", "docker.io/me"],
)
def test_a_registry_is_a_host_and_a_path(registry, monkeypatch):
    seen = []

    def stop(steps):
        seen.append(steps.settings.registry)
        raise KeyboardInterrupt

    monkeypatch.setattr(Steps, "preflight", stop)
    main(["install", "-e", "staging", "--context", "c", "--registry", registry])
    assert seen == [registry]


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (RemoteAccess("https://h", "h", answered=True, addresses=("1.2.3.4",)), []),
        (
            RemoteAccess("https://h", "h", answered=False, addresses=("1.2.3.4",)),
            ["h is not in DNS, so nothing was asked there. Point its DNS record at 1.2.3.4"],
        ),
        (
            RemoteAccess("https://h", "h", answered=False, addresses=()),
            ["h is not in DNS, so nothing was asked there. Point its DNS record at the ingress controller's address"],
        ),
    ],
)
def test_where_an_app_elsewhere_is_reached(access, told):
    from todoctl.cli.install import _way_in

    assert _way_in(access) == told
