"""Sessions, page by page: each use of a machine with its outcome, by the time at which it began.

Every filter walks an index that is in the order of the list (see event_pages.py); outcomes walk one each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Row, Select, and_, bindparam, false, func, or_, select

from backend_api.base.instants import from_ms
from backend_api.contract.corrections import UseTruth
from backend_api.contract.events import EndReason
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import GOING_ON, JUDGED, Cleaned, Session, SessionOutcome, SessionPage
from backend_api.contract.sources import EventSource
from backend_api.contract.verdicts import MmStatus, Verdict
from backend_api.reports.outcomes import ONLY_OF_THE_LAST, OUTCOME, TIMED, outcome_key_of
from backend_api.store.db.paging import (
    FEW,
    Position,
    also,
    between,
    count_few,
    decode_cursor,
    encode_cursor,
    filter_values,
    first_rows,
    is_anywhere,
    is_one_of_many,
    ordered,
)
from backend_api.store.db.tables import enrichments, events, machines, sessions, sources
from backend_api.store.uses.end_questions import JUDGED_FROM_MS

# Where the picture of an event is answered; None while there is none.
PictureUrl = Callable[[UUID], str | None]
# The rows that `to_session` reads; outcomes as they are at the parameter `now_ms`, milliseconds since 1970.
_attempt, _end = events.alias("attempt"), events.alias("end_of_use")
# Whether the end of the use is still to be judged, or an attempt may still be on its way.
_AWAITS_MORE = or_(sessions.c.end_due_ms >= JUDGED_FROM_MS, sessions.c.end_due_ms > bindparam("now_ms"))
_AT_MACHINE = ("store_id", "camera_id", "machine_id")
SELECT_SESSIONS = (
    select(
        sessions,
        _attempt.c.event_id.label("attempt_id"),
        _end.c.event_id.label("end_id"),
        enrichments.c.status,
        OUTCOME.label("outcome"),
        machines.c.name.label("machine_name"),
        sources.c.body.label("source"),
        func.coalesce(_AWAITS_MORE, false()).label("awaits_more"),
    )
    .select_from(sessions)
    .outerjoin(_attempt, _attempt.c.seq == sessions.c.attempt_seq)
    .outerjoin(_end, _end.c.seq == sessions.c.end_seq)
    .outerjoin(enrichments, enrichments.c.seq == sessions.c.judged_seq)
    .outerjoin(machines, and_(*(machines.c[name] == sessions.c[name] for name in _AT_MACHINE)))
    .outerjoin(sources, sources.c.source_key == sessions.c.source_key)
)
# Narrowest first, as a rule.
_PLACE = (sessions.c.machine_id, sessions.c.camera_id, sessions.c.store_id)
_Keys = Select[int, int]
_Place = list[tuple[Column[str], list[str]]]


@dataclass(frozen=True, slots=True)
class _Ways:
    """What leads to sessions: filters by `place`, the narrowest first, and whether outcomes are rarer than these."""

    place: _Place
    is_by_outcome: bool


def no_picture(_event_id: UUID) -> None:
    """For those who look at no pictures."""


def read_sessions(
    connection: Connection, query: SessionQuery, now_ms: int, picture_url: PictureUrl = no_picture
) -> SessionPage:
    """The page that `query` asks for. Raises BadCursor when its cursor is none of this list's."""
    after = None if query.cursor is None else decode_cursor(query.cursor, query.scope)
    is_chain = is_one_of_many(connection, filter_values(query, "store_id"))
    place = sorted(_place(query), key=lambda wanted: not (is_chain and wanted[0] is sessions.c.store_id))
    parts = list(_parts(query, after, _Ways(place, _is_rare(connection, query))))
    if not parts or not all(is_anywhere(connection, column, values) for column, values in place):
        return SessionPage(items=[], next_cursor=None)
    # One more than is shown tells whether there is a next page.
    page = first_rows(connection.dialect.name, parts, query, query.limit + 1).subquery()
    statement = SELECT_SESSIONS.join(page, page.c.seq == sessions.c.seq)
    statement = statement.order_by(*ordered(query, page.c.ts_ms, page.c.seq))
    found = connection.execute(statement, {"now_ms": now_ms}).all()
    items = [to_session(row, picture_url) for row in found[: query.limit]]
    if len(found) <= query.limit:
        return SessionPage(items=items, next_cursor=None)
    last = found[query.limit - 1]
    return SessionPage(items=items, next_cursor=encode_cursor(Position(last.ts_ms, last.seq), query.scope))


def _place(query: SessionQuery) -> _Place:
    return [(column, values) for column in _PLACE if (values := filter_values(query, column.key))]


def _is_rare(connection: Connection, query: SessionQuery) -> bool:
    """Whether so few sessions have one of the outcomes, or have been reviewed, that they are looked for among those.

    As a rule, a machine has fewer sessions than an outcome, and more than people have reviewed.
    """
    wanted = [outcome_key_of(outcome) for outcome in query.outcomes - ONLY_OF_THE_LAST]
    return (
        query.machine_id is None
        or bool(query.reviewed)
        or count_few(connection, sessions.c.outcome_key.in_(wanted)) < FEW
    )


