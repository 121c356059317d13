"""What every command needs to know: which cluster, which installation, how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PROFILE = "minikube"
DEFAULT_NAMESPACE = "todo-app"
DEFAULT_HOST = "todo-app.local"

WAIT_SECONDS = 600.0
"""How long a wait may take where `--timeout` does not say."""
BUILD_SECONDS = 1800.0
"""How long the builds may: the first ones download all that the images are made of."""


@dataclass(frozen=True)
class Settings:
    """Which installation on which cluster a command is about.

    `context` is always explicit: the profile's own unless `--context` names another. `timeout` is in seconds and
    bounds the waiting for the cluster, for images and for the rollout, each on its own; None leaves each its default.

    `registry` (`HOST/PATH`) is where the nodes of an environment beyond this host pull from, with the credentials of
    the Secret `image_pull_secret`; `minikube_too` lets such an environment go to a Minikube, a mistake nearly always.
    `bundle` is where everything comes from that an install would fetch: with one, no network is asked.
    """

    profile: str = DEFAULT_PROFILE
    context: str = DEFAULT_PROFILE
    namespace: str = DEFAULT_NAMESPACE
    host: str | None = None
    environment: str = "development"
    registry: str | None = None
    image_pull_secret: str | None = None
    minikube_too: bool = False
    bundle: Path | None = None
    timeout: float | None = None
    env_file: Path | None = None
    database_ca: Path | None = None
    driver: str | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    force_conflicts: bool = False
    recreate: tuple[str, ...] = ()
    mirror: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether the environment is one beyond this host: its nodes pull, its database is external."""
        return self.environment != "development"
