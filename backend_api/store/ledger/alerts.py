"""The ledger of alerts: what is to be told, written in the transaction of what it tells of.

Invariant: each alert is written once, whoever notices it and how often: its `occurrence` is unique, and of one thing
there is one open condition of a kind. Several backends that look at one database so write it once, too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ClauseElement, Connection, Row, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import Insert as OnConflictInsert

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.alerts import CONDITIONS, DIGESTS, AlertFacts, AlertKind, AlertPhase
from backend_api.contract.values import to_milliseconds
from backend_api.contract.verdicts import Verdict
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Insert, Statement, Transaction
from backend_api.store.db.tables import events, hidden_events, sessions
from backend_api.store.ledger.tables import alert_notices, alerts
from backend_api.store.uses.end_questions import JUDGED_FROM_MS
from backend_api.store.uses.session_row import OPENED

BEGAN, OVER, BOTH, ROUTED = "began", "over", "both", ""
# Uncleaned windows that closed longer ago are left to the figures: nobody can clean after them any more.
UNCLEANED_WITHIN_MS = 86_400_000
# No use of a machine is longer.
_LONGEST_USE_MS = 86_400_000
_A_LOOK = 500

# Up to when all is known that the edge of a store's camera saw.
KnownUntil = Callable[[str, str], datetime]
_COLUMNS = ("occurrence", "kind", "store_id", "subject", "at_ms", "over_ms", "facts", "unrouted")


def _once(insert: OnConflictInsert) -> ClauseElement:
    # Without naming the index: either the occurrence is known, or the condition is open.
    return insert.on_conflict_do_nothing().returning(alerts.c.id)


_ADD = Insert(alerts, _COLUMNS, _once)
_EVENT_FACTS = Statement(
    select(
        *events.c["event_id", "store_id", "camera_id", "machine_id", "session_id"],
        select(hidden_events.c.seq).where(hidden_events.c.seq == events.c.seq).scalar_subquery().label("hidden"),
    ).where(events.c.seq == bindparam("of_seq"))
)
_attempt = events.alias("attempt")
# A window that closed without a good attempt, and of which nothing is asked any more. What a person said counts.
_UNCLEANED = (
    select(
        *sessions.c["session_id", "store_id", "camera_id", "machine_id", "closes_ms", "outcome_key"],
        _attempt.c.event_id,
    )
    .select_from(sessions)
    .outerjoin(_attempt, _attempt.c.seq == sessions.c.attempt_seq)
    .where(
        or_(sessions.c.outcome_key == OPENED, sessions.c.outcome_key == Verdict.NOT_CLEANED.value),
        sessions.c.ts_ms > bindparam("began_after_ms"),
        sessions.c.closes_ms > bindparam("closed_after_ms"),
        sessions.c.closes_ms <= bindparam("closed_before_ms"),
        sessions.c.review.is_distinct_from("no"),
        # Nobody is yet to be asked whether it was wiped before it was left.
        or_(sessions.c.end_due_ms.is_(None), sessions.c.end_due_ms < JUDGED_FROM_MS),
        ~select(alerts.c.id)
        .where(alerts.c.occurrence == (AlertKind.WINDOW_UNCLEANED.value + ":") + sessions.c.session_id)
        .exists(),
    )
    .order_by(sessions.c.ts_ms)
    .limit(_A_LOOK)
)
_UNCLEANED_NOW = Statement(_UNCLEANED)
_CLOSE = Statement(
    update(alerts)
    .where(
        alerts.c.kind == bindparam("of_kind"),
        alerts.c.store_id == bindparam("of_store"),
        alerts.c.subject == bindparam("of_subject"),
        alerts.c.over_ms.is_(None),
    )
    .values(over_ms=bindparam("now_ms"), unrouted=case((alerts.c.unrouted == BEGAN, BOTH), else_=OVER))
)
_OPEN = select(alerts).where(alerts.c.over_ms.is_(None)).order_by(alerts.c.id)
_ACKNOWLEDGE = Statement(
    update(alerts)
    .where(alerts.c.id == bindparam("wanted_id"), alerts.c.acknowledged_ms.is_(None))
    .values(acknowledged_ms=bindparam("now_ms"), acknowledged_by=bindparam("new_who"))
)
_KNOWN = select(alerts.c.id).where(alerts.c.id == bindparam("wanted_id"))
_UNROUTED = select(alerts).where(alerts.c.unrouted.in_([BEGAN, OVER, BOTH])).order_by(alerts.c.id).limit(_A_LOOK)
_SET_ROUTED = Statement(
    update(alerts)
    .where(alerts.c.id == bindparam("wanted_id"), alerts.c.unrouted == bindparam("routed_now"))
    .values(unrouted=ROUTED)
)
_DROP = Statement(delete(alerts).where(alerts.c.id == bindparam("wanted_id")))
_NOTICE = Insert(alert_notices, ("alert_id", "target", "phase", "at_ms"))
_TOLD = Statement(
    select(alert_notices.c.target).where(
        alert_notices.c.alert_id == bindparam("wanted_id"), alert_notices.c.phase == AlertPhase.BEGAN.value
    )
)
_REMIND = Statement(
    update(alerts)
    .where(
        alerts.c.id == bindparam("wanted_id"),
        alerts.c.over_ms.is_(None),
        alerts.c.acknowledged_ms.is_(None),
        func.coalesce(alerts.c.reminded_ms, alerts.c.at_ms) <= bindparam("not_since_ms"),
    )
    .values(reminded_ms=bindparam("now_ms"))
)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it is kept; `over_at` is None while a condition lasts."""

    id: int
    kind: AlertKind
    store_id: str | None
    subject: str
    at: datetime
    over_at: datetime | None
    body: str
    unrouted: str
    reminded_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None

    @property
    def lasts(self) -> bool:
        """Whether it is a condition, which lasts until it is over, and no happening."""
        return self.kind in CONDITIONS

    @property
    def facts(self) -> AlertFacts:
        """The facts; of a digest, none."""
        return AlertFacts.model_validate_json(self.body) if self.kind not in DIGESTS else AlertFacts()


