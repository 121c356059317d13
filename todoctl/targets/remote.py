"""A cluster anywhere, which pulls its images from a registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Remote:
    """The cluster of a context; a Target none of whose nodes takes images on a stream."""

    def __init__(self, context: str) -> None:
        self.context = context

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"the cluster of context `{self.context}`"

    def nodes(self) -> tuple[str, ...]:
        """Return none: the nodes pull."""
        return ()

    def node_images(self, node: str) -> Mapping[str, str]:
        """Raise LookupError: there is no way into a node."""
        raise LookupError(node)

    def remove_command(self, node: str, reference: str) -> Sequence[str]:
        """Raise LookupError: there is no way into a node."""
        raise LookupError(node, reference)

    def import_command(self, node: str) -> Sequence[str]:
        """Raise LookupError: there is no way into a node."""
        raise LookupError(node)
