"""A run that slept for longer than its Lease lasts, while another machine took the installation over."""

import os
import signal
import subprocess
import sys

import pytest

from harness import NAMESPACE, PROFILE

pytestmark = pytest.mark.minikube


def test_a_run_that_slept_through_its_lease_stops_before_its_next_write(todoctl, installed, kubectl, tmp_path):
    kubectl("delete", "-n", NAMESPACE, "deployment/todo-backend")
    asleep = subprocess.Popen(
        [sys.executable, todoctl.zipapp, "install"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TODOCTL_PROFILE": PROFILE},
    )
    for line in asleep.stderr:
        if line.rstrip() == "Apply":
            break
    asleep.send_signal(signal.SIGSTOP)
    # Another state folder is another machine, as far as a lock file can tell.
    other = todoctl("install", XDG_STATE_HOME=str(tmp_path))
    assert other.code == 0, other.err
    assert "waiting to see whether it is alive" in other.err
    kubectl("create", "-f", "-", input=held_by_a_third())
    try:
        asleep.send_signal(signal.SIGCONT)
        _, err = asleep.communicate(timeout=120)
        assert asleep.returncode == 13, err
        assert "this run no longer holds namespace `todo-app`" in err
        assert "process 3 on `third`" in err
    finally:
        kubectl("delete", "lease", "todoctl", "-n", NAMESPACE)


def held_by_a_third():
    return f"""
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {{name: todoctl, namespace: {NAMESPACE}}}
spec: {{holderIdentity: third/3/token, leaseDurationSeconds: 30}}
"""
