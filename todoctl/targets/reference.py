"""Image references, as container runtimes write them."""

from __future__ import annotations


def by_digest(reference: str) -> str:
    """Return a reference as a runtime keeps it: of one by tag and digest, the digest alone."""
    name, at, digest = reference.partition("@")
    if not at:
        return reference
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"


def qualified(reference: str) -> str:
    """Return the reference in full: `todo:1` is `docker.io/library/todo:1`.

    The rule is Docker's own (https://pkg.go.dev/github.com/distribution/reference): the first part is a registry when
    it has a dot or a colon, or is `localhost`; without one it is Docker Hub, whose images without an owner belong to
    `library`; no tag is `latest`.
    """
    registry, slash, path = reference.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, path = "docker.io", reference
    if registry in {"docker.io", "index.docker.io"}:
        registry, path = "docker.io", path if "/" in path else f"library/{path}"
    if ":" not in path.rpartition("/")[2] and "@" not in path:
        path = f"{path}:latest"
    return f"{registry}/{path}"
