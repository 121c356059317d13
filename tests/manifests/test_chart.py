"""The chart itself, through the real Helm."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from todoctl import __version__, payload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from manifests.conftest import Helm, Manifests

BUNDLED = payload.root() / "bundled_manifests"
CHART = BUNDLED / "chart"
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))

# A value of another kind that the schema accepts, where "another number", "the other truth" and so on do not do.
OTHER_VALUES: dict[str, Any] = {
    "host": "other.local",
    "ingress.clientAddressHeader": "x-forwarded-for",
    "backend.logLevel": "debug",
    "imagePullSecrets": [{"name": "registry"}],
    "backend.spread.topologyKeys": ["kubernetes.io/hostname"],
    "frontend.spread.topologyKeys": ["kubernetes.io/hostname"],
    "database.external.cidrs": ["10.9.8.0/24"],
    "clusterPage.apiServer.cidrs": ["10.9.8.0/24"],
    "clusterPage.apiServer.ports": [16443],
    "tracing.endpoint": "http://collector:4318",
}


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value, with its dotted path."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def another(path: str, value: Any) -> Any:
    """A different value that the schema accepts."""
    if path in OTHER_VALUES:
        return OTHER_VALUES[path]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if path.endswith("pullPolicy"):
        return "Always"
    if match := re.fullmatch(r"(\d+)(\w*)", value):
        return f"{int(match[1]) + 1}{match[2]}"
    return f"{value}other"


def as_values(path: str, value: Any) -> str:
    """One value as JSON for `--set-json`; the keys here have dashes but no dots."""
    return f"{path}={json.dumps(value)}"


def test_the_rendered_files_are_what_the_chart_gives(helm: Helm) -> None:
    done = run_render("--check", PATH=os.environ["PATH"])
    assert helm.program
    assert done.returncode == 0, done.stdout + done.stderr


def test_rendering_without_helm_says_so_and_what_to_do() -> None:
    done = run_render("--check", PATH="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: helm is not on PATH; install it from https://helm.sh/docs/intro/install/\n"


def run_render(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUNDLED / "render.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("values", ["values.yaml", "values-staging.yaml", "values-production.yaml"])
def test_helm_finds_nothing_to_say_against_the_chart(helm: Helm, values: str) -> None:
    done = helm("lint", "--strict", "--quiet", str(CHART), "--values", str(CHART / values))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_chart_app_and_todoctl_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["apiVersion"] == "v2"
    assert chart["version"] == chart["appVersion"] == __version__


def test_the_chart_wants_the_kubernetes_that_knows_prestop_sleep(helm: Helm) -> None:
    assert "incompatible with Kubernetes v1.29" in helm.refusal("--kube-version", "1.29.9")
    assert helm.template("--kube-version", "1.30.0")


@pytest.fixture(scope="module")
def unchanged(helm: Helm) -> dict[str, str]:
    """What Helm prints for the environments' own values."""
    files = ("values.yaml", "values-staging.yaml")
    return {name: helm("template", "todo-app", str(CHART), "--values", str(CHART / name)).stdout for name in files}


@pytest.mark.parametrize(("path", "value"), list(leaves(VALUES)))
def test_every_value_is_read(helm: Helm, unchanged: dict[str, str], path: str, value: Any) -> None:
    change = ["--set-json", as_values(path, another(path, value))]
    for environment, before in unchanged.items():  # some are only read with TLS or an external database: in staging
        after = helm("template", "todo-app", str(CHART), "--values", str(CHART / environment), *change)
        assert "schema" not in after.stderr
        if after.stdout != before:  # also where the chart itself refuses
            return
    pytest.fail(f"nothing changes with {path}")


@pytest.mark.parametrize("values", ["values-staging.yaml", "values-production.yaml"])
def test_an_environment_states_only_what_differs_from_development(values: str) -> None:
    development = dict(leaves(VALUES))
    repeated = {"backend.autoscaling.scaleDown.pods"}  # kept beside the two numbers that it is read with
    for path, value in leaves(yaml.safe_load((CHART / values).read_text("utf-8"))):
        assert path in development
        assert path in repeated or value != development[path], f"{path} is development's"


