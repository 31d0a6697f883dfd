"""Sessions, page by page: what became of each use of a machine, by the time at which it began."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Column, Connection, Row, Select, select

from backend_api import cursor as cursors
from backend_api.contract import EndReason
from backend_api.contract_sessions import Session, SessionPage
from backend_api.contract_types import DEFAULT_PAGE_ITEMS, MAX_PAGE_ITEMS, Name, Timestamp, Value
from backend_api.contract_verdicts import MmStatus, Verdict
from backend_api.derived_tables import sessions
from backend_api.instants import from_ms
from backend_api.keyset import Order, also, between, filter_values, is_anywhere, ordered
from backend_api.tables import enrichments, events

# Narrowest first, as a rule.
_FILTERS = (sessions.c.machine_id, sessions.c.verdict, sessions.c.camera_id, sessions.c.store_id)


class SessionQuery(Value):
    """Which sessions, in which order, how many, and after which; filters that are left out let everything through."""

    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None
    verdict: Verdict | None = Field(default=None, description="Only sessions whose cleaning attempt got this verdict.")
    since: Timestamp | None = Field(
        default=None, description="Only sessions that began at this instant or later: RFC 3339 with a zone."
    )
    until: Timestamp | None = Field(default=None, description="Only sessions that began before this instant.")
    order: Order = Order.DESC
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS, description="Sessions a page.")] = DEFAULT_PAGE_ITEMS
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before; keep the filters the same.")

    @property
    def scope(self) -> str:
        """What a cursor is bound to: everything but the size of a page and the cursor itself."""
        return "sessions" + self.model_dump_json(exclude={"limit", "cursor"})


def select_sessions() -> Select[*tuple[Any, ...]]:
    """A query for what `to_session` reads."""
    source = sessions.outerjoin(events, events.c.seq == sessions.c.attempt_seq).outerjoin(
        enrichments, enrichments.c.seq == sessions.c.attempt_seq
    )
    return select(sessions, events.c.event_id.label("attempt_id"), enrichments.c.status).select_from(source)


def to_session(row: Row[*tuple[Any, ...]]) -> Session:
    """The value of one row of `select_sessions`."""
    return Session(
        session_id=UUID(row.session_id),
        store_id=row.store_id,
        camera_id=row.camera_id,
        machine_id=row.machine_id,
        started_at=_instant(row.started_ms),
        ended_at=_instant(row.ended_ms),
        occupied_s=_length_s(row.started_ms, row.ended_ms),
        end_reason=row.end_reason and EndReason(row.end_reason),
        window_opened_at=_instant(row.opened_ms),
        window_closes_at=_instant(row.closes_ms),
        attempt_event_id=row.attempt_id and UUID(row.attempt_id),
        attempt_at=_instant(row.attempt_ms),
        verdict=row.verdict and Verdict(row.verdict),
        mm_status=row.status and MmStatus(row.status),
    )


def read_sessions(connection: Connection, query: SessionQuery) -> SessionPage:
    """The page that `query` asks for. Raises BadCursor when its cursor is none of this list's."""
    after = None if query.cursor is None else cursors.decode(query.cursor, query.scope)
    if not all(is_anywhere(connection, column, values) for column, values in _wanted(query)[1:]):
        return SessionPage(items=[], next_cursor=None)
    found = connection.execute(_statement(query, after)).all()
    items = [to_session(row) for row in found[: query.limit]]
    if len(found) <= query.limit:
        return SessionPage(items=items, next_cursor=None)
    last = found[query.limit - 1]
    return SessionPage(items=items, next_cursor=cursors.encode(cursors.Position(last.ts_ms, last.seq), query.scope))


def _wanted(query: SessionQuery) -> list[tuple[Column[str], list[str]]]:
    return [(column, values) for column in _FILTERS if (values := filter_values(query, column.key))]


def _statement(query: SessionQuery, after: cursors.Position | None) -> Select[*tuple[Any, ...]]:
    wanted = _wanted(query)
    statement = select_sessions().where(*between(query, after, sessions))
    if wanted:
        narrowest, [value] = wanted[0]
        statement = statement.where(narrowest == value)
    for column, values in wanted[1:]:
        statement = statement.where(also(column, values))
    # One more than is shown tells whether there is a next page.
    return statement.order_by(*ordered(query, sessions.c.ts_ms, sessions.c.seq)).limit(query.limit + 1)


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def _length_s(begin_ms: int | None, end_ms: int | None) -> float | None:
    if begin_ms is None or end_ms is None:
        return None
    # An END from before its START is somebody's mistake, and nobody's negative time.
    return max(0, end_ms - begin_ms) / 1000
