"""Pruning the ledger: what is long over and told goes, so that it does not grow for ever.

Invariant: what is yet to be told, a condition that lasts, and the newest message of each target stay, however old.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, bindparam, delete, exists, or_, select

from backend_api.base.instants import to_ms
from backend_api.contract.alerts import MessageStatus
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Statement
from backend_api.store.ledger.alerts import ROUTED
from backend_api.store.ledger.tables import alert_messages, alert_notices, alerts

# So many alerts go in one transaction: others wait meanwhile.
ALERTS_A_WRITE = 500

_notice, _of_message, _newer = (
    alert_notices.alias("notice"),
    alert_messages.alias("told"),
    alert_messages.alias("newer"),
)


def _is_final(message: FromClause) -> ColumnElement[bool]:
    return or_(message.c.status == MessageStatus.SENT.value, message.c.status == MessageStatus.DEAD.value)


_IS_TO_BE_TOLD = exists().where(
    _notice.c.alert_id == alerts.c.id,
    or_(
        _notice.c.message_id.is_(None),
        exists().where(_of_message.c.id == _notice.c.message_id, ~_is_final(_of_message)),
    ),
)
_OLD = (
    select(alerts.c.id)
    .where(
        # Null while a condition lasts.
        alerts.c.over_ms < bindparam("before_ms"),
        alerts.c.unrouted == ROUTED,
        ~_IS_TO_BE_TOLD,
    )
    .order_by(alerts.c.id)
    .limit(ALERTS_A_WRITE)
)
_OLD_NOW = Statement(_OLD)
_DROP_NOTICES = Statement(delete(alert_notices).where(alert_notices.c.alert_id == bindparam("old_id")))
_DROP = Statement(delete(alerts).where(alerts.c.id == bindparam("old_id")))
_DROP_MESSAGES = Statement(
    delete(alert_messages).where(
        alert_messages.c.changed_ms < bindparam("before_ms"),
        _is_final(alert_messages),
        ~exists().where(alert_notices.c.message_id == alert_messages.c.id),
        # What its target answered last is shown.
        exists().where(_newer.c.target == alert_messages.c.target, _newer.c.id > alert_messages.c.id),
    )
)


class LedgerPruning:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remove(self, before: datetime) -> int:
        """Remove the alerts that were over before `before` and told, with what told them; how many."""
        values = {"before_ms": to_ms(before)}
        count = 0
        while True:
            with self._database.write() as transaction:
                old = [alert_id for (alert_id,) in _OLD_NOW.run(transaction, values).fetchall()]
                for alert_id in old:
                    _DROP_NOTICES.run(transaction, {"old_id": alert_id})
                    _DROP.run(transaction, {"old_id": alert_id})
                if len(old) < ALERTS_A_WRITE:
                    _DROP_MESSAGES.run(transaction, values)
            count += len(old)
            if len(old) < ALERTS_A_WRITE:
                return count
