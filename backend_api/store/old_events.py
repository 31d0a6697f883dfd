"""Old events: they go with all that was said of them, a whole session at a time, and the session stays for the figures.

Invariant: no figure changes. A session's row holds all that figures need, so it is marked and kept, and never made anew
from events that are gone. A session goes when the youngest of its events is too old, and no model is asked about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Table, and_, bindparam, delete, exists, func, or_, select, tuple_, update

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.bounds import MAX_AHEAD
from backend_api.contract.verdicts import MmStatus
from backend_api.store.database import Database
from backend_api.store.statements import Statement, Transaction
from backend_api.store.tables import (
    changes,
    drawn_verdicts,
    enrichments,
    events,
    hidden_events,
    model_calls,
    removed_media,
    results,
    reviews,
    sessions,
)

# So many sessions are removed in one transaction: others wait meanwhile.
SESSIONS_A_WRITE = 200
_ROWS_A_WRITE = 5_000
# What hangs on an event, in the order in which it goes.
_HANGS_ON = (drawn_verdicts, reviews, results, enrichments, removed_media, hidden_events)


@dataclass(frozen=True, slots=True)
class OldEvents:
    """A removal to come: so many `events` of `sessions`, which began from `first` to `last`, out of `total` events."""

    events: int
    sessions: int
    reviewed: int
    total: int
    size_bytes: int
    first: datetime | None
    last: datetime | None


_before_ms: Any = bindparam("before_ms")
_any, _asked = events.alias("any_event"), enrichments.alias("asked")
# The later of both, unless it happened long after it arrived: retention_policy.py counts the age of clips alike.
_IS_YOUNG: ColumnElement[bool] = or_(
    _any.c.received_at_ms >= _before_ms,
    and_(
        _any.c.ts_ms >= _before_ms,
        _any.c.ts_ms <= _any.c.received_at_ms + round(MAX_AHEAD.total_seconds() * 1000),
    ),
)
_IS_OLD = (
    sessions.c.ts_ms < _before_ms,
    sessions.c.events_removed_ms.is_(None),
    ~exists().where(_any.c.session_id == sessions.c.session_id, _IS_YOUNG),
    ~exists().where(
        _asked.c.seq.in_([sessions.c.attempt_seq, sessions.c.end_seq]),
        or_(_asked.c.status == MmStatus.PENDING.value, _asked.c.status == MmStatus.PROCESSING.value),
    ),
)
_NEXT = (
    select(sessions.c.seq, sessions.c.ts_ms, sessions.c.session_id)
    .where(*_IS_OLD, tuple_(sessions.c.ts_ms, sessions.c.seq) > tuple_(bindparam("after_ms"), bindparam("after_seq")))
    .order_by(sessions.c.ts_ms, sessions.c.seq)
    .limit(SESSIONS_A_WRITE)
)
_OLD_EVENTS = sessions.join(events, events.c.session_id == sessions.c.session_id)
_COUNT = (
    select(
        func.count(),
        func.count(sessions.c.seq.distinct()),
        func.coalesce(func.sum(func.length(events.c.body)), 0),
        func.min(sessions.c.ts_ms),
        func.max(sessions.c.ts_ms),
    )
    .select_from(_OLD_EVENTS)
    .where(*_IS_OLD)
)
_REVIEWED = (
    select(func.count(events.c.seq.distinct()))
    .select_from(_OLD_EVENTS.join(reviews, reviews.c.seq == events.c.seq))
    .where(*_IS_OLD)
)
_TOTAL = select(func.count()).select_from(events)
_OF_SESSION = Statement(select(events.c.seq, events.c.event_id).where(events.c.session_id == bindparam("of_session")))
_REMOVE = tuple(Statement(delete(table).where(table.c.seq == bindparam("of_seq"))) for table in (*_HANGS_ON, events))
_MARK = Statement(
    update(sessions)
    .where(sessions.c.session_id == bindparam("of_session"))
    # Nobody can be asked any more.
    .values(events_removed_ms=bindparam("now_ms"), end_due_ms=None)
)


def _left_behind(table: Table) -> Delete:
    """Rows of `table` about events that are gone, of those with ids from `low` to before `high`."""
    return delete(table).where(
        table.c.id >= bindparam("low"),
        table.c.id < bindparam("high"),
        table.c.seq.is_not(None),
        ~exists().where(events.c.seq == table.c.seq),
    )


_LEFT_BEHIND = {table: Statement(_left_behind(table)) for table in (changes, model_calls)}
# Cameras' changes have no time of their own: those before the oldest event's are as old, and each camera's last says
# what is known of it.
_later = changes.alias("later")
_OLD_STATES = Statement(
    delete(changes).where(
        changes.c.id >= bindparam("low"),
        changes.c.id < bindparam("high"),
        changes.c.camera_id.is_not(None),
        exists().where(
            _later.c.store_id == changes.c.store_id,
            _later.c.camera_id == changes.c.camera_id,
            _later.c.id > changes.c.id,
        ),
    )
)
_OLDEST_EVENT = select(func.min(changes.c.id)).where(changes.c.seq.is_not(None))


class EventRemoval:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, before: datetime) -> OldEvents:
        """The removal that `remove` would make; looks at every session that began before `before` (aware)."""
        with self._database.snapshot() as connection:
            of_before = {"before_ms": to_ms(before)}
            number, of_sessions, size_bytes, first_ms, last_ms = connection.execute(_COUNT, of_before).one()
            reviewed = connection.execute(_REVIEWED, of_before).scalar_one()
            total = connection.execute(_TOTAL).scalar_one()
        return OldEvents(
            events=number,
            sessions=of_sessions,
            reviewed=reviewed,
            total=total,
            size_bytes=size_bytes,
            first=None if first_ms is None else from_ms(first_ms),
            last=None if last_ms is None else from_ms(last_ms),
        )

    def remove(self, before: datetime, now: datetime) -> list[UUID]:
        """Remove the events of sessions that ended before `before`; which ones. Both are aware.

        Each SESSIONS_A_WRITE sessions are a transaction. What they leave behind in the log and among the model's calls
        goes last; after a crash in between, the next removal takes it.
        """
        removed: list[UUID] = []
        after = (-(2**63), 0)
        while True:
            with self._database.read() as connection:
                parameters = {"before_ms": to_ms(before), "after_ms": after[0], "after_seq": after[1]}
                rows = connection.execute(_NEXT, parameters).all()
            if not rows:
                break
            after = (rows[-1].ts_ms, rows[-1].seq)
            with self._database.write(checks_references=False) as transaction:
                for row in rows:
                    removed += _remove(transaction, row.session_id, to_ms(now))
        for table, statement in _LEFT_BEHIND.items():
            self._remove_left_behind(table, statement)
        with self._database.read() as connection:
            oldest = connection.execute(_OLDEST_EVENT).scalar()
        self._remove_left_behind(changes, _OLD_STATES, before=oldest or 0)
        return removed

    def _remove_left_behind(self, table: Table, statement: Statement, before: int | None = None) -> None:
        """Run `statement` on all rows of `table`, or on those with ids before `before`, some at a time."""
        with self._database.read() as connection:
            low, high = connection.execute(select(func.min(table.c.id), func.max(table.c.id))).one()
        end = (high or -1) + 1 if before is None else before
        for begin in range(low or 0, end, _ROWS_A_WRITE):
            with self._database.write() as transaction:
                statement.run(transaction, {"low": begin, "high": min(begin + _ROWS_A_WRITE, end)})


def _remove(transaction: Transaction, session_id: str, now_ms: int) -> Sequence[UUID]:
    rows = _OF_SESSION.run(transaction, {"of_session": session_id}).fetchall()
    for seq, _ in rows:
        for statement in _REMOVE:
            statement.run(transaction, {"of_seq": seq})
    _MARK.run(transaction, {"of_session": session_id, "now_ms": now_ms})
    return [UUID(event_id) for _, event_id in rows]
