import copy
import hashlib
from typing import Any

import pytest

from todoctl.objects import inventory, manifests

SAMPLE = """
apiVersion: v1
kind: Namespace
metadata: {name: todo-app}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: todo-config, namespace: todo-app}
data:
  auth-allowed-hosts: "todo-app.local,todo-app.local:*,localhost:*"
  greeting: "grüß dich"
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: todo-app}
subjects:
  - {kind: ServiceAccount, name: web, namespace: todo-app}
  - {kind: ServiceAccount, name: prometheus, namespace: monitoring}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: todo-app}
spec:
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: todo-app}}
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: todo-app}
spec:
  template:
    metadata:
      annotations: {checksum/config: old}
    spec:
      initContainers:
        - {name: migrate, image: "todo-backend:0.1.0"}
      containers:
        - name: web
          image: todo-backend:0.1.0
          env:
            - {name: A, valueFrom: {secretKeyRef: {name: todo-secrets, key: a}}}
            - {name: B, valueFrom: {secretKeyRef: {name: todo-postgres, key: b}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: todo-app}
spec:
  template:
    metadata: {}
    spec:
      containers:
        - name: db
          image: postgres:17
          env: [{name: B, valueFrom: {secretKeyRef: {name: todo-postgres, key: b}}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: todo-app}
spec:
  rules: [{host: todo-app.local}]
  tls: [{hosts: [todo-app.local], secretName: tls}]
"""

TAGS = {"todo-backend": "todo-backend:abc123"}


@pytest.fixture
def sample() -> list[dict[str, Any]]:
    return manifests.parse(SAMPLE)


