"""Cameras: the last report of each one's edge, and when it was observed.

An edge reports every few seconds. So reports are kept in memory, and written down together every KEEP_EVERY_S: a
backend that is killed loses a minute of them, and the next ones come in seconds. Questions are answered from memory.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nsmallest
from operator import itemgetter

from pydantic import ValidationError
from sqlalchemy import ClauseElement, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.bounds import OutOfBounds, check_report
from backend_api.contract.cameras import LATE_WITHIN_S, CameraList, CameraReport, CameraState, CameraStatus
from backend_api.contract.queries import CameraPageQuery
from backend_api.contract.values import to_milliseconds
from backend_api.store.camera_status import ROUNDED, CameraKey, Looks, age_s, camera_state, camera_status, next_look
from backend_api.store.clock_doubts import ClockDoubts
from backend_api.store.db.database import Database
from backend_api.store.db.paging import decode_key, encode_key
from backend_api.store.db.statements import DialectInsert, Insert, Statement, Transaction
from backend_api.store.db.tables import camera_looks, camera_setups, cameras, observed_intervals

log = logging.getLogger(__name__)

KEEP_EVERY_S = 60.0
# A camera that was silent for longer than this did not watch meanwhile.
_LONGEST_SILENCE_MS = 60_000
# The longest row of observed time: one that goes on is followed by another.
LONGEST_OBSERVED_MS = 86_400_000
# What another backend hears is in the database this much later; until then it is the one that tells of the camera.
_HEARD_ELSEWHERE = timedelta(seconds=KEEP_EVERY_S + LATE_WITHIN_S)
# A camera that was forgotten, until it reports again: its machines are listed no more, its events and names stay.
FORGOTTEN = "null"
KEY = ("store_id", "camera_id")


def keep_columns(table: Table, *names: str) -> Statement:
    """Put the columns `names` in the place of a camera's last ones, and leave its others alone."""

    def upsert(insert: DialectInsert) -> ClauseElement:
        inserting = insert(table).values({name: bindparam(f"new_{name}") for name in (*KEY, *names)})
        return inserting.on_conflict_do_update(
            index_elements=KEY, set_={name: inserting.excluded[name] for name in names}
        )

    return Statement(upsert)


_KEEP_REPORT = keep_columns(cameras, "reported_at_ms", "body")


def _set_status(insert: sqlite.Insert) -> ClauseElement:
    """The report stays as it is written down; a status that the row has already changes nothing."""
    new = insert.excluded
    upsert = insert.on_conflict_do_update(
        index_elements=KEY,
        set_={"status": new.status},
        where=cameras.c.status.is_distinct_from(new.status),
    )
    return upsert.returning(*cameras.c["store_id", "camera_id", "status"])


_SET_STATUS = Insert(cameras, ("store_id", "camera_id", "reported_at_ms", "body", "status"), _set_status)
_HERE = (
    observed_intervals.c.store_id == bindparam("of_store"),
    observed_intervals.c.camera_id == bindparam("of_camera"),
)
_newest = (
    select(func.max(observed_intervals.c.id))
    .where(
        *_HERE,
        observed_intervals.c.end_ms.between(bindparam("silent_since_ms"), bindparam("new_begin_ms")),
        # By the index; one that begins before that is a day long.
        observed_intervals.c.begin_ms.between(bindparam("day_ago_ms"), bindparam("new_begin_ms")),
    )
    .scalar_subquery()
)
_OBSERVE_ON = Statement(
    update(observed_intervals).where(observed_intervals.c.id == _newest).values(end_ms=bindparam("new_end_ms"))
)
_OBSERVE_ANEW = Statement(
    insert(observed_intervals).values(
        store_id=bindparam("of_store"),
        camera_id=bindparam("of_camera"),
        begin_ms=bindparam("new_begin_ms"),
        end_ms=bindparam("new_end_ms"),
    )
)
_ALL = select(cameras).where(cameras.c.body != FORGOTTEN)
_DROP_STILL = Statement(
    update(camera_setups)
    .where(
        camera_setups.c.store_id == bindparam("new_store_id"), camera_setups.c.camera_id == bindparam("new_camera_id")
    )
    .values(still_at_ms=None, still=None)
)
_DROP_LOOK = Statement(
    delete(camera_looks).where(
        camera_looks.c.store_id == bindparam("new_store_id"), camera_looks.c.camera_id == bindparam("new_camera_id")
    )
)


