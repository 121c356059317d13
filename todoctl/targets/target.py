"""What todoctl needs from a place where images and objects go; one module per kind of place implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Target(Protocol):
    """A cluster, and the way into those of its nodes that take images on a stream."""

    @property
    def context(self) -> str:
        """The kubeconfig context that leads to this cluster."""

    @property
    def title(self) -> str:
        """What a person calls it, such as `Minikube profile `dev``."""

    def nodes(self) -> Sequence[str]:
        """Return the names of the nodes, the control plane's first, as Kubernetes knows them.

        There are none to send to where the nodes pull their images from a registry.
        """

    def node_images(self, node: str) -> Mapping[str, str]:
        """Return what a node's runtime holds: qualified reference → image ID (`sha256:…`).

        The ID is the config digest for the node's platform.
        """

    def import_command(self, node: str) -> Sequence[str]:
        """Return the command that reads an image archive, as `docker save` writes it, on stdin into a node's runtime.

        It may exit 0 without having done so: read `node_images` back.
        """

    def remove_command(self, node: str, reference: str) -> Sequence[str]:
        """Return the command that removes an image from a node's runtime, under all its references.

        It does so even where a container uses the image.
        """
