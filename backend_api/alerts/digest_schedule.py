"""When digests are due, they are written into the ledger, once for each target and store, whoever writes them."""

from zoneinfo import ZoneInfo

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.alerts.digest import Due, State, due_digests, read_digest
from backend_api.alerts.post_office import PostOffice
from backend_api.alerts.wording import sentence
from backend_api.base.clock import Clock
from backend_api.contract.alerts import AlertPhase
from backend_api.contract.stores import StoreState
from backend_api.reports.reports import Reports
from backend_api.store.store import Store

# More conditions than these are on the page Now.
_MOST_LASTING = 5


class DigestSchedule:
    """Writes the digests of `config` into the ledger of `store` when they are due."""

    def __init__(self, store: Store, reports: Reports, config: AlertsConfig, office: PostOffice, clock: Clock) -> None:
        self._store = store
        self._reports = reports
        self._config = config
        self._office = office
        self._clock = clock
        # What is in the ledger by now, of the days that were looked at last: a look at the database less.
        self._written: set[tuple[str, str, str]] = set()

    def write_due(self) -> None:
        """Write those that are due and not there yet. Raises StoreBusy, StoreFull."""
        wanting = [target for target in self._config.targets if target.digest_at is not None]
        if not wanting:
            return
        for state in self._reports.stores().items:
            for target in wanting:
                if target.stores is None or state.store_id in target.stores:
                    self._write(target, state)

    def _write(self, target: Target, state: StoreState) -> None:
        zone = ZoneInfo(state.settings.tz) if state.settings else target.zone
        for due in due_digests(target, zone, self._clock.now()):
            key = (due.kind.value, state.store_id, f"{target.name}/{due.last.isoformat()}")
            if key in self._written:
                continue
            if not self._store.alerts.has_digest(*key):
                self._store.alerts.add_digest(due.kind, state.store_id, key[2], self._body(state, due))
            self._written = {one for one in self._written if one[2].endswith(due.last.isoformat())} | {key}

    def _body(self, state: StoreState, due: Due) -> str:
        queue = self._store.enrichments.queue()
        names = self._office.names()
        lasting = [
            sentence(alert, AlertPhase.BEGAN, names)
            for alert in self._store.alerts.open()
            if alert.store_id in (None, state.store_id)
        ]
        now = State(queue.pending, queue.dead, tuple(lasting[:_MOST_LASTING]))
        return read_digest(self._reports, state.store_id, state.settings, due, now).model_dump_json()
