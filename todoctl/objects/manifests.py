"""The bundled manifests, made to fit one installation. Nothing here talks to a cluster."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from todoctl import payload
from todoctl.adapters import kinds
from todoctl.objects import inventory, order

PART_OF = "app.kubernetes.io/part-of=todo-app"
"""The label selector of everything that belongs to an installation."""
NAME = "app.kubernetes.io/name"
"""The label that says which workload a pod is of."""
CONFIG_CHECKSUM = "checksum/config"
SECRETS_VERSION = "todoctl.dev/secrets-version"
CONFIG_MAP = "todo-config"
POSTGRES = "todo-postgres"
"""The name of every object that belongs to the Postgres that comes with the app, and of its pods' label."""
ALLOWED_HOSTS = "auth-allowed-hosts"

_ANYWHERE = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]

Object = dict[str, Any]


def load(environment: str) -> list[Object]:
    """Return the objects of one environment (`development`, `staging`, `production`) as they are bundled."""
    text = (payload.root() / "bundled_manifests" / "rendered" / f"{environment}.yaml").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> list[Object]:
    """Return the objects of a YAML stream."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is absent from a pure-Python zipapp
    return [document for document in yaml.load_all(text, loader) if document]


def dump(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the objects as a YAML stream, each key in the order it has."""
    import yaml

    return "".join(f"---\n{yaml.safe_dump(item, sort_keys=False, allow_unicode=True)}" for item in objects)


