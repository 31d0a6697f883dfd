"""How many questions to the model are in which state, and since when the oldest has waited."""

from sqlalchemy import Connection, func, select

from backend_api.contract_verdicts import MmStatus, QueueState
from backend_api.instants import from_ms
from backend_api.tables import enrichments, events

_COUNTS = select(enrichments.c.status, func.count().label("number")).group_by(enrichments.c.status)
# Numbers are given in the order of arrival, so the index of states alone tells which is the oldest.
_FIRST = select(func.min(enrichments.c.seq)).where(enrichments.c.status == MmStatus.PENDING.value)
_OLDEST = select(events.c.received_at_ms).where(events.c.seq == _FIRST.scalar_subquery())


def read_queue(connection: Connection) -> QueueState:
    """The queue as it is."""
    counts = {row.status: row.number for row in connection.execute(_COUNTS)}
    oldest_ms = connection.execute(_OLDEST).scalar()
    return QueueState(
        **{status.value.lower(): counts.get(status.value, 0) for status in MmStatus},
        oldest_pending_at=None if oldest_ms is None else from_ms(oldest_ms),
    )
