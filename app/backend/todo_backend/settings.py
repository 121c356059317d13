"""What the environment has to say, checked once at start."""

import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PORTS = re.compile(r"[0-9]*(,[0-9]*)*")


class SettingsError(Exception):
    """The environment lacks something or has something that does not fit; no message carries a value."""


def _postgres_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql://")
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        # libpq's own message may quote a part of the password.
        raise ValueError("is no URL that Postgres understands; is the password percent-encoded?") from None
    if not _PORTS.fullmatch(str(parts.get("port", ""))):
        raise ValueError("has a port that is no number; is the password percent-encoded?")
    return value


class DatabaseSettings(BaseSettings):
    """Where the database is, and how much to say in the log."""

    model_config = SettingsConfigDict(hide_input_in_errors=True, frozen=True)

    database_url: Annotated[SecretStr, AfterValidator(_postgres_url)]
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(DatabaseSettings):
    """What the API needs. Nothing secret has a default."""

    better_auth_secret: Annotated[SecretStr, Field(min_length=32)]
    database_pool_size: Annotated[int, Field(ge=2, le=100)] = 5
    """Connections that this process holds at most; one of them is kept for `/ready`."""
    openai_api_key: SecretStr | None = None
    """Without one, or with an empty one, the assistant works by rules."""
    openai_base_url: Annotated[str, Field(pattern=r"^https?://[^/]")] = "https://api.openai.com/v1"
    openai_model: Annotated[str, Field(min_length=1)] = "gpt-4.1-mini"
    assistant_daily_tokens: Annotated[int, Field(ge=0)] = 200_000
    """What a model may spend on one user's words a day."""
    metrics_port: Annotated[int, Field(gt=0, lt=65536)] | None = None
    """Where `/metrics` is served; without it, nowhere."""
    cluster_credentials: Path | None = None
    """A folder with `token`, `ca.crt` and `namespace`, with which the Cluster page reads the Kubernetes API; without
    it there is no such page."""
    kubernetes_service_host: str = ""
    kubernetes_service_port: Annotated[int, Field(gt=0, lt=65536)] = 443

    @property
    def kubernetes_url(self) -> str:
        """Where every pod finds the Kubernetes API."""
        host = self.kubernetes_service_host
        return f"https://{f'[{host}]' if ':' in host else host}:{self.kubernetes_service_port}"


class MigrateSettings(DatabaseSettings):
    """What a migration needs."""

    migrate_wait_seconds: Annotated[float, Field(gt=0, le=3600)] = 120
    """How long to wait for Postgres to listen, and then for another migration to end."""


_Kind = TypeVar("_Kind", bound=DatabaseSettings)


def load(kind: type[_Kind]) -> _Kind:
    """Read settings from the environment.

    Raises SettingsError, which names every variable that is missing or does not fit.
    """
    try:
        return kind()
    except ValidationError as error:
        problems = (f"{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors())
        raise SettingsError("; ".join(problems)) from None
