"""Which worker may work on which enrichment: leases that run out, and tokens that tell a late worker it is late.

Invariant: only the newest claim of an enrichment can change it. Each claim raises `token`; every later write names the
token of its claim, and writes nothing when another claim came in between (a fencing token, as in Kleppmann, "How to do
distributed locking", 2016).

`due_ms` is when an enrichment may be claimed, by the wall clock, because processes share no other. When that clock is
set back, what was written under the old time counts as due at once: the worst is one question asked twice, and the
token sees to it that only one answer is kept.
"""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.events import Event
from backend_api.contract.verdicts import MmResult, MmStatus, QueueState
from backend_api.store.database import Database
from backend_api.store.statements import Statement
from backend_api.store.tables import enrichments, events
from backend_api.store.verdict_history import add_result

# Corrections by a time server are smaller than this; what is stamped further in the future is from before a jump back.
CLOCK_TOLERANCE_MS = 5_000


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one event until the lease runs out; `attempt` counts from 1."""

    event: Event
    token: int
    attempt: int


_IS_DUE = enrichments.c.due_ms <= bindparam("now_ms")
_IS_FROM_THE_FUTURE = and_(
    enrichments.c.due_ms > bindparam("now_ms"), enrichments.c.changed_at_ms > bindparam("tolerated_ms")
)


def _claiming(condition: ColumnElement[bool]) -> ReturningUpdate[int, int, int]:
    oldest = select(enrichments.c.seq).where(condition).order_by(enrichments.c.due_ms, enrichments.c.seq).limit(1)
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
        .returning(enrichments.c.seq, enrichments.c.token, enrichments.c.attempts)
    )


def _of_event(*conditions: ColumnElement[bool], **changes: object) -> Statement:
    # Parameters that a statement changes must not be named like its columns.
    seq = select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")).scalar_subquery()
    return Statement(
        update(enrichments)
        .where(enrichments.c.seq == seq, *conditions)
        .values(changed_at_ms=bindparam("now_ms"), due_ms=bindparam("next_ms"), **changes)
    )


def _answered_by(*fields: str) -> ColumnElement[str]:
    """The first of `fields` that the result has."""
    return func.coalesce(*(func.json_extract(enrichments.c.result, f"$.{field}") for field in fields), "")


_IS_HELD = (enrichments.c.token == bindparam("held_token"), enrichments.c.status == MmStatus.PROCESSING.value)
_CLAIMS = (Statement(_claiming(_IS_DUE)), Statement(_claiming(_IS_FROM_THE_FUTURE)))
_BODY = Statement(select(events.c.body).where(events.c.seq == bindparam("wanted_seq")))
_KNOWN = Statement(select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")))
_RENEW = _of_event(*_IS_HELD)
_FINISH = _of_event(
    *_IS_HELD,
    status=MmStatus.DONE.value,
    error=None,
    verdict=bindparam("new_verdict"),
    result=bindparam("new_result"),
)
_FAIL = _of_event(*_IS_HELD, status=bindparam("new_status"), error=bindparam("new_error"))
_REVIVE = _of_event(enrichments.c.status == MmStatus.DEAD.value, status=MmStatus.PENDING.value, attempts=0, error=None)
_RELEASE = _of_event(
    *_IS_HELD,
    status=MmStatus.PENDING.value,
    error=bindparam("new_error"),
    attempts=enrichments.c.attempts - 1,
)
_HAS_ENDED = or_(enrichments.c.status == MmStatus.DONE.value, enrichments.c.status == MmStatus.DEAD.value)
_AFRESH = {"status": MmStatus.PENDING.value, "attempts": 0, "error": None}
_RERUN = _of_event(_HAS_ENDED, **_AFRESH)
_RERUN_OTHERS = Statement(
    update(enrichments)
    .where(
        _HAS_ENDED,
        enrichments.c.result.is_(None)
        | (_answered_by("requested_model", "model") != bindparam("wanted_model"))
        | (_answered_by("prompt_version") != bindparam("wanted_prompt")),
    )
    .values(changed_at_ms=bindparam("now_ms"), due_ms=bindparam("now_ms"), **_AFRESH)
)
_NOTE_BLOCKED = Statement(
    update(enrichments)
    .where(enrichments.c.status == MmStatus.PENDING.value, enrichments.c.error.is_distinct_from(bindparam("new_error")))
    .values(error=bindparam("new_error"))
)
_FIRST_DUE = select(func.min(enrichments.c.due_ms))
_ANY_FROM_THE_FUTURE = select(enrichments.c.seq).where(_IS_FROM_THE_FUTURE).limit(1)


class RetryOutcome(StrEnum):
    """What became of the wish to try an enrichment again."""

    PENDING = "pending"
    NOT_DEAD = "not dead"
    NOT_FOUND = "not found"


class Enrichments:
    """The questions to the model. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def claim(self, lease_s: float) -> Claim | None:
        """Take the enrichment that has been due for longest, for `lease_s` seconds; None when none is due."""
        with self._database.write() as connection:
            return claim(connection, self._now_ms(), round(lease_s * 1000))

    def renew(self, held: Claim, lease_s: float) -> bool:
        """Keep the claim for `lease_s` more seconds from now; False when another worker has taken it over.

        A power cut may undo it: that ends the worker that holds the claim, too.
        """
        with self._database.write(survives_power_cut=False) as connection:
            return renew(connection, held, self._now_ms(), round(lease_s * 1000))

    def finish(self, held: Claim, result: MmResult) -> bool:
        """Store the verdict: DONE. False, and nothing stored, when another worker has taken the claim over."""
        with self._database.write() as connection:
            return finish(connection, held, result, self._now_ms())

    def finish_and_claim(self, held: Claim, result: MmResult, lease_s: float) -> tuple[bool, Claim | None]:
        """`finish` one and `claim` the next, in one transaction: the disk is waited for once. What both return."""
        with self._database.write() as connection:
            is_stored = finish(connection, held, result, self._now_ms())
            return is_stored, claim(connection, self._now_ms(), round(lease_s * 1000))

    def fail(self, held: Claim, error: str, retry_in_s: float | None) -> bool:
        """Store why it failed: PENDING again in `retry_in_s` seconds, or DEAD when None. False as in `finish`."""
        retry_in_ms = None if retry_in_s is None else round(retry_in_s * 1000)
        with self._database.write() as connection:
            return fail(connection, held, error, self._now_ms(), retry_in_ms)

    def release(self, held: Claim, reason: str, retry_in_s: float) -> bool:
        """Give the claim back, due in `retry_in_s` seconds, as if it had not been taken. False as in `finish`."""
        with self._database.write() as connection:
            return release(connection, held, reason, self._now_ms(), round(retry_in_s * 1000))

    def note_blocked(self, reason: str) -> int:
        """Let every PENDING enrichment say why nobody works on it; how many said something else before."""
        with self._database.write(survives_power_cut=False) as connection:
            return note_blocked(connection, reason)

    def retry(self, event_id: UUID) -> RetryOutcome:
        """Make a DEAD enrichment PENDING again, its attempts counted from the start."""
        with self._database.write() as connection:
            if revive(connection, event_id, self._now_ms()):
                return RetryOutcome.PENDING
            is_known = _KNOWN.run(connection, {"wanted_id": str(event_id)}).fetchone() is not None
        return RetryOutcome.NOT_DEAD if is_known else RetryOutcome.NOT_FOUND

    def rerun(self, event_id: UUID) -> bool:
        """Ask about a DONE or DEAD event again; False when it is neither, or not there.

        The result that there is stays shown until the new one takes its place, and is kept in the history.
        """
        with self._database.write() as connection:
            return rerun(connection, event_id, self._now_ms())

    def rerun_others(self, model: str, prompt_version: str) -> int:
        """`rerun` every event whose shown result is not of this model, as requested, and prompt; how many."""
        with self._database.write() as connection:
            return rerun_others(connection, model, prompt_version, self._now_ms())

    def queue(self) -> QueueState:
        """How many enrichments are in which state, and since when the oldest PENDING one has waited."""
        with self._database.read() as connection:
            return read_queue(connection)

    def next_due_s(self) -> float | None:
        """Seconds until the next enrichment can be claimed, 0 when one can be now; None when all are DONE or DEAD."""
        with self._database.read() as connection:
            due_ms = next_due_ms(connection, self._now_ms())
        return None if due_ms is None else due_ms / 1000

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())


