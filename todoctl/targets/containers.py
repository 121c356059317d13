"""Clusters whose nodes are containers of this Docker: kind's and k3d's, recognised by the labels of these containers.

Checked against containers that bear the labels, on Minikube's node image; kind and k3d themselves were not run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from todoctl.adapters import process
from todoctl.adapters.docker_errors import DockerMissing, is_unreachable, unreachable
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, PreflightError
from todoctl.targets import runtimes

CALL_SECONDS = 60.0

_NETWORK = "{{json .NetworkSettings}}"
_HERE = frozenset({"127.0.0.1", "0.0.0.0", ""})  # noqa: S104 - which of this host's addresses a port is published at


@dataclass(frozen=True)
class Tool:
    """A tool that makes such clusters: how it names contexts, and what it writes on containers.

    `nodes` are the roles of Kubernetes' own nodes, control planes first; there are others, such as load balancers.
    """

    name: str
    cluster_label: str
    role_label: str
    nodes: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """What its contexts begin with, before the cluster's name."""
        return f"{self.name}-"


# https://github.com/kubernetes-sigs/kind/blob/main/pkg/cluster/constants/constants.go and its provider's labels
KIND = Tool("kind", "io.x-k8s.kind.cluster", "io.x-k8s.kind.role", ("control-plane", "worker"))
# https://github.com/k3d-io/k3d/blob/main/pkg/types/types.go
K3D = Tool("k3d", "k3d.cluster", "k3d.role", ("server", "agent"))


@dataclass(frozen=True)
class _Container:
    name: str
    role: str
    state: str


class Containers:
    """One cluster of such a tool; a Target.

    Every method raises DockerMissing, DockerNotRunning, and ClusterError for no answer that it can read.
    """

    def __init__(self, tool: Tool, cluster: str) -> None:
        self.tool = tool
        self._cluster = cluster

    @property
    def context(self) -> str:
        """The kubeconfig context that the tool made."""
        return f"{self.tool.prefix}{self._cluster}"

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.tool.name} cluster `{self._cluster}`"

    @property
    def driver(self) -> str:
        """What makes the nodes, in the place of a Minikube profile's driver."""
        return self.tool.name

    @cached_property
    def _all(self) -> tuple[_Container, ...]:
        label = f"label={self.tool.cluster_label}={self._cluster}"
        shown = "\t".join(["{{.Names}}", f'{{{{.Label "{self.tool.role_label}"}}}}', "{{.State}}"])
        answer = _docker("ps", "--all", "--no-trunc", "--filter", label, "--format", shown)
        return tuple(_Container(*line.split("\t")) for line in answer.splitlines())

    @property
    def _nodes(self) -> list[_Container]:
        roles = self.tool.nodes
        return sorted(
            (one for one in self._all if one.role in roles), key=lambda one: (roles.index(one.role), one.name)
        )

    def exists(self) -> bool:
        """Tell whether this Docker has a node of the cluster, running or not."""
        return bool(self._nodes)

    def nodes(self) -> tuple[str, ...]:
        """Return the names of the nodes, control planes first. Raises PreflightError where one does not run."""
        for one in self._nodes:
            if one.state != "running":
                raise PreflightError(
                    "node.running",
                    f"node `{one.name}` does not run",
                    because=f"its container is {one.state}",
                    hint=f"start it with `docker start {one.name}`",
                )
        return tuple(one.name for one in self._nodes)

    def node_images(self, node: str) -> Mapping[str, str]:
        """Return what a node's runtime holds: qualified reference → config digest."""
        done = _run(["docker", "exec", "-i", node, *runtimes.LIST_IMAGES])
        return runtimes.read_images(done, node, hint=f"see what `docker exec {node} crictl images` says")

    def import_command(self, node: str) -> Sequence[str]:
        """Return the command that reads a `docker save` archive on stdin into a node's containerd."""
        return ["docker", "exec", "-i", node, *runtimes.CONTAINERD_IMPORT]

    def export_command(self, node: str, references: Sequence[str]) -> Sequence[str] | None:
        """Return the command that writes an image that a node holds to stdout, under all these references."""
        return ["docker", "exec", "-i", node, *runtimes.CONTAINERD_EXPORT, *references]

    def remove_command(self, node: str, reference: str) -> Sequence[str]:
        """Return the command that removes an image from a node's containerd, used or not, under all its references."""
        return ["docker", "exec", "-i", node, *runtimes.REMOVE_IMAGE, reference]

    def address(self) -> str:
        """Return where its Ingress would answer: 127.0.0.1 where port 80 is published there, else a node's own.

        The latter is reachable where Docker Engine runs on this host's kernel.
        """
        names = [one.name for one in self._all]
        settings = [json.loads(line) for line in _docker("inspect", "--format", _NETWORK, *names).splitlines()]
        for one in settings:
            if any(at["HostPort"] == "80" and at["HostIp"] in _HERE for at in one["Ports"].get("80/tcp") or ()):
                return "127.0.0.1"
        networks = settings[names.index(self.nodes()[0])]["Networks"]
        return next(str(one["IPAddress"]) for one in networks.values())


def published(tool: Tool, port: int) -> list[str]:
    """Return the names of a tool's clusters that have a container, running or not, which publishes this host's port."""
    containers = _docker("ps", "--all", "--quiet", "--filter", f"label={tool.cluster_label}").split()
    if not containers:
        return []
    # Not `--filter publish`: it finds those that run alone.
    shown = f'{{{{index .Config.Labels "{tool.cluster_label}"}}}}\t{{{{json .HostConfig.PortBindings}}}}'
    found = [line.split("\t") for line in _docker("inspect", "--format", shown, *containers).splitlines()]
    return [
        cluster
        for cluster, bindings in found
        if any(at["HostPort"] == str(port) for of_port in (json.loads(bindings) or {}).values() for at in of_port or ())
    ]


def _docker(*arguments: str) -> str:
    done = _run(["docker", *arguments])
    if not done.ok:
        if is_unreachable(done.stderr):
            raise unreachable(done.stderr.strip())
        raise ClusterError(
            "node.containers",
            "Docker did not report the cluster's containers",
            because=done.complaint(),
            hint=f"see what `{done.command}` says",
        )
    return done.stdout


def _run(argv: Sequence[str]) -> process.Completed:
    try:
        return process.run(argv, deadline=Deadline(CALL_SECONDS))
    except process.ProgramMissing as error:
        raise DockerMissing from error
    except process.ProcessTimeout as error:
        raise ClusterError(
            "node.timeout",
            f"`{argv[0]} {argv[1]}` did not answer in time",
            because=error.because,
            hint="see what `docker ps` says, then run the command again",
        ) from error
