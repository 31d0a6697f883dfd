"""The thread that looks: at windows that closed uncleaned, at conditions, at what is to be told again, at digests.

All that it knows stands in the database, so that a restart, or a second backend, goes on where it left off; only for
how long something has held that is not told yet begins anew.
"""

import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from backend_api.alerts.conditions import Observation, changes, look
from backend_api.alerts.config import AlertsConfig
from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.alerts import AlertKind
from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.settings import SettingName
from backend_api.store.ledger.alerts import AlertRow, Thing
from backend_api.store.store import Store
from backend_api.store.stores import read_settings

EXAMINE_S = 10.0
# After so long without a look nobody knows whether all is well.
_STALE_S = 120.0
# What an edge has made stands in its outbox, and is known here, within so long.
_ON_ITS_WAY_S = 10.0
# A camera that does not say that all is sent is waited for so long.
_MOST_PATIENCE = timedelta(hours=1)

log = logging.getLogger(__name__)

Pictures = Callable[[], Mapping[tuple[str, str], AlertKind | None]]


class Examination:
    """Looks at `store`, and at the room in `folders`. `pictures` says what is wrong with what cameras see.

    `also` are further things to be done at each look, such as reminders and digests.
    """

    def __init__(
        self,
        store: Store,
        folders: Sequence[Path],
        config: AlertsConfig,
        clock: Clock,
        *,
        pictures: Pictures = dict,
        also: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._store = store
        self._folders = folders
        self._config = config
        self._clock = clock
        self._pictures = pictures
        self._also = also
        self._since_s: Mapping[Thing, float] = {}
        self._looked_s = clock.monotonic_s()

    def looks_again(self) -> bool:
        """Whether the last look that went well is not long ago."""
        return self._clock.monotonic_s() - self._looked_s < _STALE_S

    def run(self, stop: threading.Event) -> None:
        """Look every EXAMINE_S until `stop` is set; what fails is tried again the next time."""
        trouble = ""
        while not stop.is_set():
            try:
                self.examine()
                trouble = ""
            except (StoreBusy, StoreFull, StoreBroken, OSError) as error:
                if str(error) != trouble:
                    log.warning("what alerts tell of could not be looked at: %s", error)
                trouble = str(error)
            self._clock.wait(stop, EXAMINE_S)

    def examine(self) -> None:
        """Look once. Raises StoreBusy, StoreFull, StoreBroken, and OSError for a folder that is gone."""
        self._store.cameras.take_over()
        cameras = self._store.cameras.states()
        self._note_uncleaned(cameras)
        lasting = self._store.alerts.open()
        things = [_thing(alert) for alert in lasting]
        found = look(self._observe(cameras), self._config, things)
        result = changes(found, self._since_s, things, self._clock.monotonic_s())
        self._since_s = result.since_s
        if result.begun or result.over:
            self._store.alerts.change(result.begun, result.over)
        for do in self._also:
            do()
        self._looked_s = self._clock.monotonic_s()

    def _note_uncleaned(self, cameras: Sequence[CameraState]) -> None:
        now = self._clock.now()
        since = self._store.settings.find(SettingName.ALERTS_SINCE_MS)
        if since is None:
            # What closed before there were alerts is old news.
            self._store.settings.keep(SettingName.ALERTS_SINCE_MS, str(to_ms(now)))
            return
        by_key = {(camera.store_id, camera.camera_id): camera for camera in cameras}
        # Read when the first window has closed, which is seldom.
        delays_s = cache(self._store.setups.attempt_delays)

        def known_until(store_id: str, camera_id: str) -> datetime:
            least_s = self._config.kinds(store_id).window_uncleaned.after_min * 60
            late_s = max(least_s, delays_s().get((store_id, camera_id), 0.0) + _ON_ITS_WAY_S)
            return _told_until(by_key.get((store_id, camera_id)), now, timedelta(seconds=late_s))

        self._store.alerts.note_uncleaned(known_until, from_ms(int(since)))

    def _observe(self, cameras: Sequence[CameraState]) -> Observation:
        with self._store.database.read() as connection:
            stores = read_settings(connection)
        queue = self._store.enrichments.queue()
        seen_ms = self._store.settings.find(SettingName.WORKER_SEEN_MS)
        cap_is_known, cap = self._store.worker_caps.reached()
        return Observation(
            now=self._clock.now(),
            cameras=cameras,
            stores=stores,
            free_bytes=self._free_bytes(),
            oldest_question_at=queue.oldest_pending_at,
            questions=queue.pending,
            worker_seen_at=None if seen_ms is None else from_ms(int(seen_ms)),
            cap_is_known=cap_is_known,
            cap=cap,
            pictures=self._pictures(),
        )

    def _free_bytes(self) -> Mapping[str, int]:
        """The room in each folder; of several on one disk, the first."""
        by_disk = {folder.stat().st_dev: folder for folder in reversed(self._folders)}
        return {str(folder): shutil.disk_usage(folder).free for folder in by_disk.values()}


def _thing(alert: AlertRow) -> Thing:
    return Thing(alert.kind, alert.store_id or "", alert.subject)


def _told_until(camera: CameraState | None, now: datetime, late: timedelta) -> datetime:
    """Up to when all is known that a camera's edge saw, which may tell of it `late`; None is one that never reported.

    An edge that is away, or has events waiting, is waited for, but not for ever.
    """
    if camera is None or camera.status is CameraStatus.ENDED:
        return now - late
    patience_ends = now - max(_MOST_PATIENCE, late)
    if camera.outbox_depth > 0:
        return patience_ends
    return max(patience_ends, min(camera.reported_at, now) - late)
