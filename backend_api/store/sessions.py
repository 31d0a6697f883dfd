"""Sessions, enrichments and the log of changes, written in the transaction of the events, verdicts and reviews.

Invariant: at every commit each session is what `session_of` makes of its events in their order of arrival, of what
models and people say of its attempt, and of what people say of the use, and nothing else. The steps that keep it:
events first; then the enrichments of those that wait for the model; then the sessions of all; the log of changes last,
by Database.write. The doctor makes the same of everything that is stored, and compares.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError
from sqlalchemy import ClauseElement, ScalarSelect, Table, bindparam, case, func, literal_column, or_, select, update
from sqlalchemy.dialects.sqlite import Insert as OnConflictInsert

from backend_api.base.instants import to_ms
from backend_api.contract.corrections import NO_USE_TRUTHS
from backend_api.contract.events import EventType, WindowAttributes
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.sources import source_of
from backend_api.contract.verdicts import MmStatus
from backend_api.store.statements import Insert, Statement, Transaction
from backend_api.store.tables import ChangeKind, enrichments, events, results, reviews, sessions, sources

# The outcome_key of a session without an attempt; with one it is its verdict, or that it waits or has failed.
UNOPENED, OPENED = "unopened", "opened"
WAITING, FAILED = SessionOutcome.WAITING.value, SessionOutcome.FAILED.value
# People say that there was no use, whatever its events are.
NO_USE = SessionOutcome.NO_USE.value
WITHDRAWN = "withdrawn"


class EventFacts(NamedTuple):
    """One event's part in its session; `seq` is its place in the order of arrival."""

    seq: int
    event_type: str
    store_id: str
    camera_id: str
    machine_id: str
    session_id: str
    ts_ms: int
    received_at_ms: int
    end_reason: str | None
    closes_ms: int | None
    source: str | None = None

    @property
    def source_key(self) -> str | None:
        """The key of its `source`, which is canonical JSON."""
        return None if self.source is None else hashlib.blake2b(self.source.encode(), digest_size=16).hexdigest()


class AttemptFacts(NamedTuple):
    """The newest verdict on an attempt, and the latest review of one, withdrawn or not."""

    verdict: str | None
    is_dead: bool
    agree: str | None
    reviewed_verdict: str | None

    @property
    def review(self) -> str | None:
        """The latest review's opinion of the newest verdict; None when it was withdrawn, or is of another verdict."""
        return None if self.agree == WITHDRAWN or self.reviewed_verdict != self.verdict else self.agree

    @property
    def outcome_key(self) -> str:
        """The session's outcome_key that follows from its attempt."""
        return self.verdict or (FAILED if self.is_dead else WAITING)


NO_VERDICT = AttemptFacts(None, is_dead=False, agree=None, reviewed_verdict=None)


@dataclass(slots=True)
class SessionRow:
    """A row of `sessions` without its number; times are milliseconds since 1970."""

    session_id: str
    store_id: str
    camera_id: str
    machine_id: str
    ts_ms: int
    started_ms: int | None = None
    ended_ms: int | None = None
    end_reason: str | None = None
    opened_ms: int | None = None
    closes_ms: int | None = None
    attempt_seq: int | None = None
    attempt_ms: int | None = None
    verdict: str | None = None
    review: str | None = None
    is_reviewed: bool = False
    outcome_key: str = UNOPENED
    source_key: str | None = None
    correction: str | None = None

    @classmethod
    def of(cls, event: EventFacts) -> "SessionRow":
        """The session that has `event` alone."""
        row = cls(event.session_id, event.store_id, event.camera_id, event.machine_id, event.ts_ms)
        row.add(event)
        return row

    def add(self, event: EventFacts) -> None:
        """Take in an event that came later. Events come in any order; of two that say the same, the first counts."""
        ts_ms = event.ts_ms
        self.ts_ms = min(self.ts_ms, ts_ms)
        self.source_key = self.source_key or event.source_key
        match event.event_type:
            case EventType.MACHINE_OCCUPIED_START:
                self.started_ms = ts_ms if self.started_ms is None else self.started_ms
            case EventType.MACHINE_OCCUPIED_END:
                self.ended_ms = ts_ms if self.ended_ms is None else self.ended_ms
                self.end_reason = self.end_reason or event.end_reason
            case EventType.CLEANING_WINDOW_OPEN:
                self.opened_ms = ts_ms if self.opened_ms is None else self.opened_ms
                self.closes_ms = event.closes_ms if self.closes_ms is None else self.closes_ms
                self.outcome_key = OPENED if self.outcome_key == UNOPENED else self.outcome_key
            case EventType.CLEANING_ATTEMPT if self.attempt_seq is None:
                self.attempt_seq, self.attempt_ms, self.outcome_key = event.seq, ts_ms, WAITING

    def judge(self, attempt: AttemptFacts) -> None:
        """Take in what is said of its attempt."""
        self.verdict, self.review = attempt.verdict, attempt.review
        self.is_reviewed = attempt.review is not None
        self.outcome_key = attempt.outcome_key

    def correct(self, truth: str | None) -> None:
        """Take in, last of all, what people say of the use. A use that was none is not to be reviewed."""
        self.correction = truth
        if truth in NO_USE_TRUTHS:
            self.is_reviewed, self.outcome_key = False, NO_USE


