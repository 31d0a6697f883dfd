"""Requests to the models' servers and what they took: the truth behind daily caps.

A request is written down before it is sent, in the transaction that finds that there is room for it. So several
workers keep one cap together, and a worker that dies meanwhile has not forgotten the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, cast, delete, func, insert, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import to_ms
from backend_api.store.db.database import Database, Lock
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import events, model_calls


@dataclass(frozen=True, slots=True)
class Spending:
    """Requests, tokens (in and out), and cost in the currency of the worker's prices."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0


_SPENT = select(
    func.count(),
    # PostgreSQL adds up large integers to a decimal.
    func.coalesce(cast(func.sum(model_calls.c.tokens), BigInteger), 0),
    func.coalesce(func.sum(model_calls.c.cost), 0.0),
).where(model_calls.c.at_ms >= bindparam("since_ms"))
_SPENT_NOW = Statement(_SPENT)
_BEGIN = Statement(
    insert(model_calls)
    .values(
        seq=select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")).scalar_subquery(),
        at_ms=bindparam("new_at_ms"),
        tokens=0,
        cost=0.0,
    )
    .returning(model_calls.c.id)
)
_SETTLE = Statement(
    update(model_calls)
    .where(model_calls.c.id == bindparam("wanted_call"))
    .values(tokens=bindparam("new_tokens"), cost=bindparam("new_cost"))
)


_CANCEL = Statement(delete(model_calls).where(model_calls.c.id == bindparam("wanted_call")))


class ModelCalls:
    """The requests. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def spent(self, since: datetime) -> Spending:
        """The requests to the models' servers since `since`, and what they took."""
        with self._database.read() as connection:
            return Spending(*connection.execute(_SPENT, {"since_ms": to_ms(since)}).one())

    def begin(self, event_id: UUID, since: datetime, has_room: Callable[[Spending], bool]) -> int | None:
        """Write down a request about to be sent, when what was spent since `since` leaves room; its number, or None."""
        with self._database.write(survives_power_cut=False, lock=Lock.CALLS) as transaction:
            if not has_room(Spending(*_SPENT_NOW.run(transaction, {"since_ms": to_ms(since)}).fetchone())):
                return None
            values = {"wanted_id": str(event_id), "new_at_ms": to_ms(self._clock.now())}
            [[call]] = _BEGIN.run(transaction, values).fetchall()
            return int(call)

    def cancel(self, call: int) -> None:
        """Take back a request that was never sent."""
        with self._database.write(survives_power_cut=False) as transaction:
            _CANCEL.run(transaction, {"wanted_call": call})

    def settle(self, call: int, tokens: int, cost: float) -> None:
        """Write down what a request took."""
        with self._database.write(survives_power_cut=False) as transaction:
            _SETTLE.run(transaction, {"wanted_call": call, "new_tokens": tokens, "new_cost": cost})
