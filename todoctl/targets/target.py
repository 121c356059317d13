"""What todoctl needs from a place where images and objects go; one module per kind of place implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Target(Protocol):
    """A cluster whose nodes take images on a stream."""

    @property
    def context(self) -> str:
        """The kubeconfig context that the tool behind it made for this cluster."""

    def nodes(self) -> Sequence[str]:
        """Return the names of the nodes, the control plane's first, as Kubernetes knows them."""

    def node_images(self, node: str) -> Mapping[str, str]:
        """Return what a node's runtime holds: qualified reference → image ID (`sha256:…`).

        The ID is the config digest for the node's platform.
        """

    def import_command(self, node: str) -> Sequence[str]:
        """Return the command that reads an image archive, as `docker save` writes it, on stdin into a node's runtime.

        It may exit 0 without having done so: read `node_images` back.
        """

    def address(self) -> str:
        """Return the IP address where the cluster's Ingress listens, which this host may or may not reach."""
