"""How many questions to the model are in which state, and for how long the oldest has waited."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from backend_api.contract_verdicts import MmStatus
from backend_api.tables import enrichments, events

_COUNTS = select(enrichments.c.status, func.count()).group_by(enrichments.c.status)
_OLDEST = (
    select(func.min(events.c.received_at_ms))
    .select_from(enrichments.join(events))
    .where(enrichments.c.status == MmStatus.PENDING.value)
)


@dataclass(frozen=True, slots=True)
class Queue:
    """Every state has its count; `oldest_pending_s` is seconds since the event arrived, 0 when none is PENDING."""

    counts: dict[MmStatus, int]
    oldest_pending_s: float


def read_queue(connection: Connection, now_ms: int) -> Queue:
    """The queue as it is at `now_ms`, milliseconds since 1970."""
    counts = dict.fromkeys(MmStatus, 0)
    for status, count in connection.execute(_COUNTS):
        counts[MmStatus(status)] = count
    oldest_ms = connection.execute(_OLDEST).scalar()
    return Queue(counts, 0.0 if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000)
