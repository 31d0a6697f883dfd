"""Hidden events: a person ends what one absurd event does, such as one of the year 9999, without losing it.

A hidden event stays as it came, with who hid it and why. It counts nowhere: no list, no session and no figure has it,
no model is asked about it, and to send it again stores nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import BindParameter, ColumnElement, bindparam, case, delete, exists, insert, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.events import NOT_ASKED_REASON, has_pictures
from backend_api.contract.verdicts import MmStatus
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Statement, Transaction
from backend_api.store.db.tables import ChangeKind, enrichments, events, hidden_events, results
from backend_api.store.uses.recomputation import make_session_anew
from backend_api.store.uses.sessions import follow_verdicts


@dataclass(frozen=True, slots=True)
class HiddenEvent:
    """An event that `who` hid at `at` (aware, UTC), and why."""

    event_id: UUID
    at: datetime
    who: str
    reason: str


_FIND = Statement(
    select(events.c.seq, events.c.session_id, events.c.body).where(events.c.event_id == bindparam("wanted_id"))
)
_OF_SEQ: BindParameter[int] = bindparam("of_seq")
_IS_HIDDEN = Statement(select(hidden_events.c.seq).where(hidden_events.c.seq == _OF_SEQ))
_HIDE = Statement(
    insert(hidden_events).values(
        seq=_OF_SEQ, at_ms=bindparam("now_ms"), who=bindparam("new_who"), reason=bindparam("new_reason")
    )
)
_SHOW = Statement(delete(hidden_events).where(hidden_events.c.seq == _OF_SEQ))
# Whoever works on it is refused, and nobody begins.
_GIVE_UP = Statement(
    update(enrichments)
    .where(enrichments.c.seq == _OF_SEQ)
    .values(
        status=MmStatus.DEAD.value,
        due_ms=None,
        error=bindparam("new_error"),
        changed_at_ms=bindparam("now_ms"),
    )
)
_HAS_RESULT: ColumnElement[bool] = exists().where(results.c.seq == enrichments.c.seq)
_TAKE_UP = Statement(
    update(enrichments)
    .where(enrichments.c.seq == _OF_SEQ)
    .values(
        status=case((_HAS_RESULT, MmStatus.DONE.value), else_=MmStatus.PENDING.value),
        due_ms=case((_HAS_RESULT, None), else_=bindparam("now_ms")),
        attempts=0,
        error=None,
        changed_at_ms=bindparam("now_ms"),
    )
)
_LEAVE = Statement(
    update(enrichments)
    .where(enrichments.c.seq == _OF_SEQ)
    .values(
        status=MmStatus.NOT_ASKED.value,
        due_ms=None,
        attempts=0,
        error=NOT_ASKED_REASON,
        changed_at_ms=bindparam("now_ms"),
    )
)
_ALL = (
    select(events.c.event_id, hidden_events)
    .select_from(hidden_events.join(events))
    .order_by(hidden_events.c.at_ms, events.c.seq)
)


class HiddenEvents:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def hide(self, event_id: UUID, reason: str, who: str) -> bool:
        """Let the event count nowhere; what was said before stands. False when there is no event of that id."""
        now_ms = to_ms(self._clock.now())
        with self._database.write() as transaction:
            found = _FIND.run(transaction, {"wanted_id": str(event_id)}).fetchone()
            if found is None:
                return False
            seq, session_id, _ = found
            if _IS_HIDDEN.run(transaction, {"of_seq": seq}).fetchone() is None:
                values = {"of_seq": seq, "now_ms": now_ms, "new_who": who, "new_reason": reason}
                _HIDE.run(transaction, values)
                error = f"hidden by {who}: {reason}"
                _follow(transaction, _GIVE_UP, {"of_seq": seq, "now_ms": now_ms, "new_error": error}, session_id)
        return True

    def show(self, event_id: UUID) -> bool:
        """Let a hidden event count again; False when it is not hidden."""
        with self._database.write() as transaction:
            found = _FIND.run(transaction, {"wanted_id": str(event_id)}).fetchone()
            if found is None or _SHOW.count(transaction, {"of_seq": found[0]}) == 0:
                return False
            seq, session_id, body = found
            taking_up = _TAKE_UP if has_pictures(from_json(body)["attributes"]) else _LEAVE
            _follow(transaction, taking_up, {"of_seq": seq, "now_ms": to_ms(self._clock.now())}, session_id)
        return True

    def all(self) -> list[HiddenEvent]:
        """Every hidden event, in the order in which they were hidden."""
        with self._database.read() as connection:
            rows = connection.execute(_ALL).all()
        return [HiddenEvent(UUID(row.event_id), from_ms(row.at_ms), row.who, row.reason) for row in rows]


def _follow(transaction: Transaction, statement: Statement, values: dict[str, object], session_id: str) -> None:
    """Change the event's enrichment, if it has one, and make its session anew."""
    if statement.count(transaction, values):
        follow_verdicts(transaction, ChangeKind.VERDICT, [int(str(values["of_seq"]))])
    make_session_anew(transaction, session_id)
