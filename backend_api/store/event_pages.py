"""Lists of events, page by page: no event is skipped or repeated while others arrive.

Pages continue after the last event's (ts_ms, seq) rather than after a count ("keyset paging"), so the last page of a
million events costs as much as the first. SQLite's planner does not know how rare a value is; so of several filters
the narrowest keeps its index, and the others are hidden from the planner. Narrowest is the rarest of those that few
events have, else the store where it is one of many, else the one that is so as a rule.

Machines are called alike in every gym of a chain, so their index begins with the store. Where none is asked for, the
stores that have such a machine are looked up; where these are many, events of the machine are found by the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, func, select

from backend_api.contract.queries import EventQuery
from backend_api.store.db.paging import (
    Position,
    also,
    between,
    count_few,
    decode_cursor,
    encode_cursor,
    filter_values,
    first_rows,
    is_one_of_many,
)
from backend_api.store.db.tables import enrichments, events
from backend_api.store.event_rows import IS_VISIBLE, EventRow, select_rows, to_row

_Filters = dict[Column[str], list[str]]
"""The values of each column that are let through."""

# So many walks are merged at most.
_MOST_STORES = 20
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
    filters = {column: values for name, column in _FILTERS if (values := filter_values(query, name))}
    ways = list(_ways(connection, filters))
    if not all(values for way in ways for values in way.values()):
        return Page([], None)
    if len(filters) > 1:
        counts = [count_few(connection, *(column.in_(values) for column, values in way.items())) for way in ways]
        if not all(counts):
            return Page([], None)
        is_chain = is_one_of_many(connection, filters.get(events.c.store_id, []))
        ranks = [(count, not (is_chain and events.c.store_id in way)) for count, way in zip(counts, ways, strict=True)]
        ways = [way for _, way in sorted(zip(ranks, ways, strict=True), key=itemgetter(0))]
    way = ways[0] if ways else {}
    # One more than is shown tells whether there is a next page.
    walks = _walks(query, filters, way, after)
    found = connection.execute(first_rows(connection.dialect.name, walks, query, query.limit + 1)).all()
    rows = [to_row(row) for row in found[: query.limit]]
    if len(found) <= query.limit:
        return Page(rows, None)
    ts_ms, seq = found[query.limit - 1][-2:]
    return Page(rows, encode_cursor(Position(ts_ms, seq), query.scope))


def _ways(connection: Connection, filters: _Filters) -> Iterator[_Filters]:
    """Of each of `filters`, those that begin its index."""
    for column, values in filters.items():
        if column is not events.c.machine_id:
            yield {column: values}
            continue
        stores = filters.get(events.c.store_id) or _stores_with(connection, values)
        if len(stores) <= _MOST_STORES:
            yield {events.c.store_id: stores, column: values}


def _stores_with(connection: Connection, machine_ids: list[str]) -> list[str]:
    """The stores that have events of such a machine, but no more than one too many: a step along the index for each."""
    store_id = events.c.store_id
    first = select(func.min(store_id).label("store_id")).cte(recursive=True)
    following = select(func.min(store_id)).where(store_id > first.c.store_id).scalar_subquery()
    stores = first.union_all(select(following).where(first.c.store_id.is_not(None))).c.store_id
    here = select(events.c.seq).where(store_id == stores, events.c.machine_id.in_(machine_ids)).limit(1)
    found = select(stores).where(here.scalar_subquery().is_not(None)).limit(_MOST_STORES + 1)
    return list(connection.execute(found).scalars())


def _walks(
    query: EventQuery, filters: _Filters, way: _Filters, after: Position | None
) -> list[Select[*tuple[Any, ...]]]:
    """A select for each place in the index that `way` begins: each gives its events in order."""
    key: Table = next((column.table for column in way), events)
    conditions = [also(column, values) for column, values in filters.items() if column not in way]
    conditions += [*between(query, after, key), IS_VISIBLE]
    return [
        select_rows(key).where(*(column == value for column, value in zip(way, values, strict=True)), *conditions)
        for values in product(*way.values())
    ]
