"""Lists of events, page by page: no event is skipped or repeated while others arrive.

Pages continue after the last event's (ts_ms, seq) rather than after a count ("keyset paging"), so the last page of a
million events costs as much as the first. SQLite's planner does not know how rare a value is; so of several filters
the narrowest keeps its index, and the others are hidden from the planner. Narrowest is the rarest of those that few
events have, else the store where it is one of many, else the one that is so as a rule.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, CompoundSelect, Connection, Select, union_all

from backend_api.contract.queries import EventQuery
from backend_api.store.db.paging import (
    Position,
    also,
    between,
    count_few,
    decode_cursor,
    encode_cursor,
    filter_values,
    is_one_of_many,
    ordered,
)
from backend_api.store.db.tables import enrichments, events
from backend_api.store.event_rows import IS_VISIBLE, EventRow, select_rows, to_row

_Statement = CompoundSelect[*tuple[Any, ...]] | Select[*tuple[Any, ...]]

_Filter = tuple[Column[str], list[str]]

# Narrowest first, as a rule.
_FILTERS = (
    ("session_id", events.c.session_id),
    ("machine_id", events.c.machine_id),
    ("verdict", enrichments.c.verdict),
    ("mm_status", enrichments.c.status),
    ("camera_id", events.c.camera_id),
    ("event_type", events.c.event_type),
    ("store_id", events.c.store_id),
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows; `next_cursor` is None when it is the last one."""

    rows: list[EventRow]
    next_cursor: str | None


def read_page(connection: Connection, query: EventQuery) -> Page:
    """The page that `query` asks for. Raises BadCursor when its cursor is none of this list's."""
    after = None if query.cursor is None else decode_cursor(query.cursor, query.scope)
    wanted = _wanted(query)
    if len(wanted) > 1:
        counts = {column: count_few(connection, column, values) for column, values in wanted}
        if not all(counts.values()):
            return Page([], None)
        is_chain = is_one_of_many(connection, filter_values(query, "store_id"))
        wanted.sort(key=lambda filtered: (counts[filtered[0]], not (is_chain and filtered[0] is events.c.store_id)))
    found = connection.execute(_statement(query, wanted, after)).all()
    rows = [to_row(row) for row in found[: query.limit]]
    if len(found) <= query.limit:
        return Page(rows, None)
    ts_ms, seq = found[query.limit - 1][-2:]
    return Page(rows, encode_cursor(Position(ts_ms, seq), query.scope))


def _wanted(query: EventQuery) -> list[_Filter]:
    return [(column, values) for name, column in _FILTERS if (values := filter_values(query, name))]


def _statement(query: EventQuery, wanted: list[_Filter], after: Position | None) -> _Statement:
    # One select a value of the narrowest filter: each gives its events in order, and the database merges them.
    narrowest, values = wanted[0] if wanted else (events.c.seq, [])
    key = narrowest.table
    conditions = [also(column, others) for column, others in wanted[1:]]
    conditions += [*between(query, after, key), IS_VISIBLE]
    parts = [select_rows(key).where(narrowest == value, *conditions) for value in values]
    if len(parts) > 1:
        statement: _Statement = union_all(*parts)
        ts_ms, seq = statement.selected_columns.ts_ms, statement.selected_columns.seq
    else:
        statement = parts[0] if parts else select_rows(key).where(*conditions)
        ts_ms, seq = key.c.ts_ms, key.c.seq
    # One more than is shown tells whether there is a next page.
    return statement.order_by(*ordered(query, ts_ms, seq)).limit(query.limit + 1)
