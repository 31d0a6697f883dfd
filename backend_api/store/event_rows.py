"""A stored event as it comes out of the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, FromClause, Row, Select, Table, exists, select

from backend_api.base.instants import from_ms
from backend_api.contract.corrections import StoredCorrection, UseTruth
from backend_api.contract.events import Event
from backend_api.contract.verdicts import Agree, Enrichment, MmStatus, StoredReview
from backend_api.store.sessions import LATEST_REVIEW_ID, NEWEST_RESULT_ID
from backend_api.store.tables import (
    corrections,
    enrichments,
    events,
    hidden_events,
    results,
    reviews,
    sessions,
)
from backend_api.store.use_corrections import LATEST_CORRECTION_ID
from backend_api.store.uses.session_row import NO_USE
from backend_api.store.verdict_history import to_result


@dataclass(frozen=True, slots=True)
class EventRow:
    """A stored event: `body` is its canonical JSON, `clip_sha256` null without a clip, `mm` null without needs_mm.

    `review` is what somebody thought of a verdict last, `correction` what somebody said last of the use.
    """

    event_id: UUID
    body: str
    clip_sha256: str | None
    received_at: datetime
    mm: Enrichment | None
    review: StoredReview | None = None
    correction: StoredCorrection | None = None

    @property
    def event(self) -> Event:
        """The event itself, read from `body`."""
        return Event.model_validate_json(self.body)


_REVIEW_COLUMNS = ("at_ms", "who", "agree", "note", "model", "prompt_version", "verdict")
_CORRECTION_COLUMNS = ("session_id", "at_ms", "who", "truth", "note")


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
    *(corrections.c[name].label(f"correction_{name}") for name in _CORRECTION_COLUMNS),
)


# Hidden events are in no list.
IS_VISIBLE = ~exists().where(hidden_events.c.seq == events.c.seq)
_of_no_use = events.alias("of_no_use")
_OF_NO_USE = (
    select(_of_no_use.c.seq)
    .join_from(sessions, _of_no_use, _of_no_use.c.session_id == sessions.c.session_id)
    .where(sessions.c.outcome_key == NO_USE)
)


def is_of_a_use(seq: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the event with this number counts: those of a use that was none, as people say, do nowhere."""
    return seq.not_in(_OF_NO_USE)


def with_said(source: FromClause) -> FromClause:
    """`source`, which has events and enrichments, with the newest result and what people said last of each."""
    return (
        source.outerjoin(results, results.c.id == NEWEST_RESULT_ID)
        .outerjoin(reviews, reviews.c.id == LATEST_REVIEW_ID)
        .outerjoin(corrections, corrections.c.id == LATEST_CORRECTION_ID)
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
    received_at = from_ms(row.received_at_ms)
    return EventRow(event_id, row.body, row.clip_sha256, received_at, mm, _review(event_id, row), _correction(row))


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


def _correction(row: Row[*tuple[Any, ...]]) -> StoredCorrection | None:
    if row.correction_truth is None or row.correction_truth == UseTruth.WITHDRAWN:
        return None
    return StoredCorrection(
        session_id=UUID(row.correction_session_id),
        at=from_ms(row.correction_at_ms),
        who=row.correction_who,
        truth=UseTruth(row.correction_truth),
        note=row.correction_note,
    )
