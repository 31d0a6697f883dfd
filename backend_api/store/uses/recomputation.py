"""Sessions made anew from everything that is stored: to compare the tables with them, and to repair the tables.

Nothing here reads what it compares with, so that no mistake of the writes is repeated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from pydantic_core import from_json
from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, insert, select, update

from backend_api.contract.corrections import UseTruth
from backend_api.store.db.database import Database
from backend_api.store.db.statements import RowLock, Statement, Transaction
from backend_api.store.db.tables import (
    ChangeKind,
    changes,
    corrections,
    enrichments,
    events,
    hidden_events,
    results,
    reviews,
    sessions,
)
from backend_api.store.uses.machines import Place, look_up_last
from backend_api.store.uses.session_row import EventFacts, SessionRow, event_facts, session_of, verdict_facts
from backend_api.store.uses.sessions import LATEST_REVIEW_ID, NEWEST_RESULT_ID

_SESSION_COLUMNS = [field.name for field in fields(SessionRow)]
_FACTS = ("seq", "event_type", "store_id", "camera_id", "machine_id", "session_id", "ts_ms", "received_at_ms", "body")
# Hidden events are in no session.
_EVENTS = select(*events.c[_FACTS]).where(~exists().where(hidden_events.c.seq == events.c.seq)).order_by(events.c.seq)
_SAID = (
    select(
        events.c.seq,
        results.c.verdict,
        enrichments.c.status,
        reviews.c.agree,
        reviews.c.verdict.label("reviewed_verdict"),
    )
    .select_from(events)
    .outerjoin(enrichments, enrichments.c.seq == events.c.seq)
    .outerjoin(results, results.c.id == NEWEST_RESULT_ID)
    .outerjoin(reviews, reviews.c.id == LATEST_REVIEW_ID)
)
_later = corrections.alias("later")
_TRUTHS = select(corrections.c.session_id, corrections.c.truth).where(
    ~exists().where(_later.c.session_id == corrections.c.session_id, _later.c.id > corrections.c.id),
    corrections.c.truth != UseTruth.WITHDRAWN.value,
)
_AMONG: BindParameter[list[str]] = bindparam("of_sessions", expanding=True)
_EVENTS_AMONG = _EVENTS.where(events.c.session_id.in_(_AMONG))
_SAID_AMONG = _SAID.where(events.c.session_id.in_(_AMONG))
_TRUTHS_AMONG = _TRUTHS.where(corrections.c.session_id.in_(_AMONG))
_STORED_AMONG = select(*sessions.c[tuple(_SESSION_COLUMNS)]).where(sessions.c.session_id.in_(_AMONG))
_EVENTS_OF = Statement(_EVENTS.where(events.c.session_id == bindparam("of_session")))
_SAID_OF = Statement(_SAID.where(events.c.session_id == bindparam("of_session")))
_TRUTHS_OF = Statement(_TRUTHS.where(corrections.c.session_id == bindparam("of_session")))
_LOCK = RowLock(select(sessions.c.seq).where(sessions.c.session_id == bindparam("of_session")))
_STORED_OF = Statement(
    select(*sessions.c["store_id", "camera_id", "machine_id", "ts_ms"]).where(
        sessions.c.session_id == bindparam("of_session")
    )
)
_HAS_OUTLIVED = Statement(
    select(sessions.c.seq).where(
        sessions.c.session_id == bindparam("of_session"), sessions.c.events_removed_ms.is_not(None)
    )
)
_NEW: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _SESSION_COLUMNS}
_REPLACE = Statement(update(sessions).where(sessions.c.session_id == bindparam("new_session_id")).values(_NEW))
_REMOVE = Statement(delete(sessions).where(sessions.c.session_id == bindparam("of_session")))
_ADD = Statement(insert(sessions).values(_NEW))
_VERDICT_ANEW = Statement(
    update(enrichments)
    .where(enrichments.c.seq == bindparam("of_seq"))
    .values(
        verdict=select(results.c.verdict)
        .where(results.c.seq == enrichments.c.seq)
        .order_by(results.c.id.desc())
        .limit(1)
        .correlate(enrichments)
        .scalar_subquery()
    )
)
_IS_LOGGED = Statement(
    select(changes.c.id).where(changes.c.kind == ChangeKind.EVENT.value, changes.c.seq == bindparam("of_seq"))
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A session whose row is not what follows from what is stored; one of both is None where there is none."""

    session_id: str
    stored: SessionRow | None
    expected: SessionRow | None

    def __str__(self) -> str:
        if self.stored is None:
            return "its events are stored, but no session"
        if self.expected is None:
            return "no event of it is stored"
        return ", ".join(
            f"{name} is {stored!r}, by its events {expected!r}"
            for name, stored, expected in zip(
                _SESSION_COLUMNS, astuple(self.stored), astuple(self.expected), strict=True
            )
            if stored != expected
        )


