"""Read what Minikube says about a profile. Pure: JSON in, facts out.

`minikube profile list -o json --light` has what was asked for when the profile was made, `minikube status -o json`
what is left of it. The exit code of `status` is a sum of bits and adds nothing to its output.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from todoctl.errors import ClusterError


class Status(Enum):
    """What a profile's cluster does."""

    ABSENT = "absent"
    STOPPED = "stopped"
    PAUSED = "paused"
    RUNNING = "running"
    BROKEN = "broken"
    """Some part is gone or does not run; `minikube start` mends most of it."""


@dataclass(frozen=True)
class Node:
    """A machine of the cluster. `name` is also the container's, with the docker driver; `ip` is empty until started."""

    name: str
    ip: str
    control_plane: bool


@dataclass(frozen=True)
class Profile:
    """What a profile was made with; the nodes' first is the primary control plane.

    `addon_images` are those that were given for addons in place of Minikube's own, by what Minikube calls them; None is
    one of which only the image or only the registry was given: how Minikube completes it depends on its version.
    `image_repository` is where images come from in place of Minikube's own registries; empty: from those.
    """

    name: str
    driver: str
    container_runtime: str
    kubernetes_version: str
    nodes: tuple[Node, ...]
    cpus: int
    memory_mib: int
    addons: frozenset[str]
    addon_images: Mapping[str, str | None]
    image_repository: str


@dataclass(frozen=True)
class State:
    """A profile and what its cluster does; `trouble` says what does not run of one that is BROKEN."""

    status: Status
    profile: Profile | None = None
    trouble: str | None = None
    kubeconfig_ok: bool = False
    """Whether the kubeconfig leads to the cluster's present address."""


class ProfileDamaged(ClusterError):
    """Minikube cannot read its own files about a profile."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "minikube.damaged",
            f"Minikube profile `{name}` is damaged",
            because="Minikube cannot read the files that it keeps about it",
            hint=f"`minikube delete -p {name}` removes it, data too",
        )


def find_profile(name: str, listing: Mapping[str, Any]) -> Profile | None:
    """Find a profile in the answer of `profile list`.

    Raises ProfileDamaged, and KeyError or TypeError for what is no such answer.
    """
    if any(profile["Name"] == name for profile in listing["invalid"] or ()):
        raise ProfileDamaged(name)
    config = next((one["Config"] for one in listing["valid"] or () if one["Name"] == name), None)
    if config is None:
        return None
    kubernetes = config["KubernetesConfig"]
    return Profile(
        name=name,
        driver=config["Driver"],
        container_runtime=kubernetes["ContainerRuntime"] or "docker",  # empty in profiles of old versions
        kubernetes_version=kubernetes["KubernetesVersion"],
        nodes=_nodes(name, config["Nodes"] or ()),
        cpus=config["CPUs"],
        memory_mib=config["Memory"],
        addons=frozenset(addon for addon, enabled in (config["Addons"] or {}).items() if enabled),
        addon_images=_addon_images(config),
        image_repository=kubernetes.get("ImageRepository") or "",
    )


def _addon_images(config: Mapping[str, Any]) -> dict[str, str | None]:
    registries = config.get("CustomAddonRegistries") or {}
    images = config.get("CustomAddonImages") or {}
    given: dict[str, str | None] = dict.fromkeys([*images, *registries])
    for name in images.keys() & registries.keys():
        # An empty registry says that the image names its own, or is Docker Hub's; a repository would go before that.
        registry = registries[name].rstrip("/")
        if registry or not config["KubernetesConfig"].get("ImageRepository"):
            given[name] = f"{registry}/{images[name]}" if registry else images[name]
    return given


def _nodes(profile: str, nodes: Sequence[Mapping[str, Any]]) -> tuple[Node, ...]:
    """Name the nodes as Minikube names their machines: the primary as the profile, the others `PROFILE-m02`."""
    primary = next((node for node in nodes if node["ControlPlane"]), None)
    named = [
        Node(profile if node is primary else f"{profile}-{node['Name']}", node["IP"], node["ControlPlane"])
        for node in nodes
    ]
    return tuple(sorted(named, key=lambda node: node.name != profile))


def read_state(profile: Profile | None, status: str) -> State:
    """Judge what `minikube status -o json` printed: an object, an array for several nodes, `null`, or no status."""
    if profile is None:
        return State(Status.ABSENT)
    try:
        answer = json.loads(status)
    except ValueError:
        answer = None
    nodes = [answer] if isinstance(answer, dict) else answer
    if not nodes or "Host" not in nodes[0]:
        return State(Status.BROKEN, profile, "its machine is gone")
    primary = nodes[0]
    kubeconfig_ok = primary["Kubeconfig"] == "Configured"
    if primary["Host"] in {"Stopped", "Saved"}:
        return State(Status.STOPPED, profile)
    if primary["APIServer"] == "Paused":
        return State(Status.PAUSED, profile, kubeconfig_ok=kubeconfig_ok)
    for node in nodes:
        for part in ("Host", "Kubelet", "APIServer"):
            # A worker's API server is `Irrelevant`.
            if node[part] not in {"Running", "Irrelevant"}:
                trouble = f"{part.lower()} of node `{node['Name']}` is {node[part].lower()}"
                return State(Status.BROKEN, profile, trouble, kubeconfig_ok)
    return State(Status.RUNNING, profile, kubeconfig_ok=kubeconfig_ok)