def _parts(query: SessionQuery, after: Position | None, ways: _Ways) -> Iterator[_Keys]:
    """Queries that have no row in common; each walks one index in the list's order, and the database merges them."""
    keys = select(sessions.c.ts_ms, sessions.c.seq).where(*between(query, after, sessions))
    outcomes = query.outcomes
    if query.session_id:
        yield _by_id(query, keys)
        return
    if outcomes == frozenset(SessionOutcome) and query.reviewed is None:
        yield _by_place(ways.place, keys)
        return
    flags = [False, True] if query.reviewed is None else [query.reviewed]
    if of_last := sorted(outcomes & ONLY_OF_THE_LAST):
        here = [machines.c[column.key].in_(values) for column, values in _place(query)]
        keys_of_last = keys.join_from(machines, sessions, sessions.c.seq == machines.c.last_seq)
        yield keys_of_last.where(OUTCOME.in_(of_last), sessions.c.is_reviewed.in_(flags), *here)
    others = sorted(outcomes - ONLY_OF_THE_LAST)
    if ways.is_by_outcome:
        yield from _by_outcome_key(query, keys, others)
    elif others:
        yield _by_place(ways.place, keys.where(OUTCOME.in_(others), sessions.c.is_reviewed.in_(flags)))


def _by_id(query: SessionQuery, keys: _Keys) -> _Keys:
    here = [also(column, values) for column, values in _place(query)]
    keys = keys.where(sessions.c.session_id.in_(filter_values(query, "session_id")), *here)
    keys = keys.where(OUTCOME.in_(sorted(query.outcomes)))
    return keys if query.reviewed is None else keys.where(sessions.c.is_reviewed == query.reviewed)


def _by_place(place: _Place, keys: _Keys) -> _Keys:
    (narrowest, values), *others = place or [(sessions.c.seq, [])]
    keys = keys.where(*(narrowest == value for value in values))
    return keys.where(*(also(column, values) for column, values in others))


def _by_outcome_key(query: SessionQuery, keys: _Keys, outcomes: list[SessionOutcome]) -> Iterator[_Keys]:
    # The store has an index of its outcomes.
    keys = keys.where(
        *(
            column == values[0] if column is sessions.c.store_id else also(column, values)
            for column, values in _place(query)
        )
    )
    for outcome in outcomes:
        part = keys.where(sessions.c.outcome_key == outcome_key_of(outcome))
        if outcome in TIMED:
            part = part.where(OUTCOME.in_([outcome.value]))
        for flag in (False, True):
            if query.reviewed in (None, flag) and (outcome in JUDGED or not flag):
                yield part.where(sessions.c.is_reviewed == flag)


def to_session(row: Row[*tuple[Any, ...]], picture_url: PictureUrl) -> Session:
    """The value of one row of SELECT_SESSIONS."""
    session_id, attempt_id, end_id = (value and UUID(value) for value in (row.session_id, row.attempt_id, row.end_id))
    is_by_end = row.judged_seq is not None and row.judged_seq == row.end_seq
    outcome, verdict = SessionOutcome(row.outcome), row.end_verdict if is_by_end else row.verdict
    return Session(
        session_id=session_id,
        store_id=row.store_id,
        camera_id=row.camera_id,
        machine_id=row.machine_id,
        machine_name=row.machine_name or row.machine_id,
        outcome=outcome,
        is_final=outcome not in GOING_ON and not row.awaits_more,
        cleaned=_cleaned(outcome, is_by_end=is_by_end),
        started_at=_instant(row.started_ms),
        ended_at=_instant(row.ended_ms),
        occupied_s=_length_s(row.started_ms, row.ended_ms),
        end_reason=row.end_reason and EndReason(row.end_reason),
        window_opened_at=_instant(row.opened_ms),
        window_closes_at=_instant(row.closes_ms),
        attempt_event_id=attempt_id,
        attempt_at=_instant(row.attempt_ms),
        end_event_id=end_id,
        judged_event_id=end_id if is_by_end else attempt_id,
        verdict=verdict and Verdict(verdict),
        mm_status=row.status and MmStatus(row.status),
        review=row.review,
        correction=row.correction and UseTruth(row.correction),
        source=None if row.source is None else EventSource.model_validate_json(row.source),
        thumbnail_url=(attempt_id and picture_url(attempt_id)) or picture_url(session_id),
    )


def _cleaned(outcome: SessionOutcome, *, is_by_end: bool) -> Cleaned | None:
    if outcome is not SessionOutcome.CLEANED:
        return None
    return Cleaned.BEFORE_LEAVING if is_by_end else Cleaned.IN_WINDOW


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def _length_s(begin_ms: int | None, end_ms: int | None) -> float | None:
    if begin_ms is None or end_ms is None:
        return None
    # An END from before its START is somebody's mistake, and nobody's negative time.
    return max(0, end_ms - begin_ms) / 1000
