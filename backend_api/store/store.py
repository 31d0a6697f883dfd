"""The store: everything that is kept about events and enrichments, behind one door for backend and worker.

Every write is one transaction that is on the disk when the call returns, unless its method says otherwise. While
another process holds the database's lock a write waits, for database.BUSY_TIMEOUT_MS; StoreBusy and StoreFull
(backend_api/store/errors.py) say that nothing was written and that trying again makes sense.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Self
from uuid import UUID

from backend_api.base.clock import Clock
from backend_api.base.instants import to_ms
from backend_api.contract.cameras import CameraReport, CameraState
from backend_api.contract.events import Event
from backend_api.contract.queries import EventQuery
from backend_api.contract.values import to_milliseconds
from backend_api.contract.verdicts import MmResult, QueueState
from backend_api.reports.reports import Reading
from backend_api.store import cameras, enrichments, model_calls, removed_media, verdict_history
from backend_api.store.cursor import BadCursor
from backend_api.store.database import Database
from backend_api.store.enrichments import Claim
from backend_api.store.errors import StoreBusy, StoreFull
from backend_api.store.event_pages import Page, read_page
from backend_api.store.event_rows import EventRow, select_rows, to_row
from backend_api.store.events import MAX_NEW_ARRIVALS, Arrival, Outcome, add_arrivals, add_new_arrivals
from backend_api.store.migrate import DatabaseNotReady, open_database
from backend_api.store.model_calls import Spending
from backend_api.store.queue_state import read_queue
from backend_api.store.removed_media import Removed, Standing
from backend_api.store.setups import Setups
from backend_api.store.tables import events
from backend_api.store.verdict_history import Agree, Review, StoredResult, standing

__all__ = [
    "Agree",
    "Arrival",
    "BadCursor",
    "Claim",
    "DatabaseNotReady",
    "EventRow",
    "Outcome",
    "Page",
    "RetryOutcome",
    "Review",
    "Spending",
    "Store",
    "StoreBusy",
    "StoreFull",
    "StoredResult",
    "standing",
]


class RetryOutcome(StrEnum):
    """What became of the wish to try an enrichment again."""

    PENDING = "pending"
    NOT_DEAD = "not dead"
    NOT_FOUND = "not found"


class Store:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as said above."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.reading = Reading(database, clock)
        self.setups = Setups(database, clock)

    @classmethod
    def open(cls, db: str | Path, clock: Clock, *, create: bool) -> Self:
        """Open the database `db`, a path or a sqlite:/// URL; `create` makes it when missing and migrates an older one.

        Raises DatabaseNotReady, a UsageError, when it is missing or old and `create` is not set; UsageError when it is
        newer, or no database of ours; FatalError when another process keeps it locked. It is never deleted.
        """
        return cls(open_database(db, create=create), clock)

    def close(self) -> None:
        """Close the database; the store is of no use afterwards."""
        self._database.close()

    def check_writable(self, timeout_s: float) -> None:
        """Raise StoreBusy or StoreFull when no event could be stored now; wait at most `timeout_s` for the lock."""
        self._database.check_writable(timeout_s)

    def add(self, events: Sequence[Event]) -> list[Outcome]:
        """Write those of `events` that are new, all in one transaction; one outcome each, in their order."""
        now = self._clock.now()
        return self.add_arrivals([Arrival.of(event, now) for event in events])

    def add_arrivals(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """`add` for events whose canonical JSON and time of arrival are known already."""
        if len(arrivals) <= MAX_NEW_ARRIVALS:
            with self._database.write_at_once() as connection:
                if add_new_arrivals(connection, arrivals):
                    return [Outcome.STORED] * len(arrivals)
        with self._database.write() as connection:
            return add_arrivals(connection, arrivals)

    def get(self, event_id: UUID) -> EventRow | None:
        """The event, or None when there is none of that id."""
        query = select_rows(events).where(events.c.event_id == str(event_id))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else to_row(row)

    def page(self, query: EventQuery) -> Page:
        """One page of the events that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_page(connection, query)

    def claim(self, lease_s: float) -> Claim | None:
        """Take the enrichment that has been due for longest, for `lease_s` seconds; None when none is due."""
        with self._database.write() as connection:
            return enrichments.claim(connection, self._now_ms(), round(lease_s * 1000))

    def renew(self, claim: Claim, lease_s: float) -> bool:
        """Keep the claim for `lease_s` more seconds from now; False when another worker has taken it over.

        A power cut may undo it: that ends the worker that holds the claim, too.
        """
        with self._database.write(survives_power_cut=False) as connection:
            return enrichments.renew(connection, claim, self._now_ms(), round(lease_s * 1000))

    def finish(self, claim: Claim, result: MmResult) -> bool:
        """Store the verdict: DONE. False, and nothing stored, when another worker has taken the claim over."""
        with self._database.write() as connection:
            return enrichments.finish(connection, claim, result, self._now_ms())

    def finish_and_claim(self, claim: Claim, result: MmResult, lease_s: float) -> tuple[bool, Claim | None]:
        """`finish` one and `claim` the next, in one transaction: the disk is waited for once. What both return."""
        with self._database.write() as connection:
            is_stored = enrichments.finish(connection, claim, result, self._now_ms())
            return is_stored, enrichments.claim(connection, self._now_ms(), round(lease_s * 1000))

    def fail(self, claim: Claim, error: str, retry_in_s: float | None) -> bool:
        """Store why it failed: PENDING again in `retry_in_s` seconds, or DEAD when None. False as in `finish`."""
        retry_in_ms = None if retry_in_s is None else round(retry_in_s * 1000)
        with self._database.write() as connection:
            return enrichments.fail(connection, claim, error, self._now_ms(), retry_in_ms)

    def retry(self, event_id: UUID) -> RetryOutcome:
        """Make a DEAD enrichment PENDING again, its attempts counted from the start."""
        with self._database.write() as connection:
            if enrichments.revive(connection, event_id, self._now_ms()):
                return RetryOutcome.PENDING
        return RetryOutcome.NOT_FOUND if self.get(event_id) is None else RetryOutcome.NOT_DEAD

    def release(self, claim: Claim, reason: str, retry_in_s: float) -> bool:
        """Give the claim back, due in `retry_in_s` seconds, as if it had not been taken. False as in `finish`."""
        with self._database.write() as connection:
            return enrichments.release(connection, claim, reason, self._now_ms(), round(retry_in_s * 1000))

    def hold(self, reason: str) -> int:
        """Let every PENDING enrichment say why nobody works on it; how many said something else before."""
        with self._database.write(survives_power_cut=False) as connection:
            return enrichments.hold(connection, reason)

    def rerun(self, event_id: UUID) -> bool:
        """Ask about a DONE or DEAD event again; False when it is neither, or not there.

        The result that there is stays shown until the new one takes its place, and is kept in the verdict_history.
        """
        with self._database.write() as connection:
            return enrichments.rerun(connection, event_id, self._now_ms())

    def rerun_others(self, model: str, prompt_version: str) -> int:
        """`rerun` every event whose shown result is not of this model, as requested, and prompt; how many."""
        with self._database.write() as connection:
            return enrichments.rerun_others(connection, model, prompt_version, self._now_ms())

    def results(self, event_id: UUID | None = None) -> list[StoredResult]:
        """Every verdict that was ever given on the event, or on all events, the oldest first."""
        with self._database.read() as connection:
            return verdict_history.read_results(connection, event_id)

    def add_review(self, event_id: UUID, agree: Agree, note: str, who: str) -> bool:
        """Keep what `who` thinks of the verdict that the event has now, or takes back of what was said before.

        False when there is no verdict, nothing to take back, or no event.
        """
        with self._database.write() as connection:
            return verdict_history.add_review(connection, event_id, agree, note, who, self._now_ms())

    def reviews(self, event_id: UUID | None = None) -> list[Review]:
        """Every review of the event, or of all events, the oldest first."""
        with self._database.read() as connection:
            return verdict_history.read_reviews(connection, event_id)

    def spent(self, since: datetime) -> Spending:
        """What was asked of the models' servers since `since`, and what it took."""
        with self._database.read() as connection:
            return model_calls.read_spending(connection, to_ms(since))

    def begin_call(self, event_id: UUID, since: datetime, has_room: Callable[[Spending], bool]) -> int | None:
        """Write down a request about to be sent, when what was spent since `since` leaves room; its number, or None."""
        with self._database.write(survives_power_cut=False) as connection:
            if not has_room(model_calls.spent_now(connection, to_ms(since))):
                return None
            return model_calls.begin_call(connection, event_id, self._now_ms())

    def settle_call(self, call: int, tokens: int, cost: float) -> None:
        """Write down what a request took."""
        with self._database.write(survives_power_cut=False) as connection:
            model_calls.settle_call(connection, call, tokens, cost)

    def report_camera(self, camera_id: str, report: CameraReport) -> CameraState:
        """Keep what an edge says of its camera. A power cut may undo it; the next report comes in seconds."""
        now = to_milliseconds(self._clock.now())
        with self._database.write(survives_power_cut=False) as connection:
            cameras.keep_report(connection, camera_id, report, now)
        return cameras.camera_state(camera_id, report, now, now)

    def cameras(self) -> list[CameraState]:
        """Every camera that ever reported, by store and name, with its state now."""
        with self._database.read() as connection:
            return cameras.read_cameras(connection, self._clock.now())

    def queue(self) -> QueueState:
        """How many enrichments are in which state, and since when the oldest PENDING one has waited."""
        with self._database.read() as connection:
            return read_queue(connection)

    def standings(self, event_ids: Sequence[UUID]) -> list[Standing]:
        """What speaks for keeping the media of those of `event_ids` that are stored."""
        with self._database.read() as connection:
            return list(removed_media.read_standings(connection, event_ids))

    def note_removed(self, removals: Sequence[tuple[UUID, str]]) -> None:
        """Write down that the media of these events go, and why."""
        with self._database.write() as connection:
            for event_id, reason in removals:
                removed_media.note_removed(connection, event_id, reason, self._now_ms())

    def find_removed(self, event_id: UUID) -> Removed | None:
        """When and why the event's media were removed; None when they were not."""
        with self._database.read() as connection:
            return removed_media.find_removed(connection, event_id)

    def next_due_s(self) -> float | None:
        """Seconds until the next enrichment can be claimed, 0 when one can be now; None when all are DONE or DEAD."""
        with self._database.read() as connection:
            due_ms = enrichments.next_due_ms(connection, self._now_ms())
        return None if due_ms is None else due_ms / 1000

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())
