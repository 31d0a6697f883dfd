"""The store: everything that is kept, behind one door for backend and worker, a small class for each family of tables.

Every write is one transaction that is on the disk when the call returns, unless its method says otherwise. While
another process holds the database's lock a write waits, for database.BUSY_TIMEOUT_MS; StoreBusy and StoreFull
(backend_api/store/db/errors.py) say that nothing was written and that trying again makes sense.
"""

import logging
from pathlib import Path
from typing import Self

from backend_api.base.clock import Clock
from backend_api.base.database_address import DatabaseAddress
from backend_api.store.alert_views import CameraViews
from backend_api.store.camera_looks import CameraLooks
from backend_api.store.camera_setups import Setups
from backend_api.store.cameras import Cameras
from backend_api.store.changes import Changes
from backend_api.store.db.database import Database
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.migrate import open_database
from backend_api.store.db.settings import StoredSettings
from backend_api.store.db.store_days import StoreDays
from backend_api.store.enrichments import Enrichments
from backend_api.store.events import Events
from backend_api.store.ledger.alerts import Alerts
from backend_api.store.ledger.messages import Messages
from backend_api.store.ledger.pruning import LedgerPruning
from backend_api.store.model_calls import ModelCalls
from backend_api.store.old_events import EventRemoval
from backend_api.store.owners import Owners
from backend_api.store.removed_media import RemovedMedia
from backend_api.store.review_draws import ReviewDraws
from backend_api.store.stores import Stores
from backend_api.store.uses.hidden_events import HiddenEvents
from backend_api.store.uses.use_corrections import Corrections
from backend_api.store.verdict_history import Results, Reviews
from backend_api.store.worker_caps import WorkerCaps
from backend_api.store.zone_versions import ZoneVersions

log = logging.getLogger(__name__)


class Store:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as said above."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.events = Events(database, clock)
        self.enrichments = Enrichments(database, clock)
        self.results = Results(database)
        self.reviews = Reviews(database, clock)
        self.corrections = Corrections(database, clock)
        self.calls = ModelCalls(database, clock)
        self.cameras = Cameras(database, clock)
        self.setups = Setups(database, clock)
        self.looks = CameraLooks(database, clock)
        self.zone_versions = ZoneVersions(database, clock)
        self.removed_media = RemovedMedia(database, clock)
        self.stores = Stores(database, clock)
        self.days = StoreDays(database)
        self.draws = ReviewDraws(database, clock)
        self.hidden_events = HiddenEvents(database, clock)
        self.old_events = EventRemoval(database)
        self.settings = StoredSettings(database)
        self.worker_caps = WorkerCaps(database, clock)
        self.alerts = Alerts(database, clock)
        self.messages = Messages(database, clock)
        self.old_alerts = LedgerPruning(database)
        self.views = CameraViews(database)
        self.changes = Changes(database)
        self.owners = Owners(database)

    @classmethod
    def open(cls, db: str | Path | DatabaseAddress, clock: Clock, *, create: bool) -> Self:
        """Open the database `db`, a path or a URL; `create` makes it when missing and migrates an older one.

        Raises DatabaseNotReady, a UsageError, when it is missing or old and `create` is not set; UsageError when it is
        newer, or no database of ours; FatalError when another process keeps it locked, or its server does not answer.
        It is never deleted.
        """
        return cls(open_database(db, clock, create=create), clock)

    def close(self) -> None:
        """Write down what is only in memory, and close the database; the store is of no use afterwards."""
        try:
            self.cameras.keep()
        except (StoreBusy, StoreFull, StoreBroken) as error:
            log.warning("the cameras' last reports are not written down, the next ones come in seconds: %s", error)
        finally:
            self.database.close()

    def tidy(self) -> None:
        """Do the chores of now and then: write down the cameras' reports, make the questions about ends that matter by
        now, let the database tidy itself.
        """
        self.cameras.keep_if_due()
        self.enrichments.make_due_questions()
        self.database.tidy(self.clock)

    def check_writable(self, timeout_s: float) -> None:
        """Raise StoreBusy or StoreFull when no event could be stored now; wait at most `timeout_s` for the lock."""
        self.database.check_writable(timeout_s)
