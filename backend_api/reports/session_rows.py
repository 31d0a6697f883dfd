"""A session as it comes out of the database, with what has become of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from backend_api.base.instants import from_ms
from backend_api.contract.events import EndReason
from backend_api.contract.sessions import Session, SessionOutcome
from backend_api.contract.verdicts import MmStatus, Verdict
from backend_api.reports.outcomes import OUTCOME
from backend_api.store.tables import enrichments, events, sessions

# Where the picture of an event is answered; None while there is none.
PictureUrl = Callable[[UUID], str | None]
# What people call a machine, by store, camera and machine_id.
MachineNames = Mapping[tuple[str, str, str], str]
# What `to_session` reads; outcomes as they are at the parameter `now_ms`, milliseconds since 1970.
SELECT_SESSIONS = (
    select(sessions, events.c.event_id.label("attempt_id"), enrichments.c.status, OUTCOME.label("outcome"))
    .select_from(sessions)
    .outerjoin(events, events.c.seq == sessions.c.attempt_seq)
    .outerjoin(enrichments, enrichments.c.seq == sessions.c.attempt_seq)
)


def no_picture(_event_id: UUID) -> None:
    """For those who look at no pictures."""


def to_session(row: Row[*tuple[Any, ...]], names: MachineNames, picture_url: PictureUrl) -> Session:
    """The value of one row of SELECT_SESSIONS."""
    session_id, attempt_id = UUID(row.session_id), row.attempt_id and UUID(row.attempt_id)
    return Session(
        session_id=session_id,
        store_id=row.store_id,
        camera_id=row.camera_id,
        machine_id=row.machine_id,
        machine_name=names.get((row.store_id, row.camera_id, row.machine_id), row.machine_id),
        outcome=SessionOutcome(row.outcome),
        started_at=_instant(row.started_ms),
        ended_at=_instant(row.ended_ms),
        occupied_s=_length_s(row.started_ms, row.ended_ms),
        end_reason=row.end_reason and EndReason(row.end_reason),
        window_opened_at=_instant(row.opened_ms),
        window_closes_at=_instant(row.closes_ms),
        attempt_event_id=attempt_id,
        attempt_at=_instant(row.attempt_ms),
        verdict=row.verdict and Verdict(row.verdict),
        mm_status=row.status and MmStatus(row.status),
        review=row.review,
        thumbnail_url=(attempt_id and picture_url(attempt_id)) or picture_url(session_id),
    )


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def _length_s(begin_ms: int | None, end_ms: int | None) -> float | None:
    if begin_ms is None or end_ms is None:
        return None
    # An END from before its START is somebody's mistake, and nobody's negative time.
    return max(0, end_ms - begin_ms) / 1000
