"""The application: the routers, and a writer that lives as long as it does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend_api.base.clock import Clock
from backend_api.base.process import project_version
from backend_api.media.folder import MediaFolder
from backend_api.media.retention import Retention, sweeping
from backend_api.reports.reports import Reports
from backend_api.store.group_commit import Writer
from backend_api.store.store import Store
from backend_api.web.change_feed import Feed
from backend_api.web.guard import guard, signed_links, with_links
from backend_api.web.head_requests import Heads
from backend_api.web.metrics import Metrics
from backend_api.web.openapi import Api
from backend_api.web.problems import answer_with_problems
from backend_api.web.request_log import Observation
from backend_api.web.routes.cameras import camera_routes
from backend_api.web.routes.events import event_routes
from backend_api.web.routes.export import export_routes
from backend_api.web.routes.health import health_routes
from backend_api.web.routes.ingest import ingest_routes
from backend_api.web.routes.media import media_routes
from backend_api.web.routes.reports import report_routes
from backend_api.web.routes.reviews import review_routes
from backend_api.web.routes.stores import store_routes
from backend_api.web.routes.stream import stream_routes
from backend_api.web.routes.suggestions import suggestion_routes
from backend_api.web.routes.uploads import upload_routes
from backend_api.web.settings import Settings

log = logging.getLogger(__name__)


def create_app(store: Store, media: MediaFolder, clock: Clock, settings: Settings | None = None) -> FastAPI:
    """The API over `store` and `media`; the caller closes the store after the application's shutdown."""
    settings = settings or Settings()
    links = signed_links(settings.keys, clock)
    media = with_links(media, links)
    version = project_version()
    metrics = Metrics(store, media, clock)
    writer = Writer(metrics.counting(store.events.add_arrivals))
    feed = Feed(store, media)
    reports = Reports(store)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(feed.run())
        looking.add_done_callback(_say_why)
        with sweeping(Retention(store, media, settings.keep, clock) if settings.keep else None):
            yield
        feed.close()
        await asyncio.wait([looking])
        await writer.drain()

    app = Api(version, lifespan)
    # Streams have no end of their own: the server ends them before it waits for the requests that are under way.
    app.state.end_streams = feed.close
    answer_with_problems(app)
    app.add_middleware(Heads)
    guard(app, settings.keys, links, settings.cors_origins)
    app.add_middleware(Observation, metrics=metrics, clock=clock, keeps_log=settings.keeps_access_log)
    app.include_router(ingest_routes(store, writer, media, clock))
    app.include_router(stream_routes(store, feed))
    app.include_router(export_routes(store))
    app.include_router(event_routes(store, media))
    app.include_router(review_routes(store))
    app.include_router(suggestion_routes(reports))
    app.include_router(media_routes(store, media))
    app.include_router(upload_routes(store, media))
    app.include_router(report_routes(store, reports, media))
    app.include_router(camera_routes(store))
    app.include_router(store_routes(store, reports))
    app.include_router(health_routes(store, media, version, metrics))
    return app


def _say_why(looking: asyncio.Task[None]) -> None:
    if not looking.cancelled() and (error := looking.exception()) is not None:
        log.error("GET /events/stream has ended, start the backend again: %s: %s", type(error).__name__, error)