def claim(connection: sqlite3.Connection, now_ms: int, lease_ms: int) -> Claim | None:
    """Take the enrichment that has been due for longest; None when none is due."""
    parameters = _now(now_ms) | {"until_ms": now_ms + lease_ms}
    for statement in _CLAIMS:
        taken = statement.run(connection, parameters).fetchone()
        if taken is not None:
            seq, token, attempt = taken
            [body] = _BODY.run(connection, {"wanted_seq": seq}).fetchone()
            return Claim(Event.model_validate_json(body), token, attempt)
    return None


def renew(connection: sqlite3.Connection, held: Claim, now_ms: int, lease_ms: int) -> bool:
    """Let the lease run for `lease_ms` from now; False when another worker has the job."""
    return _write(connection, _RENEW, held, now_ms, now_ms + lease_ms)


def finish(connection: sqlite3.Connection, held: Claim, result: MmResult, now_ms: int) -> bool:
    """Store the verdict, here and in the history; False, and nothing stored, when another worker has the job."""
    verdict, text = result.verdict.value, result.model_dump_json()
    if not _write(connection, _FINISH, held, now_ms, None, new_verdict=verdict, new_result=text):
        return False
    add_result(connection, held.event.event_id, result, now_ms)
    return True


def fail(connection: sqlite3.Connection, held: Claim, error: str, now_ms: int, retry_in_ms: int | None) -> bool:
    """Store why it failed; PENDING again in `retry_in_ms`, or DEAD when that is None. False as in `finish`."""
    status, next_ms = (MmStatus.DEAD, None) if retry_in_ms is None else (MmStatus.PENDING, now_ms + retry_in_ms)
    return _write(connection, _FAIL, held, now_ms, next_ms, new_status=status.value, new_error=error)