class Thing(NamedTuple):
    """What a condition is about: its kind, the store ("" for the whole installation), and the thing in it."""

    kind: AlertKind
    store_id: str
    subject: str


class _Uncleaned(NamedTuple):
    session_id: str
    store_id: str
    camera_id: str
    machine_id: str
    closes_ms: int
    outcome_key: str
    attempt_id: str | None


@dataclass(frozen=True, slots=True)
class Routing:
    """Which targets are told that an alert began, and whether it is dropped, since its kind is off."""

    targets: Sequence[str] = field(default_factory=tuple)
    is_dropped: bool = False


class Alerts:
    """The alerts. All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note_uncleaned(self, known_until: KnownUntil, since: datetime) -> int:
        """Write the alerts of windows that closed uncleaned after `since` for good; how many are new."""
        now_ms = to_ms(self._clock.now())
        closed_after_ms = max(to_ms(since), now_ms - UNCLEANED_WITHIN_MS)
        values = {
            "closed_after_ms": closed_after_ms,
            "closed_before_ms": now_ms,
            "began_after_ms": closed_after_ms - _LONGEST_USE_MS,
        }
        with self._database.read() as connection:
            found = [_Uncleaned._make(row) for row in connection.execute(_UNCLEANED, values)]
        if not any(_is_final(one, known_until) for one in found):
            return 0
        with self._database.write() as transaction:
            # Asked again under the lock: a verdict may have come, or another backend may have been faster.
            found = [_Uncleaned._make(row) for row in _UNCLEANED_NOW.run(transaction, values).fetchall()]
            return len(_ADD.run(transaction, [_uncleaned_row(one) for one in found if _is_final(one, known_until)]))

    def open(self) -> list[AlertRow]:
        """The conditions that last, the oldest first."""
        with self._database.read() as connection:
            return [to_row(row) for row in connection.execute(_OPEN)]

    def change(self, begun: Mapping[Thing, AlertFacts], over: Iterable[Thing]) -> None:
        """Write that conditions began, and that others are over; what is so already stays as it is."""
        now_ms = to_ms(self._clock.now())
        with self._database.write() as transaction:
            for thing in over:
                end_condition(transaction, thing, now_ms)
            for thing, facts in begun.items():
                begin_condition(transaction, thing, facts, now_ms)

    def add_digest(self, kind: AlertKind, store_id: str, day: str, body: str) -> bool:
        """Write the digest of `day`; False when it is there already, of this backend or another one."""
        now_ms = to_ms(self._clock.now())
        row = (f"{kind}:{store_id}:{day}", kind.value, store_id, day, now_ms, now_ms, body, BEGAN)
        with self._database.write() as transaction:
            return bool(_ADD.run(transaction, [row]))

    def has_digest(self, kind: str, store_id: str, day: str) -> bool:
        """Whether the digest of `day` is written."""
        with self._database.read() as connection:
            query = select(alerts.c.id).where(alerts.c.occurrence == f"{kind}:{store_id}:{day}")
            return connection.execute(query).first() is not None

    def acknowledge(self, alert_id: int, who: str) -> bool:
        """Note that somebody has seen it; the first who did stays. False when there is no such alert."""
        values = {"wanted_id": alert_id, "now_ms": to_ms(to_milliseconds(self._clock.now())), "new_who": who}
        with self._database.write() as transaction:
            _ACKNOWLEDGE.run(transaction, values)
        with self._database.read() as connection:
            return connection.execute(_KNOWN, {"wanted_id": alert_id}).first() is not None

    def unrouted(self) -> list[AlertRow]:
        """Alerts whose begin or end is yet to be written down for their targets, the oldest first."""
        with self._database.read() as connection:
            return [to_row(row) for row in connection.execute(_UNROUTED)]

    def route(self, routings: Sequence[tuple[AlertRow, Routing]]) -> None:
        """Write down whom each alert is to be told; that it is over is told those who were told that it began."""
        now_ms = to_ms(self._clock.now())
        with self._database.write() as transaction:
            for alert, routing in routings:
                _route(transaction, alert, routing, now_ms)

    def remind(self, alert: AlertRow, not_since: datetime, targets: Sequence[str]) -> bool:
        """Have it told again that a condition lasts, unless somebody was reminded after `not_since`, or has seen it."""
        now_ms = to_ms(self._clock.now())
        values = {"wanted_id": alert.id, "not_since_ms": to_ms(not_since), "now_ms": now_ms}
        with self._database.write() as transaction:
            if _REMIND.count(transaction, values) == 0:
                return False
            rows = [(alert.id, target, AlertPhase.STILL.value, now_ms) for target in targets]
            _NOTICE.run(transaction, rows)
        return True


def _is_final(found: _Uncleaned, known_until: KnownUntil) -> bool:
    """Whether no attempt can come any more: a verdict is of one; else the edge has told all up to the window's end."""
    if found.outcome_key == Verdict.NOT_CLEANED:
        return True
    return to_ms(known_until(found.store_id, found.camera_id)) >= found.closes_ms


