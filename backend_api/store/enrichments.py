"""Which worker may work on which enrichment: leases that run out, and tokens that tell a late worker it is late.

Invariant: only the newest claim of an enrichment can change it. Each claim raises `token`; every later write names the
token of its claim, and writes nothing when another claim came in between (a fencing token, as in Kleppmann, "How to do
distributed locking", 2016).

`due_ms` is when an enrichment may be claimed, by the wall clock, because processes share no other. When that clock is
set back, what was written under the old time counts as due at once: the worst is one question asked twice, and the
token sees to it that only one answer is kept.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.events import Event, EventType
from backend_api.contract.verdicts import MmResult, MmStatus, QueueState
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Statement, Transaction
from backend_api.store.db.tables import ChangeKind, enrichments, events, hidden_events, results
from backend_api.store.ledger.alerts import note_dead
from backend_api.store.uses.end_questions import ANY_DUE, make_due_questions, set_judging
from backend_api.store.uses.sessions import follow_verdicts
from backend_api.store.verdict_history import add_result

# Corrections by a time server are smaller than this; what is stamped further in the future is from before a jump back.
CLOCK_TOLERANCE_MS = 5_000


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one event until the lease runs out; `attempt` counts from 1, `seq` is the event's number."""

    event: Event
    seq: int
    token: int
    attempt: int


class RetryOutcome(StrEnum):
    """The outcome of the wish to try an enrichment again."""

    PENDING = "pending"
    NOT_DEAD = "not dead"
    NOT_FOUND = "not found"


_IS_DUE = enrichments.c.due_ms <= bindparam("now_ms")
_IS_FROM_THE_FUTURE = and_(
    enrichments.c.due_ms > bindparam("now_ms"), enrichments.c.changed_at_ms > bindparam("tolerated_ms")
)


# With the claim: a statement of its own would be one more round trip. SQLAlchemy names no tables in SQLite's RETURNING.
_BODY = select(events.c.body).where(literal_column("events.seq = enrichments.seq", Boolean)).scalar_subquery()


def _claiming(condition: ColumnElement[bool]) -> ReturningUpdate[int, int, int, str]:
    oldest = select(enrichments.c.seq).where(condition).order_by(enrichments.c.due_ms, enrichments.c.seq).limit(1)
    # Other workers take the next one meanwhile. SQLite has no such words, and needs none.
    oldest = oldest.with_for_update(skip_locked=True)
    return (
        update(enrichments)
        .where(enrichments.c.seq == oldest.scalar_subquery())
        .values(
            status=MmStatus.PROCESSING.value,
            token=enrichments.c.token + 1,
            attempts=enrichments.c.attempts + 1,
            due_ms=bindparam("until_ms"),
            changed_at_ms=bindparam("now_ms"),
        )
        .returning(enrichments.c.seq, enrichments.c.token, enrichments.c.attempts, _BODY)
    )


def _changing(*conditions: ColumnElement[bool], **changes: object) -> Update:
    # Parameters that a statement changes must not be named like its columns.
    return (
        update(enrichments)
        .where(*conditions)
        .values(changed_at_ms=bindparam("now_ms"), due_ms=bindparam("next_ms"), **changes)
    )


def _held(**changes: object) -> Statement:
    """A change of what the claim holds; it writes nothing when another worker has it."""
    return Statement(
        _changing(
            enrichments.c.seq == bindparam("held_seq"),
            enrichments.c.token == bindparam("held_token"),
            enrichments.c.status == MmStatus.PROCESSING.value,
            **changes,
        )
    )


