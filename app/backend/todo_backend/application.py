"""The app put together: settings in, an ASGI app out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import Scope

from todo_backend import health, problems
from todo_backend.assistant import endpoints as assistant
from todo_backend.assistant.model import Model, ModelSettings
from todo_backend.assistant.turn import Answering
from todo_backend.auth import TokenVerifier
from todo_backend.cluster import endpoints as cluster
from todo_backend.cluster.service import ClusterService
from todo_backend.database import Database
from todo_backend.export import endpoints as export
from todo_backend.health import Readiness
from todo_backend.limits import Limits
from todo_backend.metrics import MetricsServer
from todo_backend.request_log import RequestLog
from todo_backend.settings import Settings
from todo_backend.tasks import endpoints as tasks
from todo_backend.tasks.remembered import forget_every_hour


class TodoAPI(FastAPI):
    """FastAPI with one more schema in its OpenAPI document: the problem that every error answer is."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = problems.SCHEMA
        return document


def create_app(settings: Settings) -> FastAPI:
    """Return the app. It connects to nothing before the first request."""
    database = Database(settings.database_url, settings.database_pool_size)

    answering = Answering(database, _model(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        figures = MetricsServer(settings.metrics_port, database) if settings.metrics_port else None
        forgetting = asyncio.create_task(forget_every_hour(database))
        yield
        forgetting.cancel()
        await asyncio.gather(forgetting, return_exceptions=True)
        if figures:
            figures.close()
        await answering.close()
        if app.state.cluster:
            await app.state.cluster.close()
        await database.close()

    app = TodoAPI(
        title="Todo",
        description="Each user's tasks. The bearer token says who is asking.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would name the host inside the cluster
        generate_unique_id_function=lambda route: route.name,  # the names of a generated client's functions
        lifespan=lifespan,
        # Spans where OTEL_EXPORTER_OTLP_ENDPOINT says where to; without it nothing of OpenTelemetry's is even imported.
        telemetry={"auto_configure": True, "metrics": False, "logs": False, "exclude": _is_probe},
    )
    app.state.database = database
    app.state.answering = answering
    app.state.cluster = _cluster(settings, database)
    app.state.readiness = Readiness(database)
    app.state.token_verifier = TokenVerifier(settings.better_auth_secret.get_secret_value())
    problems.install(app)
    app.include_router(health.router)
    app.include_router(tasks.router)
    app.include_router(export.router)
    app.include_router(assistant.router)
    app.include_router(cluster.router)
    # The last one added is the outermost.
    app.add_middleware(Limits)
    app.add_middleware(RequestLog)
    return app


def _is_probe(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] in ("/health", "/ready")


def _model(settings: Settings) -> Model | None:
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    if not key:
        return None
    return Model(
        ModelSettings(
            api_key=key,
            base_url=settings.openai_base_url,
            model=settings.openai_model,
            daily_tokens=settings.assistant_daily_tokens,
        )
    )


def _cluster(settings: Settings, database: Database) -> ClusterService | None:
    if settings.cluster_credentials is None:
        return None
    return ClusterService(database, settings.cluster_credentials, settings.kubernetes_url)
