"""The application: the routers, and a writer that lives as long as it does."""

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from backend_api.alerts.config import AlertsConfig
from backend_api.alerts.digest_schedule import DigestSchedule
from backend_api.alerts.examination import Examination
from backend_api.alerts.ping import Ping
from backend_api.alerts.post_office import PostOffice
from backend_api.alerts.pruning import Pruning
from backend_api.alerts.stills import StillWatch
from backend_api.base.clock import Clock
from backend_api.base.followed_file import FollowedFile
from backend_api.base.lasting import in_background
from backend_api.base.process import REPOSITORY, project_version
from backend_api.media.media import Media
from backend_api.media.retention import Retention, sweeping
from backend_api.media.retention_policy import KeepLimits
from backend_api.reports.reports import Reports
from backend_api.store.db.settings import SettingName
from backend_api.store.group_commit import Writer
from backend_api.store.store import Store
from backend_api.store.tidying import tidied
from backend_api.web.audit import AuditLog, AuditTrail
from backend_api.web.auth import AccessControl, Keys
from backend_api.web.change_feed import ChangeFeed
from backend_api.web.documentation import add_documentation
from backend_api.web.head_requests import HeadRequests
from backend_api.web.media_links import MediaLinks
from backend_api.web.metrics import Metrics
from backend_api.web.openapi import Api
from backend_api.web.origin_check import OriginCheck
from backend_api.web.problems import answer_with_problems
from backend_api.web.request_log import RequestLog
from backend_api.web.routes.alerts import alert_routes
from backend_api.web.routes.audit import audit_routes
from backend_api.web.routes.board import board_routes
from backend_api.web.routes.cameras import camera_routes
from backend_api.web.routes.corrections import correction_routes
from backend_api.web.routes.events import event_routes
from backend_api.web.routes.export import export_routes
from backend_api.web.routes.floor import floor_routes
from backend_api.web.routes.health import health_routes
from backend_api.web.routes.ingest import ingest_routes
from backend_api.web.routes.looks import look_routes
from backend_api.web.routes.media import media_routes
from backend_api.web.routes.reports import report_routes
from backend_api.web.routes.reviews import review_routes
from backend_api.web.routes.stores import store_routes
from backend_api.web.routes.stream import stream_routes
from backend_api.web.routes.suggestions import suggestion_routes
from backend_api.web.routes.uploads import upload_routes
from backend_api.web.routes.zones import zone_routes
from backend_api.web.signed_urls import SignedUrls

log = logging.getLogger(__name__)

KEEP_ALERTS_DAYS = 90.0

_EXPOSED = ["ETag", "Link", "Location", "Content-Range", "Accept-Ranges", "Retry-After"]


@dataclass(frozen=True, slots=True)
class Settings:
    """`cors_origins` are those of the pages that may read and write, such as `https://gym.example`; none by default.

    `allowed_hosts` are names by which the backend is reached besides those of its computer, such as `gym.example`.

    `followed_keys` are those of now, where a file says them: they begin with `keys`.

    `alerts` says what is told to whom; without it nothing is looked for, and nothing told. What was over for
    `keep_alerts_days` leaves the ledger. `ping_url` is asked every minute while all is well.

    `keeps_access_log` asks for a line a request, `keep` for clips to be removed that are too old or too much.
    """

    keys: Keys = field(default_factory=Keys)
    followed_keys: FollowedFile[Keys] | None = None
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    keeps_access_log: bool = False
    keep: KeepLimits = field(default_factory=KeepLimits)
    alerts: AlertsConfig | None = None
    keep_alerts_days: float = KEEP_ALERTS_DAYS
    ping_url: str | None = field(default=None, repr=False)


