"""Whether events lie in times that can be, and which of them a person has hidden."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from backend_api.base.instants import from_ms, to_ms
from backend_api.checks.finding import Finding, Kind
from backend_api.checks.sweep import in_window, sweep
from backend_api.contract.bounds import EARLIEST, LATEST, MAX_AHEAD
from backend_api.contract.values import format_timestamp
from backend_api.store.db.database import Database
from backend_api.store.db.tables import events, hidden_events
from backend_api.store.event_rows import IS_VISIBLE

_IMPOSSIBLE = select(events.c.event_id, events.c.event_type, events.c.machine_id, events.c.ts_ms).where(
    in_window(events.c.seq),
    or_(
        events.c.ts_ms < to_ms(EARLIEST),
        events.c.ts_ms >= to_ms(LATEST),
        events.c.ts_ms > bindparam("latest_ms"),
    ),
    IS_VISIBLE,
)
_HIDDEN = (
    select(events.c.event_id, hidden_events.c.at_ms, hidden_events.c.who, hidden_events.c.reason)
    .select_from(hidden_events.join(events))
    .where(in_window(events.c.seq))
)


def check_times(database: Database, now_ms: int) -> Iterator[Finding]:
    """Events of times that cannot be, which a person may hide, and those that somebody hid, which are only told."""
    for row in sweep(database, _IMPOSSIBLE, latest_ms=now_ms + round(MAX_AHEAD.total_seconds() * 1000)):
        text = f"{row.event_type} at {row.machine_id}, {format_timestamp(from_ms(row.ts_ms))}, cannot have happened yet"
        if row.ts_ms < now_ms:
            text = f"{row.event_type} at {row.machine_id}, {format_timestamp(from_ms(row.ts_ms))}, is of no clock"
        cure = f"--hide {UUID(row.event_id)} --reason TEXT lets it count nowhere"
        yield Finding(Kind.IMPOSSIBLE_TIME, row.event_id, text, cure)
    for row in sweep(database, _HIDDEN):
        text = f"hidden by {row.who} at {format_timestamp(from_ms(row.at_ms))}: {row.reason}"
        yield Finding(
            Kind.HIDDEN_EVENT, row.event_id, text, f"--show {row.event_id} lets it count again", is_wrong=False
        )
