"""Once a day, alerts that are long over and told leave the ledger."""

import logging
from datetime import timedelta

from backend_api.base.clock import Clock
from backend_api.store.db.database import Lock
from backend_api.store.store import Store

EVERY_S = 86_400.0

log = logging.getLogger(__name__)


class Pruning:
    """Removes what is too old, the first time that it is asked to and each day."""

    def __init__(self, store: Store, keep_days: float, clock: Clock) -> None:
        self._store = store
        self._keep_days = keep_days
        self._clock = clock
        self._began = clock.now(), clock.monotonic_s()
        self._due_s = clock.monotonic_s()

    def remove_due(self) -> None:
        """Remove what is too old, if it is time. Raises StoreBusy, StoreFull."""
        if self._clock.monotonic_s() < self._due_s:
            return
        began, began_s = self._began
        # A clock that was set ahead makes nothing old.
        now = min(self._clock.now(), began + timedelta(seconds=self._clock.monotonic_s() - began_s))
        with self._store.database.alone(Lock.SWEEP) as is_alone:
            if not is_alone:
                return
            removed = self._store.old_alerts.remove(now - timedelta(days=self._keep_days))
        self._due_s = self._clock.monotonic_s() + EVERY_S
        if removed:
            log.info("removed %d alerts that were over for more than %g days", removed, self._keep_days)
