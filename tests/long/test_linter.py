"""What a linter says of the rendered manifests is what docs/environments.md lists: no finding more, none less.

`go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0` brings it.
"""

import json
import re
import shutil
import subprocess

import pytest

from harness import ROOT

LISTED = {
    "ImagePullPolicy is not set to Always": "container-image-pull-policy",
    "Low user and group ID": "container-security-context-user-group-id",
    "The same readiness and liveness probe": "pod-probes-identical",
    "No host podAntiAffinity": "deployment-has-host-podantiaffinity",
    "StatefulSet does not have a valid serviceName": "statefulset-has-servicename",
    "allow-acme-challenge matches no pods": "networkpolicy-targets-pod",
}
"""The findings as the page words them, and kube-score's names of the checks."""

OK = 10


@pytest.mark.skipif(not shutil.which("kube-score"), reason="needs kube-score on PATH")
def test_kube_score_finds_what_the_page_lists_and_no_more():
    page = (ROOT / "docs" / "environments.md").read_text("utf-8")
    listed = re.findall(r"^- \*(.*?)\*:", page.partition("`kube-score score")[2], re.MULTILINE)
    assert listed == list(LISTED)
    files = sorted((ROOT / "bundled_manifests" / "rendered").glob("*.yaml"))
    scored = subprocess.run(["kube-score", "score", "-o", "json", *files], capture_output=True, text=True)
    found = {
        (check["check"]["id"], item["object_meta"]["name"])
        for item in json.loads(scored.stdout)
        for check in item["checks"]
        if not check["skipped"] and check["grade"] < OK
    }
    assert {check for check, _ in found} == set(LISTED.values())
    assert {name for check, name in found if check == "networkpolicy-targets-pod"} == {"allow-acme-challenge"}
