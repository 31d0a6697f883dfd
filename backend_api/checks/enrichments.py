"""Whether every event that waits for the model is really on its way to a verdict.

Repairs go through the same conditions as the finding, so what a worker has done meanwhile stands. A worker that comes
back after its stale lease was taken from it is refused by the store: only a PROCESSING enrichment takes a result.
"""

from collections.abc import Iterator
from functools import partial

from pydantic_core import from_json
from sqlalchemy import ColumnElement, bindparam, exists, or_, select, update

from backend_api.base.instants import from_ms
from backend_api.checks.finding import Finding, Kind
from backend_api.checks.sweep import AnySelect, in_window, sweep
from backend_api.contract.events import EventType, has_pictures
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import MmStatus
from backend_api.store.db.database import Database
from backend_api.store.db.paging import Unindexed
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import ChangeKind, enrichments, events
from backend_api.store.enrichments import CLOCK_TOLERANCE_MS
from backend_api.store.uses.sessions import add_questions, follow_verdicts

_IS_STALE = (
    Unindexed(enrichments.c.status) == MmStatus.PROCESSING.value,
    # The second is what leases.py makes of a clock that was set back.
    or_(
        enrichments.c.due_ms <= bindparam("now_ms"),
        enrichments.c.changed_at_ms > bindparam("now_ms") + CLOCK_TOLERANCE_MS,
    ),
)
# By the contract these are the events with needs_mm.
_IS_WITHOUT = (
    Unindexed(events.c.event_type) == EventType.CLEANING_ATTEMPT.value,
    ~exists().where(enrichments.c.seq == events.c.seq),
)


def _enriched(*conditions: ColumnElement[bool]) -> AnySelect:
    columns = (events.c.seq, events.c.event_id, enrichments.c.attempts, enrichments.c.due_ms, enrichments.c.error)
    return select(*columns).select_from(enrichments.join(events)).where(in_window(enrichments.c.seq), *conditions)


_STALE = _enriched(*_IS_STALE)
_DEAD = _enriched(Unindexed(enrichments.c.status) == MmStatus.DEAD.value)
_WITHOUT = select(events.c.seq, events.c.event_id).where(in_window(events.c.seq), *_IS_WITHOUT)
_FREE = Statement(
    update(enrichments)
    .where(enrichments.c.seq == bindparam("wanted_seq"), *_IS_STALE)
    .values(status=MmStatus.PENDING.value, due_ms=bindparam("now_ms"), changed_at_ms=bindparam("now_ms"))
)
_FACTS = Statement(select(events.c.ts_ms, events.c.body).where(events.c.seq == bindparam("wanted_seq"), *_IS_WITHOUT))


def check_enrichments(database: Database, now_ms: int) -> Iterator[Finding]:
    """Stale leases and missing enrichments, which can be repaired, and dead ones, which are only told.

    `now_ms` is milliseconds since 1970.
    """
    for row in sweep(database, _STALE, now_ms=now_ms):
        ended = format_timestamp(from_ms(row.due_ms))
        text = f"attempt {row.attempts} lost its worker, its lease ran until {ended}"
        cure = "start a worker, which takes it over; --fix makes it PENDING again"
        repair = partial(_write, database, _FREE, row.seq, now_ms)
        yield Finding(Kind.STALE_LEASE, row.event_id, text, cure, repair=repair)
    for row in sweep(database, _WITHOUT):
        text = "the event needs a verdict, but nobody was asked for one"
        repair = partial(_add, database, row.seq, now_ms)
        yield Finding(Kind.MISSING_ENRICHMENT, row.event_id, text, "--fix adds it", repair=repair)
    for row in sweep(database, _DEAD):
        text = f"given up after attempt {row.attempts}: {row.error}"
        cure = f"POST /events/{row.event_id}/retry asks again"
        yield Finding(Kind.DEAD_ENRICHMENT, row.event_id, text, cure, is_wrong=False)


def _write(database: Database, statement: Statement, seq: int, now_ms: int) -> None:
    with database.write() as transaction:
        if statement.count(transaction, {"wanted_seq": seq, "now_ms": now_ms}):
            follow_verdicts(transaction, ChangeKind.VERDICT, [seq])


def _add(database: Database, seq: int, now_ms: int) -> None:
    with database.write() as transaction:
        for ts_ms, body in _FACTS.run(transaction, {"wanted_seq": seq}).fetchall():
            add_questions(transaction, [(seq, ts_ms, now_ms, has_pictures(from_json(body)["attributes"]))])
            follow_verdicts(transaction, ChangeKind.VERDICT, [seq])