def release(connection: sqlite3.Connection, held: Claim, reason: str, now_ms: int, retry_in_ms: int) -> bool:
    """Give the claim back as if it had not been taken, PENDING in `retry_in_ms` with `reason`; False as in `finish`."""
    return _write(connection, _RELEASE, held, now_ms, now_ms + retry_in_ms, new_error=reason)


def note_blocked(connection: sqlite3.Connection, reason: str) -> int:
    """Let every PENDING enrichment say `reason`; how many said something else."""
    return _NOTE_BLOCKED.run(connection, {"new_error": reason}).rowcount


def rerun(connection: sqlite3.Connection, event_id: UUID, now_ms: int) -> bool:
    """Make a DONE or DEAD enrichment PENDING, its result left as it is; False when it is neither, or not there."""
    parameters = {"wanted_id": str(event_id), "now_ms": now_ms, "next_ms": now_ms}
    return _RERUN.run(connection, parameters).rowcount == 1


def rerun_others(connection: sqlite3.Connection, model: str, prompt_version: str, now_ms: int) -> int:
    """`rerun` all that have no result of this model and prompt; how many."""
    parameters = {"wanted_model": model, "wanted_prompt": prompt_version, "now_ms": now_ms}
    return _RERUN_OTHERS.run(connection, parameters).rowcount


def revive(connection: sqlite3.Connection, event_id: UUID, now_ms: int) -> bool:
    """Make a DEAD enrichment PENDING, with all its attempts before it; False when it is not DEAD, or not there."""
    parameters = {"wanted_id": str(event_id), "now_ms": now_ms, "next_ms": now_ms}
    return _REVIVE.run(connection, parameters).rowcount == 1


def next_due_ms(connection: Connection, now_ms: int) -> int | None:
    """Milliseconds until an enrichment can be claimed, 0 when one can be now; None when all are DONE or DEAD."""
    first = connection.execute(_FIRST_DUE).scalar_one()
    if first is None:
        return None
    if first > now_ms and connection.execute(_ANY_FROM_THE_FUTURE, _now(now_ms)).first() is not None:
        return 0
    return max(0, int(first) - now_ms)


def _now(now_ms: int) -> dict[str, int]:
    return {"now_ms": now_ms, "tolerated_ms": now_ms + CLOCK_TOLERANCE_MS}


def _write(
    connection: sqlite3.Connection, statement: Statement, held: Claim, now_ms: int, next_ms: int | None, **new: str
) -> bool:
    parameters = {
        "wanted_id": str(held.event.event_id),
        "held_token": held.token,
        "now_ms": now_ms,
        "next_ms": next_ms,
        **new,
    }
    return statement.run(connection, parameters).rowcount == 1


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
