"""The stills of all cameras against how each usually looks, as they come: moved, covered or dark, or well.

Two stills in a row, ten minutes apart as a rule, have to say the same. A view that somebody has acknowledged as moved
is the usual one from then on. Darkness counts while the store is open. Where nobody has said when that is, it counts at
hours in which machines were in use a week before: lights that go off at night are no news, and neither is a setup's
first week.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from backend_api.alerts.conditions import OF_PICTURES
from backend_api.alerts.view import Look, NoPicture, View, judge, look_at
from backend_api.base.instants import to_ms
from backend_api.contract.alerts import AlertKind
from backend_api.contract.cameras import SETUP_INTERVAL_S
from backend_api.contract.queries import SessionQuery
from backend_api.reports.buckets import Interval
from backend_api.reports.opening import is_within, open_intervals
from backend_api.reports.reports import Reports
from backend_api.store.camera_status import CameraKey
from backend_api.store.store import Store
from backend_api.store.stores import read_settings

_A_WEEK = timedelta(days=7)
# Stills that come sooner after the one that was compared are left out.
_APART = timedelta(seconds=SETUP_INTERVAL_S / 2)
# From the nearer to the farther of these beside an instant a use has to begin, that it counts as an hour of use.
_NEAR, _FAR = timedelta(minutes=60), timedelta(minutes=120)

log = logging.getLogger(__name__)


class StillWatch:
    """Call it at each examination."""

    def __init__(self, store: Store, reports: Reports) -> None:
        self._store = store
        self._reports = reports
        self._compared: dict[CameraKey, datetime] = {}
        self._looks: dict[CameraKey, Look] = {}
        # What the last still said, and what two in a row say.
        self._last: dict[CameraKey, AlertKind | None] = {}
        self._settled: dict[CameraKey, AlertKind | None] = {}

    def __call__(self) -> Mapping[CameraKey, AlertKind | None]:
        """What is wrong with what each camera sees, None where nothing is; unknown ones are left out."""
        self._accept_acknowledged()
        for camera, still_at in self._store.views.stills_at().items():
            last_at = self._compared.get(camera)
            # What stands before a camera for a minute is no news, however often somebody asks for a look meanwhile.
            if last_at is None or not timedelta(0) <= still_at - last_at < _APART:
                self._compared[camera] = still_at
                self._compare(camera, still_at)
        return dict(self._settled)

    def _compare(self, camera: CameraKey, still_at: datetime) -> None:
        still = self._store.setups.find_still(*camera)
        if still is None:
            return
        try:
            seen = look_at(still.jpeg)
        except NoPicture as error:
            log.debug("the still of %s at %s cannot be looked at: %s", camera[1], camera[0], error)
            return
        kept = self._store.views.find(camera)
        usual = None if kept is None else View.from_bytes(kept)
        found = judge(seen.view if usual is None else usual, seen)
        if found is AlertKind.CAMERA_DARK and not self._is_open(camera[0], still_at):
            # Lights are off when nobody is there: that says nothing, and neither does what is seen then. What was
            # said before of a camera that was dark stays as it is until there is light again.
            return
        self._looks[camera] = seen
        if found is None:
            learned = seen.view if usual is None else usual.learn(seen.view)
            self._store.views.keep(camera, still_at, learned.to_bytes())
        if camera in self._last and self._last[camera] is found:
            self._settled[camera] = found
        elif camera in self._settled and self._settled[camera] is not found:
            del self._settled[camera]
        self._last[camera] = found

    def _accept_acknowledged(self) -> None:
        """Let what somebody has acknowledged be the usual view: where the camera looks now, it is to look."""
        for alert in self._store.alerts.open():
            if alert.kind not in OF_PICTURES or alert.acknowledged_at is None or alert.store_id is None:
                continue
            camera = (alert.store_id, alert.subject)
            seen, still_at = self._looks.get(camera), self._compared.get(camera)
            if alert.kind is AlertKind.CAMERA_MOVED and seen is not None and still_at is not None:
                self._store.views.keep(camera, still_at, seen.view.to_bytes())
                self._last[camera] = self._settled[camera] = None

    def _is_open(self, store_id: str, instant: datetime) -> bool:
        with self._store.database.read() as connection:
            settings = read_settings(connection).get(store_id)
        if settings is None or settings.hours is None:
            return self._was_in_use(store_id, instant - _A_WEEK)
        at_ms = to_ms(instant)
        return is_within(open_intervals(settings, Interval(at_ms - 1, at_ms + 1)), at_ms)

    def _was_in_use(self, store_id: str, instant: datetime) -> bool:
        """Whether uses began well before `instant` and well after it: on neither side of a closing time.

        Where clocks were set meanwhile, it is an hour off: so far away uses are looked for.
        """
        spans = (instant - _FAR, instant - _NEAR), (instant + _NEAR, instant + _FAR)
        queries = (SessionQuery(store_id=store_id, since=since, until=until, limit=1) for since, until in spans)
        return all(self._reports.sessions(query).items for query in queries)
