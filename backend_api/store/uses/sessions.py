"""Sessions, enrichments and the log of changes, written in the transaction of the events, verdicts and reviews.

Invariant: at every commit each session is what `session_of` makes of its events in their order of arrival, of what
models and people say of its attempt, and of what people say of the use, and nothing else. The steps that keep it:
events first; then the enrichments of those that wait for the model; then the sessions of all, in the order of their
ids; then their machines (machines.py); by Database.write the kept figures of their days, and the log of changes last.
Where several write at once, each session is held before it is read, and made anew where two events say the same of it.
The doctor makes the same of everything that is stored, and compares.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ClauseElement,
    ColumnElement,
    ScalarSelect,
    Table,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import Insert as OnConflictInsert

from backend_api.contract.events import NOT_ASKED_REASON, EventType
from backend_api.contract.verdicts import MmStatus
from backend_api.store.db.statements import Insert, RowLock, Statement, Transaction
from backend_api.store.db.tables import ChangeKind, enrichments, events, results, reviews, sessions, sources
from backend_api.store.uses.machines import look_up_last, note_sessions
from backend_api.store.uses.session_row import (
    LATE_ATTEMPT_MS,
    NO_USE,
    UNCLEANED,
    UNOPENED,
    EventFacts,
    SessionRow,
    verdict_facts,
)

_FACTS = (
    *("started_ms", "ended_ms", "end_reason", "opened_ms", "closes_ms"),
    *("attempt_seq", "attempt_ms", "end_seq"),
)
_PLACE = ("store_id", "camera_id", "machine_id")
# Of several events that say them, the first one counts.
_TOLD_ONCE = (*_PLACE, *_FACTS, "source_key")
_COLUMNS = (
    *("session_id", "store_id", "camera_id", "machine_id", "ts_ms", *_FACTS, "heard_ms", "end_is_asked"),
    *("end_due_ms", "judged_seq", "is_reviewed", "outcome_key", "source_key"),
)
# What `judge` writes.
_JUDGED = (
    *("end_is_asked", "end_due_ms", "verdict", "end_verdict", "judged_seq", "review", "is_reviewed", "outcome_key"),
)


def _merge(insert: OnConflictInsert) -> ClauseElement:
    """Facts that are there stay. An index is written again where one of its columns is named, even if it stays the
    same.

    All hold the time, so that is not named. A session whose end was asked about is judged anew afterwards.
    """
    new = insert.excluded
    stays = or_(
        sessions.c.attempt_seq.is_not(None),
        new.outcome_key == _literal(UNOPENED),
        sessions.c.outcome_key == _literal(NO_USE),
    )
    values: dict[str, Any] = {name: func.coalesce(sessions.c[name], new[name]) for name in (*_FACTS, "source_key")}
    values["heard_ms"] = _later(sessions.c.heard_ms, new.heard_ms)
    values["outcome_key"] = case((stays, sessions.c.outcome_key), else_=new.outcome_key)
    values["judged_seq"] = func.coalesce(sessions.c.judged_seq, new.judged_seq)
    values["end_due_ms"] = _merged_due(values)
    upsert = insert.on_conflict_do_update(index_elements=["session_id"], set_=values)
    return upsert.returning(*sessions.c["session_id", "seq", "ts_ms", "end_is_asked"], *sessions.c[_TOLD_ONCE])


def _merged_due(merged: Mapping[str, Any]) -> ColumnElement[int | None]:
    """SessionRow._end_due_ms of a row that has the `merged` values."""
    closes_ms = func.coalesce(merged["closes_ms"], merged["opened_ms"])
    after_closing = _later(closes_ms, merged["heard_ms"]) + literal_column(str(LATE_ATTEMPT_MS))
    # As long as nobody was asked about the end, the outcome's key is what the attempt's verdict makes of it.
    is_uncleaned = sessions.c.outcome_key.in_([_literal(key) for key in UNCLEANED])
    is_none = sessions.c.outcome_key == _literal(NO_USE)
    return case(
        (or_(sessions.c.end_is_asked, is_none, merged["end_seq"].is_(None)), null()),
        (sessions.c.attempt_seq.is_not(None), case((is_uncleaned, merged["heard_ms"]), else_=null())),
        (or_(merged["attempt_seq"].is_not(None), merged["opened_ms"].is_(None)), null()),
        else_=after_closing,
    )


def _later(first: ColumnElement[int], second: ColumnElement[int]) -> ColumnElement[int]:
    """The later of two times, or the one that is there."""
    return case((first.is_(None), second), (second > first, second), else_=first)


def _literal(text: str) -> ColumnElement[str]:
    """A text without a parameter, which an Insert does not take."""
    return literal_column(f"'{text}'")


_UPSERT = Insert(sessions, _COLUMNS, _merge)
_BEGIN_EARLIER = Statement(
    update(sessions).where(sessions.c.session_id == bindparam("of_session")).values(ts_ms=bindparam("new_ts_ms"))
)
_ADD_SOURCES = Insert(
    sources, ("source_key", "body"), lambda insert: insert.on_conflict_do_nothing(index_elements=["source_key"])
)
_ADD_ENRICHMENTS = Insert(
    enrichments, ("seq", "ts_ms", "status", "attempts", "token", "due_ms", "changed_at_ms", "error")
)


def _newest_id(table: Table) -> ScalarSelect[int]:
    """The id of the newest row of `table` about the event of the row of `events` beside it: the one that counts."""
    rows = table.alias(f"newest_of_{table.name}")
    return select(func.max(rows.c.id)).where(rows.c.seq == events.c.seq).correlate(events).scalar_subquery()


NEWEST_RESULT_ID, LATEST_REVIEW_ID = _newest_id(results), _newest_id(reviews)
_attempt, _end = enrichments.alias("attempt"), enrichments.alias("end_of_use")
_of_attempt, _of_end = reviews.alias("of_attempt"), reviews.alias("of_end")


def _latest_review(seq: ColumnElement[int | None]) -> ScalarSelect[int]:
    return select(func.max(reviews.c.id)).where(reviews.c.seq == seq).correlate(sessions).scalar_subquery()


# Of a session: what `judge` goes by, and what VerdictFacts holds of its attempt and of its END.
_SAID = (
    select(
        *sessions.c["session_id", "store_id", "ts_ms"],
        *sessions.c["opened_ms", "closes_ms", "attempt_seq", "end_seq", "heard_ms", "correction"],
        *(_attempt.c.verdict, _attempt.c.status, _of_attempt.c.agree, _of_attempt.c.verdict),
        *(_end.c.seq, _end.c.verdict, _end.c.status, _of_end.c.agree, _of_end.c.verdict),
    )
    .select_from(sessions)
    .outerjoin(_attempt, _attempt.c.seq == sessions.c.attempt_seq)
    .outerjoin(_of_attempt, _of_attempt.c.id == _latest_review(sessions.c.attempt_seq))
    .outerjoin(_end, _end.c.seq == sessions.c.end_seq)
    .outerjoin(_of_end, _of_end.c.id == _latest_review(sessions.c.end_seq))
    # What was said of one that has outlived its events is gone, and stands in its row.
    .where(sessions.c.events_removed_ms.is_(None))
)
_SAID_OF_SESSION = Statement(_SAID.where(sessions.c.session_id == bindparam("of_session")))
_IS_OF_EVENT = (
    sessions.c.session_id == select(events.c.session_id).where(events.c.seq == bindparam("of_seq")).scalar_subquery()
)
_SAID_OF_EVENT = Statement(_SAID.where(_IS_OF_EVENT))
# Whoever judges a session holds it from before it reads what is said: what comes meanwhile waits, and judges it again.
# PostgreSQL plans the second each time anew, by the length of its array, which takes longer than all else of a lock.
_LOCK_SESSION = RowLock(select(sessions.c.seq).where(_IS_OF_EVENT))
_LOCK_SESSIONS = RowLock(
    select(sessions.c.seq)
    .where(
        sessions.c.session_id.in_(
            select(events.c.session_id).where(events.c.seq == any_(bindparam("of_seqs", type_=ARRAY(BigInteger))))
        )
    )
    .order_by(sessions.c.session_id)
)
_JUDGE = Statement(
    update(sessions)
    .where(sessions.c.session_id == bindparam("of_session"))
    .values({name: bindparam(f"new_{name}") for name in _JUDGED})
)


def follow_events(transaction: Transaction, new: Sequence[EventFacts]) -> list[str]:
    """Write what follows from events that have just been stored; the sessions that are to be made anew.

    Of these, other events say something else: where several write at once, the lower number may come later.
    """
    arrived: dict[str, list[EventFacts]] = {}
    waiting = []
    for event in new:
        arrived.setdefault(event.session_id, []).append(event)
        # By the contract, these are the events whose needs_mm is true.
        if event.event_type == EventType.CLEANING_ATTEMPT:
            waiting.append((event.seq, event.ts_ms, event.received_at_ms, event.has_pictures))
    add_questions(transaction, waiting)
    _ADD_SOURCES.run(transaction, sorted({(event.source_key, event.source) for event in new if event.source}))
    rows = {session_id: SessionRow.of(of_session) for session_id, of_session in arrived.items()}
    upserted = transaction.in_order([_values(row) for row in rows.values()], itemgetter(0))
    begun, moved, told_otherwise = [], [], []
    for session_id, seq, ts_ms, end_is_asked, *told in _UPSERT.run(transaction, upserted):
        place, began_ms = told[:3], rows[session_id].ts_ms
        if any(one not in (None, other) for one, other in zip(_told(rows[session_id]), told, strict=True)):
            told_otherwise.append(session_id)
        transaction.touch(place[0], min(began_ms, ts_ms))
        # What began before was noted then.
        if began_ms <= ts_ms:
            begun.append(((place[0], place[1], place[2]), seq, began_ms))
        # Rarely, since a camera's events arrive in order: all indexes are written again.
        if began_ms < ts_ms:
            _BEGIN_EARLIER.run(transaction, {"of_session": session_id, "new_ts_ms": began_ms})
            moved.append((place[0], place[1], place[2]))
        if end_is_asked:
            said = _SAID_OF_SESSION.run(transaction, {"of_session": session_id}).fetchone()
            _judge(transaction, ChangeKind.EVENT, said)
    note_sessions(transaction, begun)
    look_up_last(transaction, moved)
    transaction.log(ChangeKind.EVENT, [event.seq for event in new])
    return sorted(told_otherwise)


def add_questions(transaction: Transaction, about: Iterable[tuple[int, int, int, bool]]) -> None:
    """Make the questions about these events, each by its number, its time, from when on it is due, both in ms, and
    whether it has pictures: about one without nobody is asked.
    """
    _ADD_ENRICHMENTS.run(
        transaction,
        [
            (seq, ts_ms, MmStatus.PENDING.value, 0, 0, due_ms, due_ms, None)
            if is_asked
            else (seq, ts_ms, MmStatus.NOT_ASKED.value, 0, 0, None, due_ms, NOT_ASKED_REASON)
            for seq, ts_ms, due_ms, is_asked in about
        ],
    )


def follow_verdicts(transaction: Transaction, kind: ChangeKind, seqs: Iterable[int]) -> None:
    """Write what follows from a change of what is said of these attempts and ENDs; `kind` is VERDICT or REVIEW."""
    ordered = sorted(seqs)
    if len(ordered) == 1:
        _LOCK_SESSION.hold(transaction, {"of_seq": ordered[0]})
    elif ordered:
        _LOCK_SESSIONS.hold(transaction, {"of_seqs": ordered})
    for seq in ordered:
        _judge(transaction, kind, _SAID_OF_EVENT.run(transaction, {"of_seq": seq}).fetchone())
    transaction.log(kind, ordered)


def _judge(transaction: Transaction, kind: ChangeKind, said: tuple[Any, ...] | None) -> None:
    """Judge a session by a row of _SAID, None when its events are hidden or gone, after a change of `kind`."""
    if said is None:
        return
    session_id, store_id, ts_ms, opened_ms, closes_ms, attempt_seq, end_seq, heard_ms, correction, *facts = said
    verdict, status, agree, reviewed, asked_seq, end_verdict, end_status, end_agree, end_reviewed = facts
    row = SessionRow(session_id, "", "", "", 0, opened_ms=opened_ms, closes_ms=closes_ms, heard_ms=heard_ms)
    row.attempt_seq, row.end_seq = attempt_seq, end_seq
    row.judge(
        None if attempt_seq is None else verdict_facts(verdict, status, agree, reviewed),
        None if asked_seq is None else verdict_facts(end_verdict, end_status, end_agree, end_reviewed),
    )
    row.correct(correction)
    judged = {f"new_{name}": getattr(row, name) for name in _JUDGED}
    _JUDGE.run(transaction, {"of_session": session_id, **judged})
    # No figure of a day goes by reviews.
    if kind is not ChangeKind.REVIEW:
        transaction.touch(store_id, ts_ms)


def _told(row: SessionRow) -> tuple[str | int | None, ...]:
    """In the order of _TOLD_ONCE."""
    return (
        *(row.store_id, row.camera_id, row.machine_id),
        *(row.started_ms, row.ended_ms, row.end_reason, row.opened_ms, row.closes_ms, row.attempt_seq, row.attempt_ms),
        *(row.end_seq, row.source_key),
    )


def _values(row: SessionRow) -> tuple[Any, ...]:
    """In the order of _COLUMNS."""
    return (
        *(row.session_id, row.store_id, row.camera_id, row.machine_id, row.ts_ms),
        *(row.started_ms, row.ended_ms, row.end_reason, row.opened_ms, row.closes_ms, row.attempt_seq, row.attempt_ms),
        *(row.end_seq, row.heard_ms, row.end_is_asked, row.end_due_ms, row.judged_seq, row.is_reviewed),
        *(row.outcome_key, row.source_key),
    )