def event_facts(
    seq: int,
    names: tuple[str, str, str, str, str],
    ts_ms: int,
    received_at_ms: int,
    attributes: Mapping[str, JsonValue],
) -> EventFacts:
    """The facts of an event; `names` are its type, store, camera, machine and session."""
    end_reason: object = None
    closes_ms: int | None = None
    if names[0] == EventType.MACHINE_OCCUPIED_END:
        end_reason = attributes.get("end_reason")
    elif names[0] == EventType.CLEANING_WINDOW_OPEN and attributes:
        closes_ms = _closes_ms(attributes)
    found = source_of(attributes)
    return EventFacts(
        seq,
        *names,
        ts_ms,
        received_at_ms,
        end_reason if isinstance(end_reason, str) else None,
        closes_ms,
        None if found is None else found.model_dump_json(),
    )


def session_of(
    arrived: Sequence[EventFacts], attempts: Mapping[int, AttemptFacts], truth: str | None = None
) -> SessionRow:
    """The session whose events `arrived` are, one at least, in the order of arrival; `attempts` by their `seq`.

    `truth` is what people say of the use. Pure: the tables are compared with it.
    """
    row = SessionRow.of(arrived[0])
    for event in arrived[1:]:
        row.add(event)
    if row.attempt_seq is not None:
        row.judge(attempts.get(row.attempt_seq, NO_VERDICT))
    row.correct(truth)
    return row


_FACTS = ("started_ms", "ended_ms", "end_reason", "opened_ms", "closes_ms", "attempt_seq", "attempt_ms")
_COLUMNS = (
    *("session_id", "store_id", "camera_id", "machine_id", "ts_ms", *_FACTS, "is_reviewed", "outcome_key"),
    "source_key",
)


def _merge(insert: OnConflictInsert) -> ClauseElement:
    """Facts that are there stay. An index is written again where one of its columns is named, even if it stays the
    same.

    All hold the time, so that is not named.
    """
    new = insert.excluded
    stays = or_(
        sessions.c.attempt_seq.is_not(None),
        new.outcome_key == literal_column(f"'{UNOPENED}'"),
        sessions.c.outcome_key == literal_column(f"'{NO_USE}'"),
    )
    values: dict[str, Any] = {name: func.coalesce(sessions.c[name], new[name]) for name in (*_FACTS, "source_key")}
    values["outcome_key"] = case((stays, sessions.c.outcome_key), else_=new.outcome_key)
    upsert = insert.on_conflict_do_update(index_elements=["session_id"], set_=values)
    return upsert.returning(sessions.c.session_id, sessions.c.ts_ms)


_UPSERT = Insert(sessions, _COLUMNS, _merge)
_BEGIN_EARLIER = Statement(
    update(sessions).where(sessions.c.session_id == bindparam("of_session")).values(ts_ms=bindparam("new_ts_ms"))
)
_ADD_SOURCES = Insert(
    sources, ("source_key", "body"), lambda insert: insert.on_conflict_do_nothing(index_elements=["source_key"])
)
_ADD_ENRICHMENTS = Insert(enrichments, ("seq", "ts_ms", "status", "attempts", "token", "due_ms", "changed_at_ms"))


def _newest_id(table: Table) -> ScalarSelect[int]:
    """The id of the newest row of `table` about the event of the row of `events` beside it: the one that counts."""
    rows = table.alias(f"newest_of_{table.name}")
    return select(func.max(rows.c.id)).where(rows.c.seq == events.c.seq).correlate(events).scalar_subquery()