def create_app(store: Store, media: Media, clock: Clock, settings: Settings | None = None) -> FastAPI:
    """The API over `store` and `media`; the caller closes the store after the application's shutdown."""
    settings = settings or Settings()
    urls = SignedUrls(_link_secret(store), clock.now) if settings.keys else None
    links = MediaLinks(media) if urls is None else MediaLinks(media, urls.query)
    version = project_version()
    audit = AuditLog(_audit_folder(store, media), clock, settings.keep.days)
    metrics = Metrics(store, media, clock)
    writer = Writer(metrics.counting(store.events.add_arrivals))
    feed = ChangeFeed(store, links)
    reports = Reports(store)
    office = PostOffice(store, media, settings.alerts or AlertsConfig(), clock, random.SystemRandom())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(feed.run())
        async with tidied(store, reports.keep_days):
            with (
                sweeping(Retention(store, media, settings.keep, clock) if settings.keep else None, clock),
                alerting(office, store, media, reports, settings, clock),
            ):
                yield
        feed.close()
        await asyncio.wait([looking])
        await writer.drain()

    app = Api(version, lifespan)
    # Streams have no end of their own: the server ends them before it waits for the requests that are under way.
    app.state.end_streams = feed.close
    add_documentation(app)
    answer_with_problems(app)
    app.add_middleware(HeadRequests)
    if urls is not None:
        app.add_middleware(AuditTrail, audit=audit)
    app.add_middleware(
        AccessControl, keys=settings.keys, followed=settings.followed_keys, urls=urls, owners=store.owners
    )
    if settings.cors_origins:
        # Around the keys: a browser asks for permission before it sends one.
        _allow_origins(app, settings.cors_origins)
    app.add_middleware(
        OriginCheck, hosts=settings.allowed_hosts, origins=settings.cors_origins, signs_urls=urls is not None
    )
    app.add_middleware(RequestLog, metrics=metrics, clock=clock, keeps_log=settings.keeps_access_log)
    # Not by include_router: it would make each route a second time, at the first request.
    for router in (
        ingest_routes(store, writer, links, clock),
        stream_routes(store, feed),
        export_routes(store),
        event_routes(store, links),
        review_routes(store, reports),
        correction_routes(store, reports),
        suggestion_routes(reports),
        media_routes(store, media),
        upload_routes(store, media),
        report_routes(store, reports, links),
        camera_routes(store),
        zone_routes(store),
        look_routes(store),
        floor_routes(store, urls),
        board_routes(reports, clock),
        audit_routes(audit),
        store_routes(store, reports),
        alert_routes(store, office, clock),
        health_routes(store, media, version, metrics),
    ):
        app.router.routes.extend(router.routes)
    return app


def _audit_folder(store: Store, media: Media) -> Path:
    """Where it is written who looked at what: beside the clips; beside the database, where those are in a bucket."""
    if media.folder is not None:
        return media.folder.parent / "audit"
    return (store.database.folder or REPOSITORY / "data") / "audit"


def _link_secret(store: Store) -> bytes:
    """The secret of all backends on this database, so that each takes the other ones' signed addresses.

    It is drawn by chance: one that is derived from a key would let a reader of an address guess the key.
    """
    return bytes.fromhex(store.settings.agree(SettingName.LINK_SECRET, secrets.token_hex(32)))


@contextmanager
def alerting(
    office: PostOffice, store: Store, media: Media, reports: Reports, settings: Settings, clock: Clock
) -> Iterator[None]:
    """While this is entered, alerts are looked for and told, unless `settings` have none of them."""
    config = settings.alerts
    if config is None:
        yield
        return
    digests = DigestSchedule(store, reports, config, office, clock)
    folders = [folder for folder in (store.database.folder, media.folder) if folder is not None]
    looks = StillWatch(store, reports)
    pruning = Pruning(store, settings.keep_alerts_days, clock)
    also = [office.remind, digests.write_due, pruning.remove_due]
    examination = Examination(store, folders, config, clock, pictures=looks, also=also)
    with ExitStack() as threads:
        threads.enter_context(in_background(office.run, "alerts", "alerts are not told", clock))
        threads.enter_context(in_background(examination.run, "examination", "alerts are not looked for", clock))
        if settings.ping_url is not None:
            ping = Ping(settings.ping_url, store, examination.looks_again, clock)
            threads.enter_context(in_background(ping.run, "ping", "the address of --ping-url is not asked", clock))
        yield


def _allow_origins(app: FastAPI, origins: tuple[str, ...]) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Content-Digest",
            "Last-Event-ID",
            "If-Match",
            "If-None-Match",
            "Range",
        ],
        expose_headers=_EXPOSED,
    )
