"""The images that the app is made of: two that todoctl builds, one that it takes as it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """An image that todoctl builds. Paths are POSIX, relative to the payload's root."""

    name: str
    dockerfile: str
    context: str

    @property
    def ignore_file(self) -> str:
        """The allow-list that BuildKit finds beside the Dockerfile and prefers to the context's own."""
        return f"{self.dockerfile}.dockerignore"

    def reference(self, tag: str) -> str:
        """Return the image reference with this tag."""
        return f"{self.name}:{tag}"


BACKEND = Image("todo-backend", "dockerfiles/backend.Dockerfile", "app/backend")
FRONTEND = Image("todo-frontend", "dockerfiles/frontend.Dockerfile", "app/frontend")
BUILT = (BACKEND, FRONTEND)

POSTGRES = "postgres:17"


def qualified(reference: str) -> str:
    """Return the reference as container runtimes store it: `todo:1` is `docker.io/library/todo:1`.

    The rule is Docker's own (distribution/reference): the first part is a registry when it has a dot or a colon, or
    is `localhost`; without one it is Docker Hub, whose images without an owner belong to `library`; no tag is `latest`.
    """
    registry, slash, path = reference.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, path = "docker.io", reference
    if registry == "docker.io" and "/" not in path:
        path = f"library/{path}"
    if ":" not in path.rpartition("/")[2] and "@" not in path:
        path = f"{path}:latest"
    return f"{registry}/{path}"
