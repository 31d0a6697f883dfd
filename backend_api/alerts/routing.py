"""Whom an alert is told, and until when a target is left in peace. Pure."""

from collections.abc import Mapping
from datetime import datetime

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.contract.alerts import DIGESTS, AlertKind
from backend_api.store.ledger.alerts import AlertRow, Routing


def routing(alert: AlertRow, config: AlertsConfig) -> Routing:
    """The targets that are told `alert`; it is dropped when its kind is off in its store."""
    if not config.kinds(alert.store_id).tells(alert.kind):
        return Routing(is_dropped=True)
    return Routing([target.name for target in config.targets if _wants(target, alert)])


def _wants(target: Target, alert: AlertRow) -> bool:
    if alert.kind in DIGESTS:
        return alert.subject.partition("/")[0] == target.name
    if alert.kind is AlertKind.TARGET_FAILED and alert.subject == target.name:
        return False
    is_here = alert.store_id is None or target.stores is None or alert.store_id in target.stores
    is_now = target.hours is None or target.hours.hold(alert.at, target.zone)
    return alert.kind in target.kinds and is_here and is_now


def is_held_back(target: Target, now: datetime, snoozed_until: Mapping[str, datetime]) -> bool:
    """Whether nothing is sent to `target` now: in its quiet hours, and while somebody has snoozed it."""
    until = snoozed_until.get(target.name)
    if until is not None and now < until:
        return True
    return target.quiet is not None and target.quiet.hold(now, target.zone)
