"""A stored event as it comes out of the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, FromClause, Row, Select, Table, exists, select

from backend_api.base.instants import from_ms
from backend_api.contract.events import Event
from backend_api.contract.verdicts import Agree, Enrichment, MmStatus, StoredReview
from backend_api.store.tables import (
    LATEST_REVIEW_ID,
    NEWEST_RESULT_ID,
    enrichments,
    events,
    hidden_events,
    results,
    reviews,
)
from backend_api.store.verdict_history import to_result


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
    review: StoredReview | None = None

    @property
    def event(self) -> Event:
        """The event itself, read from `body`."""
        return Event.model_validate_json(self.body)


_REVIEW_COLUMNS = ("at_ms", "who", "agree", "note", "model", "prompt_version", "verdict")


def select_rows(key: Table, *more: Column[Any]) -> Select[*tuple[Any, ...]]:
    """A query for what `to_row` reads, and `more`.

    `key`, events or enrichments, is the table whose order and index are used. The last two columns are the row's place
    in every list: `ts_ms`, `seq`.
    """
    source = events.outerjoin(enrichments) if key is events else enrichments.join(events)
    return select(*ROW_COLUMNS, *more, key.c.ts_ms.label("ts_ms"), key.c.seq.label("seq")).select_from(
        with_said(source)
    )


ROW_COLUMNS = (
    *events.c["event_id", "body", "clip_sha256", "received_at_ms"],
    *enrichments.c["status", "attempts", "error"],
    results.c.result,
    *(reviews.c[name].label(f"review_{name}") for name in _REVIEW_COLUMNS),
)


# Hidden events are in no list.
IS_VISIBLE = ~exists().where(hidden_events.c.seq == events.c.seq)


def with_said(source: FromClause) -> FromClause:
    """`source`, which has events and enrichments, with the newest result and the latest review of each."""
    return source.outerjoin(results, results.c.id == NEWEST_RESULT_ID).outerjoin(
        reviews, reviews.c.id == LATEST_REVIEW_ID
    )


def to_row(row: Row[*tuple[Any, ...]]) -> EventRow:
    """The value of one row that has ROW_COLUMNS."""
    mm = None
    if row.status is not None:
        mm = Enrichment(
            status=MmStatus(row.status),
            attempts=row.attempts,
            error=row.error,
            result=None if row.result is None else to_result(row.result, getattr(row, "raw", None)),
        )
    event_id = UUID(row.event_id)
    return EventRow(event_id, row.body, row.clip_sha256, from_ms(row.received_at_ms), mm, _review(event_id, row))


def _review(event_id: UUID, row: Row[*tuple[Any, ...]]) -> StoredReview | None:
    if row.review_agree is None or row.review_agree == Agree.WITHDRAWN:
        return None
    return StoredReview(
        event_id=event_id,
        at=from_ms(row.review_at_ms),
        who=row.review_who,
        agree=row.review_agree,
        note=row.review_note,
        model=row.review_model,
        prompt_version=row.review_prompt_version,
        verdict=row.review_verdict,
    )