@dataclass(slots=True)
class _Camera:
    """A camera's last report, and what of it the database does not hold yet."""

    report: CameraReport
    reported_at: datetime
    # When it last watched its machines, as far as that is known.
    watched_at: datetime | None = None
    is_changed: bool = False
    # Up to when it was observed, as far as the database holds it: milliseconds since 1970.
    written_until_ms: int | None = None
    # The status that was logged last, as far as this backend knows.
    logged: str | None = None
    # Whether another backend on this database hears of it.
    is_elsewhere: bool = False
    # From when to when it was observed since; the last one goes on.
    observed_ms: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def written(cls, report: CameraReport, reported_at: datetime, status: str | None) -> "_Camera":
        """One whose last report and status the database holds."""
        watched_at = reported_at if report.is_watching else None
        until_ms = None if watched_at is None else to_ms(watched_at)
        return cls(report, reported_at, watched_at, written_until_ms=until_ms, logged=status)

    def take(self, report: CameraReport, now: datetime) -> None:
        """Have `report`, which comes now, in the place of the last one."""
        self.report, self.reported_at, self.is_changed = report, now, True
        self.is_elsewhere = False
        if report.is_watching:
            self.watched_at = now
            self.observe(to_ms(now))

    def observe(self, now_ms: int) -> None:
        """Let it be observed up to now: since its last report, unless that was too long ago, or lies in the future."""
        begin_ms, end_ms = self.observed_ms[-1] if self.observed_ms else 2 * (self.written_until_ms,)
        if begin_ms is None or end_ms is None or not 0 <= now_ms - end_ms <= _LONGEST_SILENCE_MS:
            self.observed_ms.append((now_ms, now_ms))
        elif self.observed_ms and now_ms - begin_ms <= LONGEST_OBSERVED_MS:
            self.observed_ms[-1] = (begin_ms, now_ms)
        else:
            self.observed_ms.append((end_ms, now_ms))

    def drop(self, written_ms: Sequence[tuple[int, int]]) -> None:
        """Take off `written_ms`, with which `observed_ms` began; the last one may have gone on since."""
        if not written_ms:
            return
        end_ms = self.written_until_ms = written_ms[-1][1]
        last_ms = self.observed_ms[len(written_ms) - 1][1]
        rest = [(end_ms, last_ms)] if last_ms > end_ms else []
        self.observed_ms = rest + self.observed_ms[len(written_ms) :]