def differences(connection: Connection, session_ids: Sequence[str]) -> Iterator[Difference]:
    """Those of `session_ids` whose rows differ; `connection` sees one state of the database."""
    among = {"of_sessions": list(session_ids)}
    expected = recompute(
        connection.execute(_EVENTS_AMONG, among),
        connection.execute(_SAID_AMONG, among),
        connection.execute(_TRUTHS_AMONG, among),
    )
    stored = {row.session_id: SessionRow(*row) for row in connection.execute(_STORED_AMONG, among)}
    for session_id in session_ids:
        if stored.get(session_id) != expected.get(session_id):
            yield Difference(session_id, stored.get(session_id), expected.get(session_id))


def recompute(
    event_rows: Iterable[Any], said_rows: Iterable[Any], truth_rows: Iterable[Any] = ()
) -> dict[str, SessionRow]:
    """Every session of these events, which come in the order of arrival, by its id."""
    arrived: dict[str, list[EventFacts]] = {}
    for seq, *names, ts_ms, received_at_ms, body in event_rows:
        facts = event_facts(seq, tuple(names), ts_ms, received_at_ms, _attributes(body))
        arrived.setdefault(facts.session_id, []).append(facts)
    said = {
        seq: verdict_facts(verdict, status, agree, reviewed_verdict)
        for seq, verdict, status, agree, reviewed_verdict in said_rows
        if status is not None
    }
    truths = {str(session_id): truth for session_id, truth in truth_rows}
    return {
        session_id: session_of(of_session, said, truths.get(session_id)) for session_id, of_session in arrived.items()
    }


def repair_session(database: Database, session_id: str) -> None:
    """Write the session's row anew as it follows from what is stored by now."""
    with database.write() as transaction:
        row = _recomputed(transaction, session_id)
        if row is not None:
            _put(transaction, session_id, row)


def make_session_anew(transaction: Transaction, session_id: str) -> None:
    """Write the session's row anew, or remove it when none of its events is left to be seen.

    One that has outlived its events stays as it is: what has come again is not all of it.
    """
    row = _recomputed(transaction, session_id)
    if _HAS_OUTLIVED.run(transaction, {"of_session": session_id}).fetchone() is None:
        _put(transaction, session_id, row)


def repair_verdict(database: Database, seq: int) -> None:
    """Let the enrichment of the event whose number is `seq` repeat its newest result's verdict."""
    with database.write() as transaction:
        _VERDICT_ANEW.run(transaction, {"of_seq": seq})


def log_event(database: Database, seq: int) -> None:
    """Log that the event is new, unless it is logged by now."""
    with database.write() as transaction:
        if _IS_LOGGED.run(transaction, {"of_seq": seq}).fetchone() is None:
            transaction.log(ChangeKind.EVENT, [seq])


def _recomputed(transaction: Transaction, session_id: str) -> SessionRow | None:
    of_session = {"of_session": session_id}
    # Before anything is read: an event that is just being stored would be overlooked.
    _LOCK.hold(transaction, of_session)
    said, truths = _SAID_OF.run(transaction, of_session), _TRUTHS_OF.run(transaction, of_session)
    return recompute(_EVENTS_OF.run(transaction, of_session), said, truths).get(session_id)


def _put(transaction: Transaction, session_id: str, row: SessionRow | None) -> None:
    """Write the session's row, or remove it when there is none; then its machine's."""
    of_session = {"of_session": session_id}
    places: list[Place] = []
    for store_id, camera_id, machine_id, ts_ms in _STORED_OF.run(transaction, of_session).fetchall():
        places.append((store_id, camera_id, machine_id))
        transaction.touch(store_id, ts_ms)
    if row is not None:
        places.append((row.store_id, row.camera_id, row.machine_id))
        transaction.touch(row.store_id, row.ts_ms)
        _write(transaction, row)
    else:
        _REMOVE.run(transaction, of_session)
    look_up_last(transaction, places)


def _write(transaction: Transaction, row: SessionRow) -> None:
    values = {f"new_{name}": value for name, value in zip(_SESSION_COLUMNS, astuple(row), strict=True)}
    if _REPLACE.count(transaction, values) == 0:
        _ADD.run(transaction, values)


def _attributes(body: str) -> Mapping[str, Any]:
    attributes: Mapping[str, Any] = from_json(body).get("attributes", {})
    return attributes
