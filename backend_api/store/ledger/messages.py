"""Messages to targets: put together from notices, claimed under a lease, and noted as sent, to be sent again, or dead.

Invariant: only the newest claim of a message can change it, as in enrichments.py. What a message tells is settled when
it is put together: one that is sent a second time, since its sender died before it could note the first, is the same.
Each target has one message under way at most, in all processes together.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.base.process import escape_controls
from backend_api.contract.alerts import (
    MAX_ANSWER_CHARACTERS,
    AlertFacts,
    AlertKind,
    AlertPhase,
    MessageStatus,
    TargetState,
    Telling,
)
from backend_api.store.db.database import Database, Lock
from backend_api.store.db.statements import DialectInsert, Statement, Transaction
from backend_api.store.ledger.alerts import AlertRow, Thing, begin_condition, end_condition, to_row
from backend_api.store.ledger.tables import alert_messages, alert_notices, alert_targets, alerts

# As in enrichments.py: what is stamped further in the future is from before the clock was set back.
CLOCK_TOLERANCE_MS = 5_000
# After so many failures in a row others are told that the target cannot be reached.
TOLD_AFTER_FAILURES = 3
# A message tells no more than these; what is left goes with the next.
MOST_NOTICES = 500

_PENDING, _SENDING, _SENT, _DEAD = (status.value for status in MessageStatus)
_UNDER_WAY = or_(alert_messages.c.status == _PENDING, alert_messages.c.status == _SENDING)
_BUSY = Statement(
    select(alert_messages.c.id).where(alert_messages.c.target == bindparam("of_target"), _UNDER_WAY).limit(1)
)
_WAITING = (
    select(alert_notices.c.id, alert_notices.c.at_ms, alerts.c.kind)
    .join(alerts, alerts.c.id == alert_notices.c.alert_id)
    .where(alert_notices.c.message_id.is_(None), alert_notices.c.target == bindparam("of_target"))
    .order_by(alert_notices.c.id)
    .limit(MOST_NOTICES)
)
_WAITING_NOW = Statement(_WAITING)
_LAST_MADE = Statement(
    select(func.max(alert_messages.c.made_ms)).where(alert_messages.c.target == bindparam("of_target"))
)
_MAKE = Statement(
    insert(alert_messages)
    .values(
        target=bindparam("of_target"),
        status=bindparam("new_status"),
        attempts=bindparam("new_attempts"),
        token=0,
        due_ms=bindparam("next_ms"),
        made_ms=bindparam("now_ms"),
        changed_ms=bindparam("now_ms"),
        answer=bindparam("new_answer"),
    )
    .returning(alert_messages.c.id)
)
_PUT_IN = Statement(
    update(alert_notices).where(alert_notices.c.id == bindparam("of_notice")).values(message_id=bindparam("of_message"))
)
_IS_DUE = or_(
    alert_messages.c.due_ms <= bindparam("now_ms"),
    # Written before the clock was set back.
    and_(alert_messages.c.due_ms > bindparam("now_ms"), alert_messages.c.changed_ms > bindparam("tolerated_ms")),
)
_CLAIM = Statement(
    update(alert_messages)
    .where(
        alert_messages.c.id
        == select(alert_messages.c.id)
        .where(_IS_DUE, alert_messages.c.target == bindparam("of_target"), _UNDER_WAY)
        .order_by(alert_messages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    .values(
        status=_SENDING,
        token=alert_messages.c.token + 1,
        attempts=alert_messages.c.attempts + 1,
        due_ms=bindparam("until_ms"),
        changed_ms=bindparam("now_ms"),
    )
    .returning(*alert_messages.c["id", "token", "attempts", "made_ms"])
)
_ANY_DUE = select(alert_messages.c.target).where(_IS_DUE, _UNDER_WAY).distinct()
_ANY_WAITING = select(alert_notices.c.target).where(alert_notices.c.message_id.is_(None)).distinct()
_NOTE = Statement(
    update(alert_messages)
    .where(
        alert_messages.c.id == bindparam("held_id"),
        alert_messages.c.token == bindparam("held_token"),
        alert_messages.c.status == _SENDING,
    )
    .values(
        status=bindparam("new_status"),
        due_ms=bindparam("next_ms"),
        changed_ms=bindparam("now_ms"),
        answer=bindparam("new_answer"),
    )
)
_TOLD = (
    select(alert_notices.c.phase, alert_notices.c.at_ms.label("noticed_ms"), alerts)
    .join(alerts, alerts.c.id == alert_notices.c.alert_id)
    .where(alert_notices.c.message_id == bindparam("of_message"))
    .order_by(alert_notices.c.id)
)
_SNOOZE_ALL = select(alert_targets)
_NEWEST = select(func.max(alert_messages.c.id)).group_by(alert_messages.c.target)
_LAST = select(alert_messages).where(alert_messages.c.id.in_(_NEWEST))
_COUNTED = (
    select(alert_notices.c.target, func.count())
    .outerjoin(alert_messages, alert_messages.c.id == alert_notices.c.message_id)
    .where(or_(alert_notices.c.message_id.is_(None), _UNDER_WAY))
    .group_by(alert_notices.c.target)
)
_GIVE_UP = Statement(
    update(alert_messages)
    .where(alert_messages.c.target == bindparam("of_target"), _UNDER_WAY)
    .values(status=_DEAD, due_ms=None, changed_ms=bindparam("now_ms"), answer=bindparam("new_answer"))
)
_FORGET_WAITING = Statement(
    delete(alert_notices).where(alert_notices.c.message_id.is_(None), alert_notices.c.target == bindparam("of_target"))
)
_TARGETS = select(alert_messages.c.target).where(_UNDER_WAY).union(_ANY_WAITING)


def _snoozing(insert_into: DialectInsert) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    names = ("snoozed_until_ms", "snoozed_by")
    inserting = insert_into(alert_targets).values(
        name=bindparam("of_target"), **{name: bindparam(f"new_{name}") for name in names}
    )
    return inserting.on_conflict_do_update(
        index_elements=["name"], set_={name: inserting.excluded[name] for name in names}
    )


_SNOOZE = Statement(_snoozing)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a message tells: an alert, and what of it."""

    alert: AlertRow
    phase: AlertPhase
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageClaim:
    """The right to send one message until the lease runs out; `attempt` counts from 1."""

    id: int
    target: str
    token: int
    attempt: int
    made_at: datetime
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Pace:
    """How messages follow each other, in seconds: so long notices are gathered, and messages of a target are apart."""

    gather_s: float = 20.0
    apart_s: float = 60.0
    lease_s: float = 120.0