def host_of(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the host name under which the Ingress serves the app."""
    ingress = next(item for item in objects if item["kind"] == "Ingress")
    return str(ingress["spec"]["rules"][0]["host"])


def customise(
    objects: Sequence[Mapping[str, Any]],
    *,
    namespace: str,
    host: str,
    images: Mapping[str, str],
    image_pull_secret: str | None = None,
    secret_versions: Mapping[str, str] | None = None,
) -> list[Object]:
    """Return the objects as one installation has them; `objects` stays as it is.

    Each but the Namespace gets the label of the installation's inventory. `namespace` goes into the Namespace's name,
    metadata, the subjects of RoleBindings and selectors that name the old one; `host` into the Ingress (its TLS hosts
    too) and the hosts that Better Auth accepts. `images` gives, for each image name without its tag, the reference to
    run instead; `image_pull_secret` names the Secret to pull them with, if any. `secret_versions` gives the Secrets'
    resource versions: the Deployments that read one of them roll when it changes. Checksums of the configuration are
    made anew.

    Raises LookupError when an image is named that no container uses.
    """
    made = copy.deepcopy([dict(item) for item in objects])
    _set_namespace(made, namespace)
    _set_member(made, namespace)
    _set_host(made, host)
    _set_images(made, images)
    _set_checksums(made)
    if image_pull_secret:
        for template in _templates(made):
            template["spec"]["imagePullSecrets"] = [{"name": image_pull_secret}]
    set_secret_versions(made, secret_versions or {})
    return made


def set_secret_versions(objects: Sequence[Object], versions: Mapping[str, str]) -> None:
    """Write the resource versions of the Secrets that a Deployment's pods read into their template, to roll them.

    Not a StatefulSet's: Postgres reads its Secret once, on a new volume, and a restart would only stop the app.
    """
    for workload in order.workloads(objects):
        template = workload["spec"]["template"]
        read = [versions[name] for name in sorted(_secrets_read(template) & {*versions})]
        if read and workload["kind"] == "Deployment":
            template["metadata"].setdefault("annotations", {})[SECRETS_VERSION] = ".".join(read)


def without_postgres(objects: Sequence[Mapping[str, Any]], port: int) -> list[Object]:
    """Return the objects without the Postgres that comes with them, for a database elsewhere that listens at `port`.

    Where that is nobody knows, so the app's pods may reach that port anywhere.
    """
    return _with_way_to_database(objects, {"to": _ANYWHERE, "ports": [{"protocol": "TCP", "port": port}]})


def with_postgres(objects: Sequence[Mapping[str, Any]], bundled: Sequence[Mapping[str, Any]]) -> list[Object]:
    """Return objects that are for a database elsewhere with the Postgres that `bundled` has, and the way to it."""
    policies = [item for item in bundled if item["kind"] == "NetworkPolicy"]
    rules = (rule for item in policies for rule in item["spec"].get("egress", ()))
    made = _with_way_to_database(objects, next(rule for rule in rules if _selects_postgres(rule)))
    return [*made, *(copy.deepcopy(dict(item)) for item in bundled if item["metadata"]["name"] == POSTGRES)]


def with_ways_of(objects: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> list[Object]:
    """Return the objects with the ways to a database that `before` has, too: for as long as pods of both may run."""
    made = [copy.deepcopy(dict(item)) for item in objects]
    policies = [item for item in before if item["kind"] == "NetworkPolicy"]
    rules = {item["metadata"]["name"]: item.get("spec", {}).get("egress", ()) for item in policies}
    for item in made:
        if item["kind"] == "NetworkPolicy" and "egress" in item["spec"]:
            there = item["spec"]["egress"]
            others = rules.get(item["metadata"]["name"], ())
            there += [copy.deepcopy(rule) for rule in others if _to_database(rule) and rule not in there]
    return made


def _with_way_to_database(objects: Sequence[Mapping[str, Any]], way: Mapping[str, Any]) -> list[Object]:
    """Return the objects without a Postgres of their own, and with this rule where some lead to a database."""
    made = [copy.deepcopy(dict(item)) for item in objects if item["metadata"]["name"] != POSTGRES]
    for item in made:
        if item["kind"] == "NetworkPolicy" and "egress" in item["spec"]:
            rules = item["spec"]["egress"]
            item["spec"]["egress"] = [rule for rule in rules if not _to_database(rule)]
            first = next((at for at, rule in enumerate(rules) if _to_database(rule)), None)
            if first is not None:
                item["spec"]["egress"].insert(first, copy.deepcopy(way))
    return made


def _to_database(rule: Mapping[str, Any]) -> bool:
    """Tell whether a rule lets pods reach the database: the one that comes with the app, or one elsewhere."""
    return _selects_postgres(rule) or rule.get("to") == _ANYWHERE


def with_postgres_on(objects: Sequence[Mapping[str, Any]], node: str) -> list[Object]:
    """Return the objects with the Postgres that comes with them, if it does, on this node alone."""
    made = copy.deepcopy([dict(item) for item in objects])
    for workload in order.workloads(made):
        if workload["metadata"]["name"] == POSTGRES:
            workload["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": node}
    return made


def _selects_postgres(rule: Mapping[str, Any]) -> bool:
    labels = (selector.get("matchLabels", {}) for selector in _find(rule, "podSelector"))
    return any(one.get(NAME) == POSTGRES for one in labels)


def _set_namespace(objects: list[Object], namespace: str) -> None:
    old = {item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"}
    for item in objects:
        metadata = item["metadata"]
        if item["kind"] == "Namespace":
            metadata["name"] = namespace
        elif "namespace" in metadata:
            old.add(metadata["namespace"])
            metadata["namespace"] = namespace
    for item in objects:
        for subject in item.get("subjects", ()):
            if subject.get("namespace") in old:
                subject["namespace"] = namespace
        for selector in _find(item.get("spec"), "namespaceSelector"):
            labels = selector.get("matchLabels", {})
            if labels.get("kubernetes.io/metadata.name") in old:
                labels["kubernetes.io/metadata.name"] = namespace


def _set_member(objects: list[Object], namespace: str) -> None:
    for item in objects:
        if kinds.of(item) not in inventory.NEVER_PRUNED:
            item["metadata"].setdefault("labels", {})[inventory.MEMBER] = inventory.set_id(namespace)


def _set_host(objects: list[Object], host: str) -> None:
    replaced: set[str] = set()
    for item in objects:
        if item["kind"] != "Ingress":
            continue
        for rule in item["spec"].get("rules", ()):
            replaced.add(rule["host"])
            rule["host"] = host
        for entry in item["spec"].get("tls", ()):
            entry["hosts"] = [host]
    for item in objects:
        if item["kind"] == "ConfigMap" and ALLOWED_HOSTS in item.get("data", {}):
            allowed = (entry.partition(":") for entry in item["data"][ALLOWED_HOSTS].split(","))
            item["data"][ALLOWED_HOSTS] = ",".join(
                (host if name in replaced else name) + colon + port for name, colon, port in allowed
            )


def _set_images(objects: list[Object], images: Mapping[str, str]) -> None:
    unused = set(images)
    for template in _templates(objects):
        for container in _containers(template):
            name = container["image"].partition(":")[0]
            if name in images:
                container["image"] = images[name]
                unused.discard(name)
    if unused:
        raise LookupError(f"no container runs {', '.join(sorted(unused))}")


def _set_checksums(objects: list[Object]) -> None:
    data = {item["metadata"]["name"]: item.get("data", {}) for item in objects if item["kind"] == "ConfigMap"}
    for template in _templates(objects):
        annotations = template["metadata"].get("annotations", {})
        if CONFIG_CHECKSUM in annotations and CONFIG_MAP in data:
            annotations[CONFIG_CHECKSUM] = checksum(data[CONFIG_MAP])


def checksum(data: Mapping[str, str]) -> str:
    """Return the SHA-256 (hex) of a ConfigMap's data as compact JSON with sorted keys: the chart's rule."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _templates(objects: Sequence[Object]) -> Iterator[Object]:
    for workload in order.workloads(objects):
        yield workload["spec"]["template"]


def _containers(template: Object) -> Iterator[Object]:
    yield from template["spec"].get("initContainers", ())
    yield from template["spec"]["containers"]


def _secrets_read(template: Object) -> set[str]:
    """Return the names of the Secrets that a pod takes values from: by key, as a whole, or as a volume."""
    references = [reference["name"] for reference in _find(template["spec"], "secretKeyRef")]
    references += [reference["name"] for reference in _find(template["spec"], "secretRef")]
    references += [volume["secretName"] for volume in _find(template["spec"], "secret") if "secretName" in volume]
    return set(references)


def _find(tree: Any, key: str) -> Iterator[Any]:
    """Yield every mapping under `key`, at any depth."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key and isinstance(value, dict):
                yield value
            yield from _find(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from _find(value, key)
