"""Objects for the tests on a real cluster, a record of what was asked of it, and the other hand: kubectl."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

from harness import PROFILE

IMAGE = "python:3.12-slim"
RUN = ["python", "-m", "http.server", "8000"]

Object = dict[str, Any]


@dataclass
class Recorder:
    """The requests and warnings that a test caused."""

    requests: list[tuple[str, str, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __call__(self, method: str, path: str, status: int, milliseconds: float) -> None:
        assert milliseconds >= 0
        self.requests.append((method, path, status))

    def writes(self) -> list[tuple[str, str, int]]:
        return [entry for entry in self.requests if entry[0] != "GET" and "dryRun=All" not in entry[1]]


def kubectl(*arguments: str, given: Object | None = None) -> None:
    """Run kubectl, with an object on its stdin."""
    command = ["kubectl", "--context", PROFILE, *arguments]
    subprocess.run(command, input=json.dumps(given), text=True, check=True, capture_output=True)


def await_account(namespace: str) -> None:
    """Wait for the account that pods run as: without it none can be made, and it comes after its namespace."""
    kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", namespace, "--timeout=120s")


def config_map(namespace: str, **data: str) -> Object:
    labels = {"app.kubernetes.io/part-of": "todo-app"}
    metadata = {"name": "settings", "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(namespace: str, command: list[str], **container: Any) -> Object:
    """A Deployment with one pod, restricted, ready when it listens unless `container` says otherwise."""
    labels = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "todo-app"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 10001,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "app",
                            "image": IMAGE,
                            "imagePullPolicy": "Never",
                            "command": command,
                            "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            **container,
                        }
                    ],
                },
            },
        },
    }