class Messages:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def targets_at_work(self) -> tuple[set[str], set[str]]:
        """The targets with notices that wait for a message, and those with a message that may be claimed."""
        with self._database.read() as connection:
            waiting = set(connection.execute(_ANY_WAITING).scalars())
            due = set(connection.execute(_ANY_DUE, self._times()).scalars())
        return waiting, due

    def put_together(self, target: str, pace: Pace) -> bool:
        """Make a message of what waits for `target`, if it is time and none is under way.

        A digest is a message of its own; alerts that came before it go first.
        """
        times = self._times()
        of_target = {"of_target": target}
        with self._database.write(lock=Lock.MESSAGES) as transaction:
            if _BUSY.run(transaction, of_target).fetchone() is not None:
                return False
            waiting = _WAITING_NOW.run(transaction, of_target).fetchall()
            last_ms = _LAST_MADE.run(transaction, of_target).fetchone()[0]
            if not waiting or not _is_time(waiting[0][1], last_ms, times["now_ms"], pace):
                return False
            new = {"new_status": _PENDING, "new_attempts": 0, "next_ms": times["now_ms"], "new_answer": None}
            [[message_id]] = _MAKE.run(transaction, {**of_target, **new, "now_ms": times["now_ms"]}).fetchall()
            for notice_id in _first_message(waiting):
                _PUT_IN.run(transaction, {"of_notice": notice_id, "of_message": message_id})
        return True

    def claim(self, target: str, lease_s: float) -> MessageClaim | None:
        """Take the message to `target` that is due, for `lease_s` seconds; None when there is none."""
        times = self._times()
        values = {"of_target": target, "until_ms": times["now_ms"] + round(lease_s * 1000), **times}
        with self._database.write() as transaction:
            taken = _CLAIM.run(transaction, values).fetchone()
        if taken is None:
            return None
        message_id, token, attempt, made_ms = taken
        with self._database.read() as connection:
            found = connection.execute(_TOLD, {"of_message": message_id}).all()
        notices = tuple(Notice(to_row(row), AlertPhase(row.phase), from_ms(row.noticed_ms)) for row in found)
        return MessageClaim(message_id, target, token, attempt, from_ms(made_ms), notices)

    def note_sent(self, held: MessageClaim, answer: str) -> bool:
        """Note that it arrived, by the target's `answer`; False when another process has taken the claim over."""
        with self._database.write() as transaction:
            if not self._note(transaction, held, _SENT, None, answer):
                return False
            end_condition(transaction, _failed(held.target), self._now_ms())
        return True

    def note_failed(self, held: MessageClaim, answer: str, retry_in_s: float | None) -> bool:
        """Note why it did not: to be tried again in `retry_in_s` seconds, or DEAD when None. False as in `note_sent`.

        When it is DEAD, or has failed several times, that is an alert for the other targets, in the same transaction.
        """
        status = _DEAD if retry_in_s is None else _PENDING
        with self._database.write() as transaction:
            if not self._note(transaction, held, status, retry_in_s, answer):
                return False
            if retry_in_s is None or held.attempt == TOLD_AFTER_FAILURES:
                facts = AlertFacts(detail=_shown(answer))
                begin_condition(transaction, _failed(held.target), facts, self._now_ms())
        return True

    def note_test(self, target: str, answer: str, *, is_ok: bool) -> None:
        """Note a test message that was sent just now, and what came of it."""
        values = {"of_target": target, "new_status": _SENT if is_ok else _DEAD, "new_attempts": 1, "next_ms": None}
        with self._database.write() as transaction:
            _MAKE.run(transaction, {**values, "now_ms": self._now_ms(), "new_answer": _shown(answer)})

    def give_up_others(self, known: Collection[str]) -> int:
        """Let messages to targets that are not `known` any more be DEAD; to how many targets."""
        with self._database.read() as connection:
            gone = set(connection.execute(_TARGETS).scalars()) - set(known)
        if not gone:
            return 0
        now_ms = self._now_ms()
        with self._database.write() as transaction:
            for target in gone:
                _GIVE_UP.run(
                    transaction,
                    {"of_target": target, "now_ms": now_ms, "new_answer": "not sent: it is no target any more"},
                )
                _FORGET_WAITING.run(transaction, {"of_target": target})
                end_condition(transaction, _failed(target), now_ms)
        return len(gone)

    def snooze(self, target: str, until: datetime | None, who: str) -> None:
        """Leave `target` in peace until then; None ends that."""
        values = {
            "of_target": target,
            "new_snoozed_until_ms": None if until is None else to_ms(until),
            "new_snoozed_by": None if until is None else who,
        }
        with self._database.write() as transaction:
            _SNOOZE.run(transaction, values)

    def snoozed_until(self) -> dict[str, datetime]:
        """Until when each target is left in peace; those that are not are left out."""
        now_ms = self._now_ms()
        with self._database.read() as connection:
            rows = connection.execute(_SNOOZE_ALL).all()
        return {row.name: from_ms(row.snoozed_until_ms) for row in rows if (row.snoozed_until_ms or 0) > now_ms}

    def states(self, targets: Iterable[tuple[str, str, str]]) -> list[TargetState]:
        """How telling each of `targets` goes: name, way, and limits in words."""
        with self._database.read() as connection:
            last = {row.target: row for row in connection.execute(_LAST)}
            counted = {row[0]: row[1] for row in connection.execute(_COUNTED)}
            snoozed = {row.name: row for row in connection.execute(_SNOOZE_ALL)}
        now_ms = self._now_ms()
        return [
            _state(name, way, limits, last.get(name), counted.get(name, 0), snoozed.get(name), now_ms)
            for name, way, limits in targets
        ]

    def _note(
        self, transaction: Transaction, held: MessageClaim, status: str, due_in_s: float | None, answer: str
    ) -> bool:
        now_ms = self._now_ms()
        values = {
            "held_id": held.id,
            "held_token": held.token,
            "new_status": status,
            "next_ms": None if due_in_s is None else now_ms + round(due_in_s * 1000),
            "now_ms": now_ms,
            "new_answer": _shown(answer),
        }
        return _NOTE.count(transaction, values) == 1

    def _times(self) -> dict[str, int]:
        now_ms = self._now_ms()
        return {"now_ms": now_ms, "tolerated_ms": now_ms + CLOCK_TOLERANCE_MS}

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())


