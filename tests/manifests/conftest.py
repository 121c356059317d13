"""The rendered manifests as objects, and Helm for the tests that ask the chart itself."""

from __future__ import annotations

import copy
import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from todoctl.objects import manifests as bundled

BUNDLED = Path(__file__).parents[2] / "bundled_manifests"
CHART = BUNDLED / "chart"
ENVIRONMENTS = ("development", "staging", "production")

Object = dict[str, Any]


@dataclass(frozen=True)
class Manifests:
    """What one environment applies."""

    environment: str
    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        return [item for item in self.objects if item["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        (found,) = [item for item in self.of(kind) if item["metadata"]["name"] == name]
        return found

    def workloads(self) -> list[Object]:
        return self.of("Deployment", "StatefulSet")

    def pod(self, name: str) -> Object:
        """The pod template of a workload."""
        (found,) = [item["spec"]["template"] for item in self.workloads() if item["metadata"]["name"] == name]
        return dict(found)

    def containers(self) -> list[tuple[str, Object]]:
        """Every container, init containers too, with a name that says where it is."""
        found = []
        for workload in self.workloads():
            pod = workload["spec"]["template"]["spec"]
            containers = [*pod.get("initContainers", ()), *pod["containers"]]
            found += [(f"{workload['metadata']['name']}/{container['name']}", container) for container in containers]
        return found


@functools.cache
def parsed(environment: str) -> list[Object]:
    return bundled.load(environment)


def read(environment: str) -> Manifests:
    return Manifests(environment, copy.deepcopy(parsed(environment)))


@pytest.fixture(params=ENVIRONMENTS)
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """Each environment in turn."""
    return read(request.param)


@pytest.fixture
def every_environment() -> dict[str, Manifests]:
    return {environment: read(environment) for environment in ENVIRONMENTS}


@pytest.fixture
def development() -> Manifests:
    return read("development")


@dataclass(frozen=True)
class Helm:
    """Runs the real Helm."""

    program: str

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False)

    def template(self, *arguments: str) -> list[Object]:
        """What the chart gives, in an environment (`values-staging.yaml`) if one is named by `--values`."""
        done = self("template", "todo-app", str(CHART), "--namespace", "todo-app", *arguments)
        assert done.returncode == 0, done.stderr
        return list(yaml.safe_load_all(done.stdout))

    def refusal(self, *arguments: str) -> str:
        """What Helm says where it must refuse."""
        done = self("template", "todo-app", str(CHART), *arguments)
        assert done.returncode != 0, "helm accepted it"
        return done.stderr


@pytest.fixture(scope="session")
def helm() -> Helm:
    program = shutil.which("helm")
    if program is None:
        pytest.skip("needs helm on PATH")
    return Helm(program)
