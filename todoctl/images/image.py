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