def objects_of(schema: dict[str, Any], path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object that the schema describes."""
    if schema.get("type") == "object":
        yield path, schema
    for part in ("properties", "definitions"):
        for name, child in schema.get(part, {}).items():
            yield from objects_of(child, f"{path}/{name}")
    if "items" in schema:
        yield from objects_of(schema["items"], f"{path}[]")


def test_the_schema_lets_no_unknown_value_pass_and_misses_none() -> None:
    for path, schema in objects_of(SCHEMA):
        assert schema["additionalProperties"] is False, path
        assert sorted(schema["required"]) == sorted(schema["properties"]), path


@pytest.mark.parametrize(
    "value",
    [
        "unknown=1",
        "backend.autoscaling.unknown=1",
        "backend.replicas=3",
        "frontend.replicas=0",
        "backend.poolSize=1",
        "backend.image.pullPolicy=Sometimes",
        "backend.logLevel=LOUD",
        "backend.resources.limits.memory=384 MB",
        "host=Todo_App",
        "host=null",
        "database.external.port=0",
    ],
)
def test_the_schema_refuses(helm: Helm, value: str) -> None:
    assert "values don't meet the specifications of the schema" in helm.refusal("--set", value)


def test_pools_that_the_database_cannot_serve_are_refused(helm: Helm) -> None:
    message = helm.refusal("--set", "backend.poolSize=20")
    assert "the pools may need 455 connections, database.maxConnections is 150" in message


def test_an_external_database_without_addresses_is_refused(helm: Helm) -> None:
    message = helm.refusal("--set", "postgres.enabled=false")
    assert "database.external.cidrs must say where the database is" in message


def test_only_the_rendered_files_bring_a_namespace(helm: Helm) -> None:
    assert "Namespace" not in {item["kind"] for item in helm.template()}


def test_an_image_can_come_from_a_registry_with_a_tag_of_its_own(helm: Helm) -> None:
    base = ["--values", str(CHART / "values-production.yaml")]
    change = ["--set", "backend.image.repository=registry.example:5000/team/todo-backend,backend.image.tag=abc"]
    (backend,) = [
        item
        for item in helm.template(*base, *change)
        if (item["kind"], item["metadata"]["name"]) == ("Deployment", "todo-backend")
    ]
    pod = backend["spec"]["template"]["spec"]
    images = {container["image"] for container in [*pod["initContainers"], *pod["containers"]]}
    assert images == {"registry.example:5000/team/todo-backend:abc"}


def test_a_certificate_of_ones_own_needs_no_issuer(helm: Helm) -> None:
    change = ["--set", "ingress.tls.enabled=true,ingress.tls.secretName=mine"]
    objects = helm.template(*change)
    (ingress,) = [item for item in objects if item["kind"] == "Ingress"]
    assert "annotations" not in ingress["metadata"]
    assert ingress["spec"]["tls"] == [{"hosts": ["todo-app.local"], "secretName": "mine"}]
    assert "allow-acme-challenge" not in [item["metadata"]["name"] for item in objects]


def test_the_checksum_of_the_configuration_is_that_of_its_sorted_compact_json(manifests: Manifests) -> None:
    data = manifests.one("ConfigMap", "todo-config")["data"]
    # Helm writes these as \\u escapes, Python as they are; the two would disagree.
    assert not set("<>&") & set("".join(data.values()))
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    for name in ("todo-backend", "todo-frontend"):
        annotations = manifests.pod(name)["metadata"]["annotations"]
        assert annotations["checksum/config"] == hashlib.sha256(text.encode()).hexdigest()


def test_a_changed_configuration_rolls_its_readers_and_not_postgres(helm: Helm) -> None:
    def annotations(*arguments: str) -> dict[str, dict[str, str]]:
        workloads = [item for item in helm.template(*arguments) if item["kind"] in ("Deployment", "StatefulSet")]
        return {item["metadata"]["name"]: item["spec"]["template"]["metadata"]["annotations"] for item in workloads}

    before, after = annotations(), annotations("--set", "backend.logLevel=debug")
    assert {name for name in before if before[name] != after[name]} == {"todo-backend", "todo-frontend"}


def test_a_drifted_file_fails_the_check_and_shows_the_line(helm: Helm, tmp_path: Path) -> None:
    assert helm.program
    copied = tmp_path / "bundled_manifests"
    copy_tree(BUNDLED, copied)
    drifted = copied / "rendered" / "staging.yaml"
    drifted.write_text(drifted.read_text("utf-8").replace("replicas: 3", "replicas: 4"), encoding="utf-8")
    command = [sys.executable, str(copied / "render.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    changed = [line for line in done.stdout.splitlines() if line.startswith(("-", "+"))]
    assert changed == ["--- staging.yaml", "+++ the chart", "-  replicas: 4", "+  replicas: 3"]
    assert "replicas: 4" in drifted.read_text("utf-8")


def copy_tree(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            (target / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / file.relative_to(source)).write_bytes(file.read_bytes())


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Values as Helm merges them."""
    result = copy.deepcopy(base)
    for name, value in over.items():
        result[name] = merged(result[name], value) if isinstance(value, dict) else value
    return result


def test_the_table_in_the_docs_is_what_the_values_say() -> None:
    files = {"development": "values.yaml", "staging": "values-staging.yaml", "production": "values-production.yaml"}
    values = {
        environment: dict(leaves(merged(VALUES, yaml.safe_load((CHART / file).read_text("utf-8")))))
        for environment, file in files.items()
    }
    documented = table((payload.root() / "docs" / "environments.md").read_text("utf-8"))
    for path, cells in documented.items():
        assert cells == [written(values[environment][path]) for environment in files], path
    differing = {path for path in values["development"] if len({written(values[e][path]) for e in files}) > 1}
    assert differing <= documented.keys()


def table(text: str) -> dict[str, list[str]]:
    """The rows of the environments' table: the value's path and its cells."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    start = next(i for i, row in enumerate(rows) if row[1:] == ["value", "development", "staging", "production"])
    found = {}
    for row in rows[start + 2 :]:
        if len(row) != 5:
            break
        found[row[1].strip("`")] = row[2:]
    return found


def written(value: Any) -> str:
    """A value as the table writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value) or "none"
    return f"`{value}`" if value != "" else "none"
