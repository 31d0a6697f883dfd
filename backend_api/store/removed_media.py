"""Removed media: which events' clips and pictures are gone on purpose, and what is needed to choose them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.verdicts import Agree, MmStatus
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import enrichments, events, removed_media, reviews
from backend_api.store.uses.sessions import LATEST_REVIEW_ID

_IDS_A_QUERY = 1_000
_OF_EVENT = select(events.c.seq, bindparam("new_at_ms"), bindparam("new_reason")).where(
    events.c.event_id == bindparam("wanted_id")
)
_NOTE = Statement(
    lambda insert: insert(removed_media).from_select(["seq", "at_ms", "reason"], _OF_EVENT).on_conflict_do_nothing()
)
_FOUND = (
    select(removed_media.c.at_ms, removed_media.c.reason)
    .select_from(removed_media.join(events))
    .where(events.c.event_id == bindparam("wanted_id"))
)
_FACTS = (
    select(
        events.c.event_id,
        events.c.ts_ms,
        events.c.received_at_ms,
        enrichments.c.status.in_([MmStatus.PENDING.value, MmStatus.PROCESSING.value]).label("is_waiting"),
        select(reviews.c.agree != Agree.WITHDRAWN.value)
        .where(reviews.c.id == LATEST_REVIEW_ID)
        .scalar_subquery()
        .label("is_reviewed"),
    )
    .select_from(events.outerjoin(enrichments))
    .where(events.c.event_id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Removed:
    """When an event's media were removed (aware, UTC), and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class RetentionFacts:
    """The facts that speak for keeping an event's media: its time, and whether model or people have to do with it."""

    event_id: UUID
    ts: datetime
    received_at: datetime
    is_waiting: bool
    is_reviewed: bool


class RemovedMedia:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def facts(self, event_ids: Sequence[UUID]) -> list[RetentionFacts]:
        """The facts that speak for keeping the media of those of `event_ids` that are stored."""
        found: list[Row[*tuple[Any, ...]]] = []
        for start in range(0, len(event_ids), _IDS_A_QUERY):
            ids = [str(event_id) for event_id in event_ids[start : start + _IDS_A_QUERY]]
            with self._database.read() as connection:
                found += connection.execute(_FACTS, {"ids": ids}).all()
        return [
            RetentionFacts(
                UUID(row.event_id),
                from_ms(row.ts_ms),
                from_ms(row.received_at_ms),
                bool(row.is_waiting),
                bool(row.is_reviewed),
            )
            for row in found
        ]

    def note(self, removals: Sequence[tuple[UUID, str]]) -> None:
        """Write down that the media of these events go, and why; what was written down before stands."""
        now_ms = to_ms(self._clock.now())
        with self._database.write() as transaction:
            for event_id, reason in removals:
                _NOTE.run(transaction, {"wanted_id": str(event_id), "new_at_ms": now_ms, "new_reason": reason})

    def find(self, event_id: UUID) -> Removed | None:
        """When and why the event's media were removed; None when they were not."""
        with self._database.read() as connection:
            row = connection.execute(_FOUND, {"wanted_id": str(event_id)}).first()
        return None if row is None else Removed(from_ms(row.at_ms), row.reason)
