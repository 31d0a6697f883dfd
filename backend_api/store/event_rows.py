"""A stored event as it comes out of the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Table, select

from backend_api.base.instants import from_ms
from backend_api.contract.events import Event
from backend_api.contract.verdicts import Enrichment, MmResult, MmStatus
from backend_api.store.tables import enrichments, events
from backend_api.store.verdict_history import LATEST_REVIEW, Review, parse_review


@dataclass(frozen=True, slots=True)
class EventRow:
    """A stored event: `body` is its canonical JSON, `clip_sha256` null without a clip, `mm` null without needs_mm.

    `review` is what somebody thought of a verdict last.
    """

    event_id: UUID
    body: str
    clip_sha256: str | None
    received_at: datetime
    mm: Enrichment | None
    review: Review | None = None

    @property
    def event(self) -> Event:
        """The event itself, read from `body`."""
        return Event.model_validate_json(self.body)


def select_rows(key: Table) -> Select[*tuple[Any, ...]]:
    """A query for what `to_row` reads; `key`, events or enrichments, is the table whose order and index are used.

    The last two columns are the row's place in every list: `ts_ms`, `seq`.
    """
    source = events.outerjoin(enrichments) if key is events else enrichments.join(events)
    return select(
        events.c.event_id,
        events.c.body,
        events.c.clip_sha256,
        events.c.received_at_ms,
        enrichments.c.status,
        enrichments.c.attempts,
        enrichments.c.error,
        enrichments.c.result,
        LATEST_REVIEW,
        key.c.ts_ms.label("ts_ms"),
        key.c.seq.label("seq"),
    ).select_from(source)


def to_row(row: Row[*tuple[Any, ...]]) -> EventRow:
    """The value of one row of `select_rows`."""
    event_id, body, clip_sha256, received_at_ms, status, attempts, error, result = row[:8]
    mm = None
    if status is not None:
        mm = Enrichment(
            status=MmStatus(status),
            attempts=attempts,
            error=error,
            result=None if result is None else MmResult.model_validate_json(result),
        )
    review = None if row.review is None else parse_review(UUID(event_id), row.review)
    return EventRow(UUID(event_id), body, clip_sha256, from_ms(received_at_ms), mm, review)