def customised(objects: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    arguments = {"namespace": "mine", "host": "mine.test", "images": TAGS, **changes}
    return {item["kind"]: item for item in manifests.customise(objects, **arguments)}


def test_the_namespace_follows_in_metadata_subjects_and_selectors(sample: list[dict[str, Any]]) -> None:
    made = customised(sample)
    assert made["Namespace"]["metadata"]["name"] == "mine"
    assert {item["metadata"]["namespace"] for kind, item in made.items() if kind != "Namespace"} == {"mine"}
    assert [subject["namespace"] for subject in made["RoleBinding"]["subjects"]] == ["mine", "monitoring"]
    selectors = [
        peer["namespaceSelector"]["matchLabels"] for peer in made["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    ]
    assert [next(iter(labels.values())) for labels in selectors] == ["mine", "ingress-nginx"]


def test_the_host_follows_in_the_ingress_and_the_hosts_that_sign_in_accepts(sample: list[dict[str, Any]]) -> None:
    made = customised(sample)
    assert made["Ingress"]["spec"]["rules"][0]["host"] == "mine.test"
    assert made["Ingress"]["spec"]["tls"][0]["hosts"] == ["mine.test"]
    assert made["ConfigMap"]["data"]["auth-allowed-hosts"] == "mine.test,mine.test:*,localhost:*"


def test_images_are_swapped_in_every_container_that_runs_them(sample: list[dict[str, Any]]) -> None:
    made = customised(sample)
    pod = made["Deployment"]["spec"]["template"]["spec"]
    assert [pod["initContainers"][0]["image"], pod["containers"][0]["image"]] == ["todo-backend:abc123"] * 2
    assert made["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]["image"] == "postgres:17"


def test_an_image_that_no_container_runs_is_a_fault(sample: list[dict[str, Any]]) -> None:
    with pytest.raises(LookupError, match="no container runs todo-other"):
        customised(sample, images={"todo-other": "todo-other:1"})


def test_the_checksum_is_that_of_the_changed_configuration(sample: list[dict[str, Any]]) -> None:
    made = customised(sample)
    text = '{"auth-allowed-hosts":"mine.test,mine.test:*,localhost:*","greeting":"grüß dich"}'
    annotations = made["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["checksum/config"] == hashlib.sha256(text.encode()).hexdigest()
    assert "annotations" not in made["StatefulSet"]["spec"]["template"]["metadata"]


def test_deployments_alone_carry_the_versions_of_the_secrets_they_read_in_the_order_of_their_names(
    sample: list[dict[str, Any]],
) -> None:
    made = customised(sample, secret_versions={"todo-secrets": "9", "todo-postgres": "12", "other": "5"})
    assert made["Deployment"]["spec"]["template"]["metadata"]["annotations"]["todoctl.dev/secrets-version"] == "12.9"
    assert "annotations" not in made["StatefulSet"]["spec"]["template"]["metadata"]


def test_what_was_loaded_stays_as_it_is(sample: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(sample)
    customised(sample, secret_versions={"todo-secrets": "9"})
    assert sample == before


def test_a_dump_reads_back_as_the_same_objects(sample: list[dict[str, Any]]) -> None:
    assert manifests.parse(manifests.dump(sample)) == sample


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
def test_customising_the_bundled_manifests_with_their_own_values_changes_only_tags_and_a_label(
    environment: str,
) -> None:
    objects = manifests.load(environment)
    host = next(item for item in objects if item["kind"] == "Ingress")["spec"]["rules"][0]["host"]
    version = next(
        container["image"].partition(":")[2]
        for item in objects
        if item["metadata"]["name"] == "todo-backend" and item["kind"] == "Deployment"
        for container in item["spec"]["template"]["spec"]["containers"]
    )
    images = {name: f"{name}:{version}" for name in ("todo-backend", "todo-frontend")}
    made = manifests.customise(objects, namespace="todo-app", host=host, images=images)
    for item in made:
        item["metadata"].get("labels", {}).pop(inventory.MEMBER, None)
    assert made == objects


def test_with_a_database_elsewhere_its_port_is_open_and_no_postgres_is_left() -> None:
    made = manifests.without_postgres(manifests.load("development"), 6543)
    assert "todo-postgres" not in {item["metadata"]["name"] for item in made}
    policies = {item["metadata"]["name"]: item["spec"] for item in made if item["kind"] == "NetworkPolicy"}
    for name in ("todo-backend", "todo-frontend"):
        rules = [rule for rule in policies[name]["egress"] if rule["ports"] == [{"protocol": "TCP", "port": 6543}]]
        assert [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"]] == ["0.0.0.0/0", "::/0"]
        assert "todo-postgres" not in str(policies[name])
    assert policies["default-deny"]["policyTypes"] == ["Ingress", "Egress"]


def test_back_from_a_database_elsewhere_all_is_as_it_was() -> None:
    bundled = manifests.load("development")
    elsewhere = manifests.without_postgres(bundled, 6543)
    made = manifests.with_postgres(elsewhere, bundled)
    assert sorted(made, key=str) == sorted(bundled, key=str)
    assert elsewhere == manifests.without_postgres(bundled, 6543)


def test_while_pods_of_before_run_the_ways_to_their_database_stay_beside_the_new_one() -> None:
    bundled = manifests.load("development")
    elsewhere, further = (manifests.without_postgres(bundled, port) for port in (6543, 5433))
    made = manifests.with_ways_of(further, elsewhere)
    policies = {item["metadata"]["name"]: item["spec"] for item in made if item["kind"] == "NetworkPolicy"}
    for name in ("todo-backend", "todo-frontend"):
        ports = [rule["ports"][0]["port"] for rule in policies[name]["egress"]]
        assert {6543, 5433} <= {*ports}
        assert len(ports) == len(set(ports))
    assert manifests.with_ways_of(made, elsewhere) == made
    assert manifests.with_ways_of(further, made) == made
    assert further == manifests.without_postgres(bundled, 5433)


def test_of_several_ways_to_a_database_one_is_left() -> None:
    bundled = manifests.load("development")
    elsewhere = manifests.without_postgres(bundled, 6543)
    both = manifests.with_ways_of(manifests.with_postgres(elsewhere, bundled), elsewhere)
    assert manifests.without_postgres(both, 6543) == elsewhere
    back = manifests.with_postgres(manifests.with_ways_of(elsewhere, bundled), bundled)
    assert sorted(back, key=str) == sorted(bundled, key=str)


def test_pods_pull_with_the_secret_that_is_named():
    objects = manifests.load("staging")
    pinned = "r.example.com/todo-backend@sha256:" + "a" * 64
    made = manifests.customise(
        objects, namespace="todo-app", host="h", images={"todo-backend": pinned}, image_pull_secret="registry"
    )
    templates = [item["spec"]["template"]["spec"] for item in made if item["kind"] == "Deployment"]
    assert len(templates) == 2
    assert all(template["imagePullSecrets"] == [{"name": "registry"}] for template in templates)
    assert pinned in [container["image"] for template in templates for container in template["containers"]]
    assert not any("imagePullSecrets" in str(item) for item in objects)


def test_postgres_stays_on_the_node_of_its_volume_and_nothing_else_does() -> None:
    objects = manifests.load("development")
    pinned = {
        item["metadata"]["name"]: item["spec"]["template"]["spec"].get("nodeSelector")
        for item in manifests.with_postgres_on(objects, "minikube")
        if item["kind"] in {"Deployment", "StatefulSet"}
    }
    assert pinned == {
        "todo-backend": None,
        "todo-frontend": None,
        "todo-postgres": {"kubernetes.io/hostname": "minikube"},
    }
    assert objects == manifests.load("development")
