"""Which checks an install from a bundle makes, and which of them are stricter than with a network."""

from __future__ import annotations

import pytest

from todoctl.preflight import table
from todoctl.preflight.check import Severity
from todoctl.settings import Settings

SETTINGS = Settings(profile="t-absent", context="t-absent")


def test_what_a_network_would_mend_is_fatal_and_nothing_else_changes():
    usual = {check.id: check for check in table.checks(SETTINGS)}
    offline = {check.id: check for check in table.offline_checks(SETTINGS, "linux/amd64")}
    assert set(usual) - set(offline) == {"docker.buildkit", "docker.disk", "network.proxy"}
    assert set(offline) - set(usual) == {"bundle.platform"}
    stricter = {id_ for id_ in usual.keys() & offline.keys() if usual[id_].severity != offline[id_].severity}
    assert stricter == {"minikube.profile", "minikube.running"}
    assert all(offline[id_].severity is Severity.FATAL for id_ in stricter)


@pytest.mark.minikube
def test_an_absent_profile_is_fatal_and_the_hint_leads_to_a_network():
    (check,) = [one for one in table.offline_checks(SETTINGS, "linux/amd64") if one.id == "minikube.profile"]
    with pytest.raises(Exception, match="there is no profile `t-absent`") as caught:
        check.run()
    assert "where there is a network" in caught.value.hint
