"""Whether every session has the events that belong to it.

A missing event may still wait in an edge's outbox. A camera's events arrive in order, so nothing more can come once its
machine has begun another session; short of that, only what has been waiting for long is wrong. Events are never made
up, so there is nothing that a repair could do.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, FromClause, bindparam, exists, func, or_, select

from backend_api.base.instants import from_ms
from backend_api.checks.finding import Finding, Kind
from backend_api.checks.sweep import AnyRow, AnySelect, in_window, sweep
from backend_api.contract.events import EndReason, EventType
from backend_api.contract.values import format_timestamp
from backend_api.store.db.database import Database
from backend_api.store.db.paging import Unindexed
from backend_api.store.db.tables import events, sessions
from backend_api.store.event_rows import IS_VISIBLE

# These end a session without somebody leaving, so that no cleaning window opens.
_NOBODY_LEFT = tuple(reason.value for reason in EndReason if reason is not EndReason.LEFT)


def check_sessions(database: Database, now_ms: int, session_age_s: float) -> Iterator[Finding]:
    """The sessions that lack an event for longer than `session_age_s`; `now_ms` is milliseconds since 1970."""
    waited_since_ms = now_ms - round(session_age_s * 1000)
    for kind, statement, text in _CHECKS:
        for row in sweep(database, statement, waited_since_ms=waited_since_ms):
            yield Finding(kind, row.event_id, f"{_describe(row)} {text}", _cure(row.camera_id))


def _describe(row: AnyRow) -> str:
    return f"{row.event_type} at {row.machine_id}, {format_timestamp(from_ms(row.ts_ms))},"


def _cure(camera_id: str) -> str:
    return (
        f"when the edge of {camera_id} is stopped start it again, otherwise look for the event in its outbox folder: "
        f"{camera_id}.rejected.jsonl, {camera_id}.damaged.jsonl"
    )


def _events_of(event_type: ColumnElement[bool]) -> AnySelect:
    columns = (events.c.event_id, events.c.event_type, events.c.machine_id, events.c.camera_id, events.c.ts_ms)
    return select(*columns).where(event_type, in_window(events.c.seq), IS_VISIBLE)


def _has_in_session(other_type: EventType) -> ColumnElement[bool]:
    other = events.alias()
    return exists().where(other.c.session_id == events.c.session_id, _type(other) == other_type.value)


def _has_start() -> ColumnElement[bool]:
    start = events.alias()
    is_start = _type(start) == EventType.MACHINE_OCCUPIED_START.value
    return exists().where(start.c.event_id == events.c.session_id, is_start)


def _is_over() -> ColumnElement[bool]:
    """Whether what is missing can no longer come, or should have long ago, by when its like arrived."""
    start = events.alias()
    began_another = exists().where(
        start.c.machine_id == events.c.machine_id,
        start.c.ts_ms > events.c.ts_ms,
        start.c.seq > events.c.seq,
        Unindexed(start.c.camera_id) == events.c.camera_id,
        Unindexed(start.c.store_id) == events.c.store_id,
        _type(start) == EventType.MACHINE_OCCUPIED_START.value,
    )
    return or_(events.c.received_at_ms <= bindparam("waited_since_ms"), began_another)


def _type(table: FromClause) -> ColumnElement[str]:
    return Unindexed(table.c.event_type)


_IS_START = _type(events) == EventType.MACHINE_OCCUPIED_START.value
_IS_END = _type(events) == EventType.MACHINE_OCCUPIED_END.value
_END_REASON = func.coalesce(
    select(sessions.c.end_reason).where(sessions.c.session_id == events.c.session_id).scalar_subquery(),
    EndReason.LEFT.value,
)

_CHECKS = (
    (
        Kind.UNENDED_SESSION,
        _events_of(_IS_START).where(~_has_in_session(EventType.MACHINE_OCCUPIED_END), _is_over()),
        "was never followed by its MACHINE_OCCUPIED_END",
    ),
    (
        Kind.WINDOWLESS_SESSION,
        _events_of(_IS_END).where(
            _END_REASON.not_in(_NOBODY_LEFT), ~_has_in_session(EventType.CLEANING_WINDOW_OPEN), _is_over()
        ),
        "somebody left, but no CLEANING_WINDOW_OPEN followed",
    ),
    (
        Kind.STARTLESS_SESSION,
        _events_of(~_IS_START).where(~_has_start()),
        "belongs to a session whose MACHINE_OCCUPIED_START is not stored",
    ),
)
