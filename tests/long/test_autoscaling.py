"""The Cluster page's load from its beginning to where nothing is left of it: more pods, and then as many as before."""

import pytest

from live import drive

pytestmark = pytest.mark.minikube


def test_the_autoscaler_adds_pods_under_load_and_takes_them_away_after_it(live, address, tmp_path):
    drive(address, "scale.mjs", tmp_path, "and-back")
    assert (tmp_path / "scaled-up.png").is_file()
