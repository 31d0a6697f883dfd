"""Corrections of uses: what people say was really there. Only ever added to; the events never change.

Invariant: a session's row says the latest correction of it that was not withdrawn. The steps that keep it, in one
transaction: the correction, the session made anew from everything that is stored, the log of changes.
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, case, func, insert, select

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.corrections import StoredCorrection, UseCorrection, UseTruth
from backend_api.store.db.database import Database
from backend_api.store.db.statements import RowLock, Statement
from backend_api.store.db.tables import ChangeKind, corrections, events, sessions
from backend_api.store.uses.recomputation import make_session_anew


class CorrectionOutcome(StrEnum):
    """The outcome of a correction: kept, or why not."""

    KEPT = "kept"
    NO_SESSION = "no_session"
    EVENTS_REMOVED = "events_removed"
    NOTHING_TO_WITHDRAW = "nothing_to_withdraw"


_COLUMNS = ("session_id", "at_ms", "who", "truth", "note")
_SESSION = Statement(
    select(sessions.c.events_removed_ms, sessions.c.correction).where(sessions.c.session_id == bindparam("of_session"))
)
# So that the corrections of a use follow one another.
_LOCK = RowLock(select(sessions.c.seq).where(sessions.c.session_id == bindparam("of_session")))
_ADD = Statement(insert(corrections).values({name: bindparam(f"new_{name}") for name in _COLUMNS}))
# Its START, else the one that came first: the change is told with it.
_FIRST_EVENT = Statement(
    select(events.c.seq)
    .where(events.c.session_id == bindparam("of_session"))
    .order_by(case((events.c.event_id == events.c.session_id, 0), else_=1), events.c.seq)
    .limit(1)
)
_HISTORY = select(corrections).order_by(corrections.c.id)
_latest = corrections.alias("latest_correction")
# The latest one of the use that the row of `events` beside it belongs to, withdrawn or not.
LATEST_CORRECTION_ID = (
    select(func.max(_latest.c.id))
    .where(_latest.c.session_id == events.c.session_id)
    .correlate(events)
    .scalar_subquery()
)


class Corrections:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, session_id: UUID, correction: UseCorrection) -> CorrectionOutcome:
        """Keep what somebody says of the use, or takes back of what was said before."""
        of_session = {"of_session": str(session_id)}
        values = {
            "new_session_id": str(session_id),
            "new_at_ms": to_ms(self._clock.now()),
            "new_who": correction.who,
            "new_truth": correction.truth.value,
            "new_note": correction.note,
        }
        with self._database.write() as transaction:
            _LOCK.hold(transaction, of_session)
            found = _SESSION.run(transaction, of_session).fetchone()
            if found is None:
                return CorrectionOutcome.NO_SESSION
            events_removed_ms, standing = found
            if events_removed_ms is not None:
                return CorrectionOutcome.EVENTS_REMOVED
            if correction.truth is UseTruth.WITHDRAWN and standing is None:
                return CorrectionOutcome.NOTHING_TO_WITHDRAW
            _ADD.run(transaction, values)
            make_session_anew(transaction, str(session_id))
            transaction.log(ChangeKind.USE, [seq for (seq,) in _FIRST_EVENT.run(transaction, of_session)])
        return CorrectionOutcome.KEPT

    def history(self, session_id: UUID | None = None) -> list[StoredCorrection]:
        """Every correction of the use, or of all uses, the oldest first."""
        query = _HISTORY if session_id is None else _HISTORY.where(corrections.c.session_id == str(session_id))
        with self._database.read() as connection:
            return [
                StoredCorrection(
                    session_id=UUID(row.session_id),
                    at=from_ms(row.at_ms),
                    who=row.who,
                    truth=UseTruth(row.truth),
                    note=row.note,
                )
                for row in connection.execute(query)
            ]