def read_tellings(connection: Connection, alert_ids: Sequence[int]) -> dict[int, list[Telling]]:
    """What became of telling each of these alerts, by its number, in the order in which it was noticed."""
    query = (
        select(
            *alert_notices.c["alert_id", "target", "phase", "at_ms"],
            *alert_messages.c["status", "changed_ms", "attempts", "answer"],
        )
        .outerjoin(alert_messages, alert_messages.c.id == alert_notices.c.message_id)
        .where(alert_notices.c.alert_id.in_(alert_ids))
        .order_by(alert_notices.c.id)
    )
    found: dict[int, list[Telling]] = {}
    for row in connection.execute(query):
        telling = Telling(
            target=row.target,
            phase=AlertPhase(row.phase),
            status=None if row.status is None else MessageStatus(row.status),
            at=from_ms(row.at_ms if row.changed_ms is None else row.changed_ms),
            attempts=row.attempts or 0,
            answer=row.answer,
        )
        found.setdefault(row.alert_id, []).append(telling)
    return found


def _is_time(first_ms: int, last_ms: int | None, now_ms: int, pace: Pace) -> bool:
    """Whether notices were gathered long enough, and the last message lies far enough back.

    What lies in the future was written before the clock was set back: it counts as long ago.
    """
    gathered = first_ms > now_ms or now_ms - first_ms >= pace.gather_s * 1000
    apart = last_ms is None or last_ms > now_ms or now_ms - last_ms >= pace.apart_s * 1000
    return gathered and apart