class Cameras:
    """The reports. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._doubts = ClockDoubts(clock)
        # Guards all below; nothing waits for the disk meanwhile, but the first to ask.
        self._lock = threading.Lock()
        self._cameras: dict[CameraKey, _Camera] | None = None
        # Whose status may have changed.
        self._looks = Looks()
        # One writes at a time.
        self._keeping = threading.Lock()
        self._kept_at_s = clock.monotonic_s()

    def report(self, camera_id: str, report: CameraReport) -> CameraState:
        """Take what an edge says of its camera. Raises OutOfBounds when it cannot be."""
        now = self.report_all([(camera_id, report)])
        return camera_state(camera_id, report, now, now)

    def report_all(self, reports: Sequence[tuple[str, CameraReport]]) -> datetime:
        """Take what an edge says of its cameras, each by its name; when that was. All are taken, or none.

        Raises OutOfBounds when one of them cannot be.
        """
        now = to_milliseconds(self._clock.now())
        for camera_id, report in reports:
            try:
                check_report(report, now)
            except OutOfBounds as error:
                raise OutOfBounds(error.field, f"camera {camera_id}: {error}") from error
            if report.started_at > now:
                what = "its edge says that it started"
                self._doubts.note(report.store_id, camera_id, what, report.started_at, now)
        with self._lock:
            known = self._known()
            for camera_id, report in reports:
                key = (report.store_id, camera_id)
                camera = known.get(key)
                if camera is None:
                    camera = known[key] = _Camera(report, now)
                camera.take(report, now)
            self._looks.note([(report.store_id, camera_id) for camera_id, report in reports])
        return now

    def forget(self, store_id: str, camera_id: str) -> bool:
        """Take a camera off the list until it reports again, and its still and look; False when it is not on it.

        Its events, its figures and the names of its machines stay.
        """
        self.keep()
        here = of_camera(store_id, camera_id)
        with self._lock:
            is_known = self._known().pop((store_id, camera_id), None) is not None
        with self._database.write() as transaction:
            if is_known:
                now_ms = to_ms(self._clock.now())
                _KEEP_REPORT.run(transaction, here | {"new_body": FORGOTTEN, "new_reported_at_ms": now_ms})
            # In the order in which a look is answered, so that the two never wait for each other.
            _DROP_LOOK.run(transaction, here)
            _DROP_STILL.run(transaction, here)
        return is_known

    def take_over(self) -> None:
        """Take over newer reports that another backend on this database wrote down: it is up to KEEP_EVERY_S behind."""
        with self._database.read() as connection:
            rows = connection.execute(_ALL).all()
        with self._lock:
            known = self._known()
            for row in rows:
                key, reported_at = (row.store_id, row.camera_id), from_ms(row.reported_at_ms)
                mine = known.get(key)
                if mine is not None and mine.reported_at >= reported_at:
                    if mine.logged != row.status:
                        mine.logged = row.status
                        self._looks.note([key])
                    continue
                # One that cannot be read was told of at the start.
                with suppress(ValidationError):
                    report = CameraReport.model_validate_json(row.body)
                    known[key] = camera = _Camera.written(report, reported_at, row.status)
                    camera.is_elsewhere = True
                    self._looks.note([key])

    def states(self) -> list[CameraState]:
        """Every camera that ever reported, by store and name, with its state now."""
        now = self._clock.now()
        return [
            camera_state(camera_id, camera.report, camera.reported_at, now)
            for (_, camera_id), camera in sorted(self._all(), key=itemgetter(0))
        ]

    def outboxes(self) -> list[tuple[CameraKey, float, int]]:
        """Of every camera that ever reported, by store and name: its last report's age in seconds, and how many events
        wait at its edge. A tenth of what `states` costs.
        """
        now = self._clock.now()
        return [
            (key, age_s(camera.reported_at, now), camera.report.outbox_depth)
            for key, camera in sorted(self._all(), key=itemgetter(0))
        ]

    def log_statuses(self) -> None:
        """Log which cameras have changed their status since the last time, here, elsewhere or before a restart.

        Looks at those that were heard of since, and those whose time has come. Of several backends on a database, the
        one that changes the row logs it.
        """
        with self._lock:
            changed = self._changed_statuses(self._clock.now())
        if not changed:
            return
        rows = [(*key, to_ms(at), body, status.value) for key, at, body, status in sorted(changed)]
        try:
            with self._database.write() as transaction:
                for store_id, camera_id, status in _SET_STATUS.run(transaction, rows):
                    transaction.log_camera(store_id, camera_id, status)
        except BaseException:
            with self._lock:
                self._looks.note([key for key, *_ in changed])
            raise
        with self._lock:
            for key, *_, status in changed:
                if (camera := self._known().get(key)) is not None:
                    camera.logged = status.value

    def _changed_statuses(self, now: datetime) -> list[tuple[CameraKey, datetime, str, CameraStatus]]:
        """With when each reported last, and what, as JSON."""
        known = self._known()
        changed = []
        for key in self._looks.take(known, now):
            camera = known[key]
            status = camera_status(camera.report, age_s(camera.reported_at, now))
            following = next_look(camera.report, camera.reported_at, now)
            if camera.is_elsewhere and now - camera.reported_at <= _HEARD_ELSEWHERE:
                following = camera.reported_at + _HEARD_ELSEWHERE + ROUNDED
            elif status != camera.logged:
                changed.append((key, camera.reported_at, camera.report.model_dump_json(), status))
            self._looks.wait(key, following)
        return changed

    def page(self, query: CameraPageQuery) -> CameraList:
        """One page of them. Raises BadCursor when its cursor is not of this list."""
        after = ("", "") if query.cursor is None else decode_key(query.cursor, query.scope, 2)
        with self._lock:
            known = self._known()
            wanted = (key for key in known if query.store_id in (None, key[0]) and key > after)
            # One more than is shown tells whether there is a next page.
            keys = nsmallest(query.limit + 1, wanted)
            found = [(key, known[key].report, known[key].reported_at) for key in keys[: query.limit]]
        now = self._clock.now()
        items = [camera_state(key[1], report, reported_at, now) for key, report, reported_at in found]
        has_more = len(keys) > query.limit
        return CameraList(items=items, next_cursor=encode_key(found[-1][0], query.scope) if has_more else None)

    def stores(self) -> set[str]:
        """The stores that they are in."""
        with self._lock:
            return {store_id for store_id, _ in self._known()}

    def watched_at(self, keys: Iterable[CameraKey]) -> dict[CameraKey, datetime | None]:
        """When those of `keys` that are on the list last watched their machines; None when that is not known."""
        with self._lock:
            known = self._known()
            return {key: camera.watched_at for key in keys if (camera := known.get(key)) is not None}

    def unwritten_ms(self) -> Mapping[CameraKey, Sequence[tuple[int, int]]]:
        """From when to when each was observed, as far as the database does not hold it yet."""
        return {key: tuple(camera.observed_ms) for key, camera in self._all() if camera.observed_ms}

    def keep_if_due(self) -> None:
        """`keep` when that was KEEP_EVERY_S ago."""
        if self._clock.monotonic_s() - self._kept_at_s >= KEEP_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Write down what the database does not hold yet. A power cut may undo it."""
        with self._keeping:
            self._kept_at_s = self._clock.monotonic_s()
            changed = [
                (key, camera, camera.report, camera.reported_at, tuple(camera.observed_ms))
                # In one order, so that two backends never wait for each other.
                for key, camera in sorted(self._all(), key=itemgetter(0))
                if camera.is_changed
            ]
            if not changed:
                return
            with self._database.write(survives_power_cut=False) as transaction:
                for key, _, report, reported_at, observed_ms in changed:
                    values = {"new_reported_at_ms": to_ms(reported_at), "new_body": report.model_dump_json()}
                    _KEEP_REPORT.run(transaction, of_camera(*key) | values)
                    _keep_observed(transaction, key, observed_ms)
            with self._lock:
                for _, camera, _, reported_at, observed_ms in changed:
                    camera.is_changed = camera.reported_at != reported_at
                    camera.drop(observed_ms)

    def _all(self) -> list[tuple[CameraKey, _Camera]]:
        with self._lock:
            return list(self._known().items())

    def _known(self) -> dict[CameraKey, _Camera]:
        if self._cameras is None:
            with self._database.read() as connection:
                rows = connection.execute(_ALL).all()
            self._cameras = {}
            for row in rows:
                try:
                    report = CameraReport.model_validate_json(row.body)
                except ValidationError:
                    log.warning(
                        "the last report of %s at %s is not one of this release: it is listed when its edge reports",
                        row.camera_id,
                        row.store_id,
                    )
                else:
                    camera = _Camera.written(report, from_ms(row.reported_at_ms), row.status)
                    self._cameras[row.store_id, row.camera_id] = camera
        return self._cameras


def _keep_observed(transaction: Transaction, key: CameraKey, observed_ms: Sequence[tuple[int, int]]) -> None:
    for begin_ms, end_ms in observed_ms:
        values = {"of_store": key[0], "of_camera": key[1], "new_begin_ms": begin_ms, "new_end_ms": end_ms}
        since_ms = {"silent_since_ms": begin_ms - _LONGEST_SILENCE_MS, "day_ago_ms": end_ms - LONGEST_OBSERVED_MS}
        if _OBSERVE_ON.count(transaction, {**values, **since_ms}) == 0:
            _OBSERVE_ANEW.run(transaction, values)
        transaction.touch(key[0], since_ms["silent_since_ms"])  # That silence is observed now, too.


def of_camera(store_id: str, camera_id: str) -> dict[str, object]:
    """The parameters that name a camera in `keep_columns`."""
    return {"new_store_id": store_id, "new_camera_id": camera_id}