def _uncleaned_row(found: _Uncleaned) -> tuple[str | int, ...]:
    was_tried = found.outcome_key == Verdict.NOT_CLEANED
    facts = AlertFacts(
        camera_id=found.camera_id,
        machine_id=found.machine_id,
        session_id=UUID(found.session_id),
        event_id=UUID(found.attempt_id or found.session_id),
        detail="somebody tried, and by the verdict did not clean it" if was_tried else "nobody tried to clean it",
    )
    occurrence = f"{AlertKind.WINDOW_UNCLEANED}:{found.session_id}"
    return _happening(occurrence, AlertKind.WINDOW_UNCLEANED, found.store_id, found.session_id, found.closes_ms, facts)


def note_dead(transaction: Transaction, seq: int, token: int, error: str, now_ms: int) -> None:
    """Write the alert that the question about the event `seq` was given up, in the transaction that gives it up."""
    event_id, store_id, camera_id, machine_id, session_id, hidden = _EVENT_FACTS.run(
        transaction, {"of_seq": seq}
    ).fetchone()
    if hidden is not None:
        return
    facts = AlertFacts(
        camera_id=camera_id, machine_id=machine_id, session_id=session_id, event_id=event_id, detail=error[:1000]
    )
    occurrence = f"{AlertKind.VERDICT_DEAD}:{event_id}:{token}"
    _ADD.run(transaction, [_happening(occurrence, AlertKind.VERDICT_DEAD, store_id, event_id, now_ms, facts)])