_CLAIMS = (Statement(_claiming(_IS_DUE)), Statement(_claiming(_IS_FROM_THE_FUTURE)))
_RENEW = _held()
_FINISH = _held(status=MmStatus.DONE.value, error=None, verdict=bindparam("new_verdict"))
_FAIL = _held(status=bindparam("new_status"), error=bindparam("new_error"))
_RELEASE = _held(status=MmStatus.PENDING.value, error=bindparam("new_error"), attempts=enrichments.c.attempts - 1)
_IS_OF_TYPE = exists().where(events.c.seq == enrichments.c.seq, events.c.event_type == bindparam("wanted_type"))
_IS_WANTED = (
    enrichments.c.seq == select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")).scalar_subquery()
)
_HAS_ENDED = or_(enrichments.c.status == MmStatus.DONE.value, enrichments.c.status == MmStatus.DEAD.value)
# The newest result is of this model, as it was asked for, and this prompt.
_newer = results.alias("newer")
_IS_OF_THE_MODEL = exists().where(
    results.c.seq == enrichments.c.seq,
    ~exists().where(_newer.c.seq == results.c.seq, _newer.c.id > results.c.id),
    func.coalesce(results.c.requested_model, results.c.model) == bindparam("wanted_model"),
    results.c.prompt_version == bindparam("wanted_prompt"),
)


# Nobody asks about a hidden event.
_IS_VISIBLE = ~exists().where(hidden_events.c.seq == enrichments.c.seq)


def _afresh(*conditions: ColumnElement[bool]) -> Statement:
    changing = _changing(*conditions, _IS_VISIBLE, status=MmStatus.PENDING.value, attempts=0, error=None)
    return Statement(changing.returning(enrichments.c.seq))


