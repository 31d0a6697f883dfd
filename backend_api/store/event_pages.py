"""Lists of events, page by page: no event is skipped or repeated while others arrive.

Pages continue after the last event's (ts_ms, seq) rather than after a count ("keyset paging"), so the last page of a
million events costs as much as the first. SQLite's planner does not know how rare a value is; so of several filters
the narrowest keeps its index, and the others are hidden from the planner. Narrowest is the rarest of those that few
events have, else the one that is so as a rule.
"""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Column, CompoundSelect, Connection, Select, union_all

from backend_api.contract.events import EventType
from backend_api.contract.values import DEFAULT_PAGE_ITEMS, MAX_PAGE_ITEMS, Name, Timestamp, Value
from backend_api.contract.verdicts import MmStatus, Verdict
from backend_api.store import cursor as cursors
from backend_api.store.event_rows import EventRow, select_rows, to_row
from backend_api.store.keyset import Order, also, between, count_few, filter_values, ordered
from backend_api.store.tables import enrichments, events

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


class EventFilters(Value):
    """Which events, in which order; filters that are left out let everything through."""

    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None
    session_id: UUID | None = Field(default=None, description="All events of one use of a machine.")
    event_type: list[EventType] = Field(default=[], description="May be given several times: any of these.")
    mm_status: MmStatus | None = Field(default=None, description="The state of the model's verdict.")
    verdict: Verdict | None = None
    since: Timestamp | None = Field(
        default=None, description="Only events at this instant or later: RFC 3339 with a zone; write + as %2B."
    )
    until: Timestamp | None = Field(default=None, description="Only events before this instant, like `since`.")
    order: Order = Order.DESC


class EventQuery(EventFilters):
    """Which events, in which order, how many, and after which."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS, description="Events a page.")] = DEFAULT_PAGE_ITEMS
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before; keep the filters the same.")

    @property
    def scope(self) -> str:
        """What a cursor is bound to: everything but the size of a page and the cursor itself."""
        return self.model_dump_json(exclude={"limit", "cursor"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows; `next_cursor` is None when it is the last one."""

    rows: list[EventRow]
    next_cursor: str | None


def read_page(connection: Connection, query: EventQuery) -> Page:
    """The page that `query` asks for. Raises BadCursor when its cursor is none of this list's."""
    after = None if query.cursor is None else cursors.decode(query.cursor, query.scope)
    wanted = _wanted(query)
    if len(wanted) > 1:
        counts = {column: count_few(connection, column, values) for column, values in wanted}
        if not all(counts.values()):
            return Page([], None)
        wanted.sort(key=lambda filtered: counts[filtered[0]])
    found = connection.execute(_statement(query, wanted, after)).all()
    rows = [to_row(row) for row in found[: query.limit]]
    if len(found) <= query.limit:
        return Page(rows, None)
    ts_ms, seq = found[query.limit - 1][-2:]
    return Page(rows, cursors.encode(cursors.Position(ts_ms, seq), query.scope))


def _wanted(query: EventQuery) -> list[_Filter]:
    return [(column, values) for name, column in _FILTERS if (values := filter_values(query, name))]


def _statement(query: EventQuery, wanted: list[_Filter], after: cursors.Position | None) -> _Statement:
    # One select a value of the narrowest filter: each gives its events in order, and the database merges them.
    narrowest, values = wanted[0] if wanted else (events.c.seq, [])
    key = narrowest.table
    conditions = [also(column, others) for column, others in wanted[1:]]
    conditions += between(query, after, key)
    parts = [select_rows(key).where(narrowest == value, *conditions) for value in values]
    if len(parts) > 1:
        statement: _Statement = union_all(*parts)
        ts_ms, seq = statement.selected_columns.ts_ms, statement.selected_columns.seq
    else:
        statement = parts[0] if parts else select_rows(key).where(*conditions)
        ts_ms, seq = key.c.ts_ms, key.c.seq
    # One more than is shown tells whether there is a next page.
    return statement.order_by(*ordered(query, ts_ms, seq)).limit(query.limit + 1)