NEWEST_RESULT_ID, LATEST_REVIEW_ID = _newest_id(results), _newest_id(reviews)
# Of an attempt: its session, and what AttemptFacts holds.
_ATTEMPT_FACTS = (
    select(
        events.c.seq,
        events.c.session_id,
        enrichments.c.verdict,
        enrichments.c.status,
        reviews.c.agree,
        reviews.c.verdict.label("reviewed_verdict"),
    )
    .select_from(events)
    .join(enrichments, enrichments.c.seq == events.c.seq)
    .outerjoin(reviews, reviews.c.id == LATEST_REVIEW_ID)
)
_ATTEMPT = Statement(_ATTEMPT_FACTS.where(events.c.seq == bindparam("of_seq")))
_IS_NO_USE = sessions.c.outcome_key == NO_USE
_JUDGE = Statement(
    update(sessions)
    # One event may belong to a session without being its attempt: the first one that came is.
    .where(sessions.c.session_id == bindparam("of_session"), sessions.c.attempt_seq == bindparam("of_seq"))
    .values(
        verdict=bindparam("new_verdict"),
        review=bindparam("new_review"),
        is_reviewed=case((_IS_NO_USE, False), else_=bindparam("new_is_reviewed")),
        outcome_key=case((_IS_NO_USE, NO_USE), else_=bindparam("new_outcome_key")),
    )
)


def follow_events(transaction: Transaction, new: Sequence[EventFacts]) -> None:
    """Write what follows from events that have just been stored."""
    rows: dict[str, SessionRow] = {}
    waiting = []
    for event in new:
        if (row := rows.get(event.session_id)) is None:
            rows[event.session_id] = SessionRow.of(event)
        else:
            row.add(event)
        # By the contract, these are the events whose needs_mm is true.
        if event.event_type == EventType.CLEANING_ATTEMPT:
            due_ms = event.received_at_ms
            waiting.append((event.seq, event.ts_ms, MmStatus.PENDING.value, 0, 0, due_ms, due_ms))
    _ADD_ENRICHMENTS.run(transaction, waiting)
    _ADD_SOURCES.run(transaction, sorted({(event.source_key, event.source) for event in new if event.source}))
    for session_id, ts_ms in _UPSERT.run(transaction, [_values(row) for row in rows.values()]):
        # Rarely, since a camera's events arrive in order: all indexes are written again.
        if rows[session_id].ts_ms < ts_ms:
            _BEGIN_EARLIER.run(transaction, {"of_session": session_id, "new_ts_ms": rows[session_id].ts_ms})
    transaction.log(ChangeKind.EVENT, [event.seq for event in new])


def follow_attempts(transaction: Transaction, kind: ChangeKind, seqs: Iterable[int]) -> None:
    """Write what follows from a change of what is said of these attempts, which `kind` names: VERDICT or REVIEW."""
    ordered = sorted(seqs)
    for seq in ordered:
        row = _ATTEMPT.run(transaction, {"of_seq": seq}).fetchone()
        _, session_id, verdict, status, agree, reviewed_verdict = row
        attempt = AttemptFacts(verdict, status == MmStatus.DEAD, agree, reviewed_verdict)
        judged = {
            "new_verdict": verdict,
            "new_review": attempt.review,
            "new_is_reviewed": attempt.review is not None,
            "new_outcome_key": attempt.outcome_key,
        }
        _JUDGE.run(transaction, {"of_session": session_id, "of_seq": seq, **judged})
    transaction.log(kind, ordered)


def _values(row: SessionRow) -> tuple[Any, ...]:
    """In the order of _COLUMNS."""
    return (
        *(row.session_id, row.store_id, row.camera_id, row.machine_id, row.ts_ms),
        *(row.started_ms, row.ended_ms, row.end_reason, row.opened_ms, row.closes_ms, row.attempt_seq, row.attempt_ms),
        *(row.is_reviewed, row.outcome_key, row.source_key),
    )


def _closes_ms(attributes: Mapping[str, JsonValue]) -> int | None:
    try:
        closes_at = WindowAttributes.model_validate(attributes).closes_at
    except ValidationError:
        return None  # stored by a version that knew no bounds of it
    return None if closes_at is None else to_ms(closes_at)