def _first_message(waiting: Sequence[tuple[int, int, str]]) -> list[int]:
    """The notices of the next message: those before the first digest, or that digest alone."""
    chosen: list[int] = []
    for notice_id, _, kind in waiting:
        if kind in (AlertKind.DIGEST_DAY.value, AlertKind.DIGEST_WEEK.value):
            return chosen or [notice_id]
        chosen.append(notice_id)
    return chosen


def _shown(answer: str) -> str:
    """The answer of somebody else's server as it is kept."""
    return escape_controls(answer)[:MAX_ANSWER_CHARACTERS]


def _failed(target: str) -> Thing:
    return Thing(AlertKind.TARGET_FAILED, "", target)


def _state(name: str, way: str, limits: str, last: Any, waiting: int, snoozed: Any, now_ms: int) -> TargetState:  # noqa: ANN401 - rows
    is_snoozed = snoozed is not None and (snoozed.snoozed_until_ms or 0) > now_ms
    return TargetState(
        name=name,
        way=way,
        limits=limits,
        waiting=waiting,
        snoozed_until=from_ms(snoozed.snoozed_until_ms) if is_snoozed else None,
        snoozed_by=snoozed.snoozed_by if is_snoozed else None,
        last_status=None if last is None else MessageStatus(last.status),
        last_at=None if last is None else from_ms(last.changed_ms),
        last_attempts=0 if last is None else last.attempts,
        last_answer=None if last is None else last.answer,
    )