def begin_condition(transaction: Transaction, thing: Thing, facts: AlertFacts, now_ms: int) -> None:
    """Write that a condition began, unless it lasts already."""
    occurrence = f"{thing.kind}:{thing.store_id}:{thing.subject}:{now_ms}"
    values = (occurrence, thing.kind.value, thing.store_id, thing.subject, now_ms, None)
    _ADD.run(transaction, [(*values, facts.model_dump_json(exclude_none=True), BEGAN)])


def end_condition(transaction: Transaction, thing: Thing, now_ms: int) -> None:
    """Write that a condition is over, if it lasts."""
    values = {"of_kind": thing.kind.value, "of_store": thing.store_id, "of_subject": thing.subject, "now_ms": now_ms}
    _CLOSE.run(transaction, values)


def read_alerts(
    connection: Connection,
    before: int | None,
    most: int,
    store_id: str | None = None,
    *,
    lasts: bool = False,
    of_all: bool = True,
) -> list[AlertRow]:
    """Up to `most` alerts, the newest first, older than the number `before`; of a store and the whole installation.

    With `lasts` only the conditions that are so now; without `of_all` none of the whole installation.
    """
    query = select(alerts).order_by(alerts.c.id.desc()).limit(most)
    if lasts:
        query = query.where(alerts.c.over_ms.is_(None))
    if before is not None:
        query = query.where(alerts.c.id < before)
    if store_id is not None:
        query = query.where(alerts.c.store_id.in_(["", store_id] if of_all else [store_id]))
    return [to_row(row) for row in connection.execute(query)]


def find_alert(connection: Connection, alert_id: int) -> AlertRow | None:
    """The alert of that number, if there is one."""
    row = connection.execute(select(alerts).where(alerts.c.id == alert_id)).first()
    return None if row is None else to_row(row)


def to_row(row: Row[*tuple[object, ...]]) -> AlertRow:
    """The value of a row of `alerts`."""
    return AlertRow(
        id=row.id,
        kind=AlertKind(row.kind),
        store_id=row.store_id or None,
        subject=row.subject,
        at=from_ms(row.at_ms),
        over_at=None if row.over_ms is None else from_ms(row.over_ms),
        body=row.facts,
        unrouted=row.unrouted,
        reminded_at=None if row.reminded_ms is None else from_ms(row.reminded_ms),
        acknowledged_at=None if row.acknowledged_ms is None else from_ms(row.acknowledged_ms),
        acknowledged_by=row.acknowledged_by,
    )


def _happening(
    occurrence: str, kind: AlertKind, store_id: str, subject: str, at_ms: int, facts: AlertFacts
) -> tuple[str | int, ...]:
    """In the order of _COLUMNS: over as soon as it was."""
    return (occurrence, kind.value, store_id, subject, at_ms, at_ms, facts.model_dump_json(exclude_none=True), BEGAN)


def _route(transaction: Transaction, alert: AlertRow, routing: Routing, now_ms: int) -> None:
    # Another backend may have been faster, and an end may have come since it was read: that one waits for the next.
    if _SET_ROUTED.count(transaction, {"wanted_id": alert.id, "routed_now": alert.unrouted}) == 0:
        return
    if routing.is_dropped and alert.unrouted in (BEGAN, BOTH):
        _DROP.run(transaction, {"wanted_id": alert.id})
        return
    notices = []
    if alert.unrouted in (BEGAN, BOTH):
        notices += [(alert.id, target, AlertPhase.BEGAN.value, now_ms) for target in routing.targets]
        targets = list(routing.targets)
    else:
        targets = [target for (target,) in _TOLD.run(transaction, {"wanted_id": alert.id})]
    if alert.unrouted in (OVER, BOTH):
        notices += [(alert.id, target, AlertPhase.OVER.value, now_ms) for target in targets]
    _NOTICE.run(transaction, notices)
