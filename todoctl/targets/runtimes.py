"""What a node's container runtime says about its images, whoever made the node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from todoctl.adapters import process
from todoctl.errors import ClusterError
from todoctl.targets.reference import qualified

LIST_IMAGES = ("crictl", "images", "-o", "json")
"""The command that lists them, on the node."""

REMOVE_IMAGE = ("crictl", "rmi")
"""The command that removes the image that it is given, under all its references, on the node; it may be in use."""

CONTAINERD_IMPORT = ("ctr", "-n", "k8s.io", "images", "import", "-")
"""The command that reads an image archive on stdin into containerd, where Kubernetes looks for its images."""

CONTAINERD_EXPORT = ("ctr", "-n", "k8s.io", "images", "export", "--local", "-")
"""The command that writes the images that it is given, of the node's own platform, to stdout as one archive.

Without `--local`, which 1.7 does by itself, `ctr` of containerd 2 has the daemon send the archive, and ends with exit
code 0 once that has sent all: what `ctr` had still to write is lost, where whoever reads is a little slower.
"""


def read_images(done: process.Completed, node: str, *, hint: str) -> dict[str, str]:
    """Return what LIST_IMAGES answered: qualified reference → image ID. Raises ClusterError for no such answer.

    The ID is the config digest, except on a node whose docker keeps its images in containerd.
    """
    try:
        return {qualified(reference): image for reference, image in node_images(json.loads(done.stdout)).items()}
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(
            "node.images",
            f"node `{node}` did not report which images it holds",
            because=done.complaint(),
            hint=hint,
        ) from error


def node_images(listing: Mapping[str, Any]) -> dict[str, str]:
    """Read `crictl images -o json`: every reference as the runtime writes it, by tag or by digest → image ID."""
    return {
        reference: image["id"]
        for image in listing.get("images") or ()
        for reference in (*(image.get("repoTags") or ()), *(image.get("repoDigests") or ()))
        if "<none>" not in reference
    }
