"""GET /health and GET /ready: is the process alive, and can it do its work?"""

from uuid import UUID

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from backend_api.contract.media import Ready
from backend_api.media.media import Media, MediaAway
from backend_api.media.retention_policy import held_back_text
from backend_api.store.db.errors import StoreBusy, StoreFull
from backend_api.store.db.settings import SettingName
from backend_api.store.store import Store
from backend_api.web.metrics import Metrics
from backend_api.web.openapi import problems
from backend_api.web.problems import RETRY_AFTER_S, ApiProblem, FieldErrors

# Longer than any transaction of ours, shorter than a monitor's time limit.
_LOCK_TIMEOUT_S = 2.0


class Health(BaseModel):
    """The process answers."""

    status: str
    version: str


def health_routes(store: Store, media: Media, version: str, metrics: Metrics) -> APIRouter:
    """The router for monitoring."""
    router = APIRouter(tags=["health"])

    @router.get("/health", summary="Alive?")
    async def health() -> Health:
        """Answers as long as the process lives; touches neither database nor disk."""
        return Health(status="ok", version=version)

    @router.get("/ready", summary="Able to work?", responses=problems(503))
    def ready() -> Ready:
        """200 when the database and the media folder can be written, else 503 with the reason."""
        folder_id, media_errors = _look_at(media)
        if errors := [*_database_errors(store), *media_errors]:
            message = "; ".join(error["message"] for error in errors)
            raise ApiProblem(503, message, errors, {"Retry-After": str(RETRY_AFTER_S)})
        reason = store.settings.find(SettingName.REMOVAL_HELD_BACK)
        return Ready(
            status="ready", media_folder_id=folder_id, held_back=None if reason is None else held_back_text(reason)
        )

    @router.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(503)},
    )
    def get_metrics() -> Response:
        """Requests, events, the model's queue, cameras and media bytes, in Prometheus' text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router


def _database_errors(store: Store) -> FieldErrors:
    try:
        store.check_writable(_LOCK_TIMEOUT_S)
    except (StoreBusy, StoreFull) as error:
        return [{"field": "database", "message": str(error)}]
    return []


def _look_at(media: Media) -> tuple[UUID | None, FieldErrors]:
    """The folder's id, or why the folder cannot be used."""
    try:
        return media.check(), []
    except MediaAway as error:
        return None, [{"field": "media", "message": str(error)}]
    except OSError as error:
        return None, [{"field": "media", "message": f"cannot write the media folder {media.name}: {error.strerror}"}]