_REVIVE = _afresh(_IS_WANTED, enrichments.c.status == MmStatus.DEAD.value)
_RERUN = _afresh(_IS_WANTED, _HAS_ENDED)
_RERUN_OTHERS = _afresh(_HAS_ENDED, _IS_OF_TYPE, ~_IS_OF_THE_MODEL)
_KNOWN = Statement(select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")))
_NOTE_BLOCKED = Statement(
    update(enrichments)
    .where(enrichments.c.status == MmStatus.PENDING.value, enrichments.c.error.is_distinct_from(bindparam("new_error")))
    .values(error=bindparam("new_error"))
)
_FIRST_DUE = select(func.min(enrichments.c.due_ms))
_ANY_FROM_THE_FUTURE = select(enrichments.c.seq).where(_IS_FROM_THE_FUTURE).limit(1)
# Nearly all are done; SQLite counts all rows of a table by its pages, and those of one state one by one.
_COUNTED = (MmStatus.PENDING, MmStatus.PROCESSING, MmStatus.DEAD, MmStatus.NOT_ASKED)
# The end of a use is asked about long after its event has arrived.
_IS_END = events.c.event_type == EventType.MACHINE_OCCUPIED_END.value
# Numbers are given in the order of arrival, so the index of states alone tells which is the oldest.
_FIRST_PENDING = select(func.min(enrichments.c.seq)).where(enrichments.c.status == MmStatus.PENDING.value)
_QUEUE = select(
    select(func.count()).select_from(enrichments).scalar_subquery().label("total"),
    select(case((_IS_END, enrichments.c.changed_at_ms), else_=events.c.received_at_ms))
    .select_from(enrichments.join(events))
    .where(enrichments.c.seq == _FIRST_PENDING.scalar_subquery())
    .scalar_subquery()
    .label("oldest"),
    *(
        select(func.count()).where(enrichments.c.status == status.value).scalar_subquery().label(status.value)
        for status in _COUNTED
    ),
)


class Enrichments:
    """The questions to the model. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def judge_ends(self, *, is_on: bool) -> int:
        """Have the ends of uses judged from now on, or not, by all workers; how many questions were taken back."""
        with self._database.write() as transaction:
            return set_judging(transaction, self._now_ms(), is_on=is_on)

    def make_due_questions(self) -> int:
        """Make the questions about ends of uses whose answers matter by now; how many. Mostly it only reads."""
        now_ms = self._now_ms()
        with self._database.read() as connection:
            if connection.execute(ANY_DUE, {"until_ms": now_ms}).first() is None:
                return 0
        with self._database.write() as transaction:
            return make_due_questions(transaction, now_ms)

    def claim(self, lease_s: float, *, awaits_late: bool = True) -> Claim | None:
        """Take the enrichment that has been due for longest, for `lease_s` seconds; None when none is due.

        Questions about ends that matter by now are made first, as by `make_due_questions` of end_questions.py.
        """
        with self._database.write() as transaction:
            return self._claim(transaction, lease_s, awaits_late=awaits_late)

    def renew(self, held: Claim, lease_s: float) -> bool:
        """Keep the claim for `lease_s` more seconds from now; False when another worker has taken it over.

        A power cut may undo it: that ends the worker that holds the claim, too.
        """
        with self._database.write(survives_power_cut=False) as transaction:
            return self._change(transaction, _RENEW, held, lease_s)

    def finish(self, held: Claim, result: MmResult) -> bool:
        """Store the verdict: DONE. False, and nothing stored, when another worker has taken the claim over."""
        with self._database.write() as transaction:
            return self._finish(transaction, held, result)

    def finish_and_claim(
        self, held: Claim, result: MmResult, lease_s: float, *, awaits_late: bool = True
    ) -> tuple[bool, Claim | None]:
        """`finish` one and `claim` the next, in one transaction: the disk is waited for once. Returns both results."""
        with self._database.write() as transaction:
            is_stored = self._finish(transaction, held, result)
            return is_stored, self._claim(transaction, lease_s, awaits_late=awaits_late)

    def fail(self, held: Claim, error: str, retry_in_s: float | None) -> bool:
        """Store why it failed: PENDING again in `retry_in_s` seconds, or DEAD when None. False as in `finish`."""
        status = MmStatus.DEAD if retry_in_s is None else MmStatus.PENDING
        with self._database.write() as transaction:
            values = {"new_status": status.value, "new_error": _without_nul(error)}
            is_held = self._decide(transaction, _FAIL, held, retry_in_s, **values)
            if is_held and status is MmStatus.DEAD:
                note_dead(transaction, held.seq, held.token, error, self._now_ms())
            return is_held

    def release(self, held: Claim, reason: str, retry_in_s: float) -> bool:
        """Give the claim back, due in `retry_in_s` seconds, as if it had not been taken. False as in `finish`."""
        with self._database.write() as transaction:
            return self._decide(transaction, _RELEASE, held, retry_in_s, new_error=_without_nul(reason))

    def note_blocked(self, reason: str) -> int:
        """Let every PENDING enrichment say why nobody works on it; how many said something else before."""
        with self._database.write(survives_power_cut=False) as transaction:
            return _NOTE_BLOCKED.count(transaction, {"new_error": _without_nul(reason)})

    def retry(self, event_id: UUID) -> RetryOutcome:
        """Make a DEAD enrichment PENDING again, its attempts counted from the start."""
        wanted = {"wanted_id": str(event_id)}
        with self._database.write() as transaction:
            if self._ask_afresh(transaction, _REVIVE, **wanted):
                return RetryOutcome.PENDING
            is_known = _KNOWN.run(transaction, wanted).fetchone() is not None
        return RetryOutcome.NOT_DEAD if is_known else RetryOutcome.NOT_FOUND

    def rerun(self, event_id: UUID) -> bool:
        """Ask about a DONE or DEAD event again; False when it is neither, or not there.

        The result that there is stays shown until the new one takes its place, and is kept in the history.
        """
        with self._database.write() as transaction:
            return self._ask_afresh(transaction, _RERUN, wanted_id=str(event_id)) == 1

    def rerun_others(self, model: str, prompt_version: str, end_prompt_version: str | None = None) -> int:
        """`rerun` every attempt whose shown result is not of this model, as requested, and prompt; how many.

        With `end_prompt_version` also the ends of uses that were asked about before, by that prompt.
        """
        wanted = [(EventType.CLEANING_ATTEMPT, prompt_version), (EventType.MACHINE_OCCUPIED_END, end_prompt_version)]
        with self._database.write() as transaction:
            return sum(
                self._ask_afresh(
                    transaction, _RERUN_OTHERS, wanted_type=kind.value, wanted_model=model, wanted_prompt=version
                )
                for kind, version in wanted
                if version is not None
            )

    def queue(self) -> QueueState:
        """How many enrichments are in which state, and since when the oldest PENDING one has waited."""
        with self._database.read() as connection:
            total, oldest_ms, pending, processing, dead, not_asked = connection.execute(_QUEUE).one()
        return QueueState(
            pending=pending,
            processing=processing,
            done=total - pending - processing - dead - not_asked,
            dead=dead,
            not_asked=not_asked,
            oldest_pending_at=None if oldest_ms is None else from_ms(oldest_ms),
        )

    def next_due_s(self) -> float | None:
        """Seconds until the next enrichment can be claimed, 0 when one can be now; None when all are DONE or DEAD."""
        now_ms = self._now_ms()
        with self._database.read() as connection:
            first = connection.execute(_FIRST_DUE).scalar_one()
            if first is None:
                return None
            if first > now_ms and connection.execute(_ANY_FROM_THE_FUTURE, _tolerant(now_ms)).first() is not None:
                return 0.0
        return max(0, int(first) - now_ms) / 1000

    def _claim(self, transaction: Transaction, lease_s: float, *, awaits_late: bool) -> Claim | None:
        make_due_questions(transaction, self._now_ms(), awaits_late=awaits_late)
        while (taken := self._take(transaction, lease_s)) is not None:
            seq, token, attempt, body = taken
            try:
                return Claim(Event.model_validate_json(body), seq, token, attempt)
            except ValidationError as error:
                # One event that an earlier release let through stops no worker from the next.
                reason = f"its event cannot be read by this release: {error.errors()[0]['msg']}"
                values = {"held_seq": seq, "held_token": token, "now_ms": self._now_ms(), "next_ms": None}
                _FAIL.run(transaction, {**values, "new_status": MmStatus.DEAD.value, "new_error": reason})
                follow_verdicts(transaction, ChangeKind.VERDICT, [seq])
                note_dead(transaction, seq, token, reason, self._now_ms())
        return None

    def _take(self, transaction: Transaction, lease_s: float) -> tuple[int, int, int, str] | None:
        """Number, token and attempt of the enrichment that has been due for longest, which is held now, and its event.

        The event is JSON.
        """
        now_ms = self._now_ms()
        parameters = _tolerant(now_ms) | {"until_ms": now_ms + round(lease_s * 1000)}
        for statement in _CLAIMS:
            taken = statement.run(transaction, parameters).fetchone()
            if taken is not None:
                seq, token, attempt, body = taken
                return seq, token, attempt, body
        return None

    def _finish(self, transaction: Transaction, held: Claim, result: MmResult) -> bool:
        if not self._change(transaction, _FINISH, held, None, new_verdict=result.verdict.value):
            return False
        add_result(transaction, held.seq, result, self._now_ms())
        follow_verdicts(transaction, ChangeKind.VERDICT, [held.seq])
        return True

    def _decide(
        self, transaction: Transaction, statement: Statement, held: Claim, retry_in_s: float | None, **new: str
    ) -> bool:
        """`_change`, which is told to whoever follows what changes."""
        is_held = self._change(transaction, statement, held, retry_in_s, **new)
        follow_verdicts(transaction, ChangeKind.VERDICT, [held.seq] if is_held else [])
        return is_held

    def _change(
        self, transaction: Transaction, statement: Statement, held: Claim, due_in_s: float | None, **new: str
    ) -> bool:
        now_ms = self._now_ms()
        next_ms = None if due_in_s is None else now_ms + round(due_in_s * 1000)
        of_claim = {"held_seq": held.seq, "held_token": held.token, "now_ms": now_ms, "next_ms": next_ms}
        return statement.count(transaction, {**of_claim, **new}) == 1

    def _ask_afresh(self, transaction: Transaction, statement: Statement, **wanted: str) -> int:
        now_ms = self._now_ms()
        seqs = [seq for (seq,) in statement.run(transaction, {"now_ms": now_ms, "next_ms": now_ms, **wanted})]
        follow_verdicts(transaction, ChangeKind.VERDICT, seqs)
        return len(seqs)

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())


def _tolerant(now_ms: int) -> dict[str, int]:
    return {"now_ms": now_ms, "tolerated_ms": now_ms + CLOCK_TOLERANCE_MS}


def _without_nul(text: str) -> str:
    """`text` with its NULs written out: PostgreSQL's texts hold none."""
    return text.replace("\0", r"\x00")
