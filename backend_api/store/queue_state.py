"""How many questions to the model are in which state, and since when the oldest has waited."""

from sqlalchemy import Connection, func, select

from backend_api.base.instants import from_ms
from backend_api.contract.verdicts import MmStatus, QueueState
from backend_api.store.tables import enrichments, events

# Nearly all are done; SQLite counts all rows of a table by its pages, and those of one state one by one.
_COUNTED = (MmStatus.PENDING, MmStatus.PROCESSING, MmStatus.DEAD)
# Numbers are given in the order of arrival, so the index of states alone tells which is the oldest.
_FIRST = select(func.min(enrichments.c.seq)).where(enrichments.c.status == MmStatus.PENDING.value)
_QUEUE = select(
    select(func.count()).select_from(enrichments).scalar_subquery().label("total"),
    select(events.c.received_at_ms).where(events.c.seq == _FIRST.scalar_subquery()).scalar_subquery().label("oldest"),
    *(
        select(func.count()).where(enrichments.c.status == status.value).scalar_subquery().label(status.value)
        for status in _COUNTED
    ),
)


def read_queue(connection: Connection) -> QueueState:
    """The queue as it is."""
    total, oldest_ms, pending, processing, dead = connection.execute(_QUEUE).one()
    return QueueState(
        pending=pending,
        processing=processing,
        done=total - pending - processing - dead,
        dead=dead,
        oldest_pending_at=None if oldest_ms is None else from_ms(oldest_ms),
    )
