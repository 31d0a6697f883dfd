"""Cameras: what their edges report of them, which machines they watch, and a still of what they see."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ClauseElement, Connection, Table, bindparam, insert, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.cameras import (
    LATE_WITHIN_S,
    UP_WITHIN_S,
    CameraReport,
    CameraSetup,
    CameraSetupState,
    CameraState,
    CameraStatus,
)
from backend_api.contract.values import to_milliseconds
from backend_api.store.database import Database
from backend_api.store.statements import DialectInsert, Statement, Transaction
from backend_api.store.tables import camera_setups, cameras, observed_intervals


def _keep(table: Table, *names: str) -> Statement:
    """Put the columns `names` in the place of a camera's last ones, and leave its others alone."""
    key = ("store_id", "camera_id")

    def upsert(insert: DialectInsert) -> ClauseElement:
        inserting = insert(table).values({name: bindparam(f"new_{name}") for name in (*key, *names)})
        return inserting.on_conflict_do_update(
            index_elements=key, set_={name: inserting.excluded[name] for name in names}
        )

    return Statement(upsert)


# A camera that was forgotten, until it reports again: its machines are listed no more, its events and names stay.
FORGOTTEN = "null"
_KEEP_REPORT = _keep(cameras, "reported_at_ms", "body")
# A camera that was silent for longer than this did not watch meanwhile.
_LONGEST_SILENCE_MS = 60_000
_OF_CAMERA = (
    observed_intervals.c.store_id == bindparam("of_store"),
    observed_intervals.c.camera_id == bindparam("of_camera"),
)
_OBSERVE_ON = Statement(
    update(observed_intervals)
    .where(*_OF_CAMERA, observed_intervals.c.end_ms.between(bindparam("silent_since_ms"), bindparam("now_ms")))
    .values(end_ms=bindparam("now_ms"))
)
_OBSERVED_LATER = Statement(
    select(observed_intervals.c.id).where(*_OF_CAMERA, observed_intervals.c.end_ms > bindparam("now_ms")).limit(1)
)
_OBSERVE_ANEW = Statement(
    insert(observed_intervals).values(
        store_id=bindparam("of_store"),
        camera_id=bindparam("of_camera"),
        begin_ms=bindparam("now_ms"),
        end_ms=bindparam("now_ms"),
    )
)
_ALL = select(cameras).where(cameras.c.body != FORGOTTEN).order_by(cameras.c.store_id, cameras.c.camera_id)


_DROP_STILL = Statement(
    update(camera_setups)
    .where(
        camera_setups.c.store_id == bindparam("new_store_id"), camera_setups.c.camera_id == bindparam("new_camera_id")
    )
    .values(still_at_ms=None, still=None)
)
_FORGET = Statement(
    update(cameras)
    .where(
        cameras.c.store_id == bindparam("new_store_id"),
        cameras.c.camera_id == bindparam("new_camera_id"),
        cameras.c.body != FORGOTTEN,
    )
    .values(body=FORGOTTEN, reported_at_ms=bindparam("now_ms"))
)


def camera_status(report: CameraReport, age_s: float) -> CameraStatus:
    """The status that follows from a camera's last report, which is `age_s` seconds old."""
    if report.has_ended:
        return CameraStatus.ENDED
    if age_s > UP_WITHIN_S:
        return CameraStatus.LATE if age_s <= LATE_WITHIN_S else CameraStatus.GONE
    return CameraStatus.BLIND if report.is_blind else CameraStatus.UP


def camera_state(camera_id: str, report: CameraReport, reported_at: datetime, now: datetime) -> CameraState:
    """The state at `now` of a camera that reported at `reported_at`; both aware."""
    # A clock that was put back makes no report come from the future.
    age_s = max(0.0, round((now - reported_at).total_seconds(), 3))
    status = camera_status(report, age_s)
    return CameraState(**report.model_dump(), camera_id=camera_id, reported_at=reported_at, age_s=age_s, status=status)


class Cameras:
    """The reports. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def report(self, camera_id: str, report: CameraReport) -> CameraState:
        """Keep what an edge says of its camera. A power cut may undo it; the next report comes in seconds."""
        now = to_milliseconds(self._clock.now())
        values = {"new_reported_at_ms": to_ms(now), "new_body": report.model_dump_json()}
        with self._database.write(survives_power_cut=False) as transaction:
            _KEEP_REPORT.run(transaction, _of(report.store_id, camera_id) | values)
            _observe(transaction, report.store_id, camera_id, to_ms(now))
        return camera_state(camera_id, report, now, now)

    def forget(self, store_id: str, camera_id: str) -> bool:
        """Take a camera off the list until it reports again, and its still; False when it is not on it.

        What it has seen stays: its events, its figures, and the names of its machines.
        """
        here = _of(store_id, camera_id)
        with self._database.write() as transaction:
            is_known = bool(_FORGET.run(transaction, here | {"now_ms": to_ms(self._clock.now())}).rowcount)
            _DROP_STILL.run(transaction, here)
        return is_known

    def states(self) -> list[CameraState]:
        """Every camera that ever reported, by store and name, with its state now."""
        with self._database.read() as connection:
            return read_cameras(connection, self._clock.now())


def _observe(transaction: Transaction, store_id: str, camera_id: str, now_ms: int) -> None:
    """Let the camera be observed up to now: since its last report, unless that was too long ago."""
    here = {"of_store": store_id, "of_camera": camera_id, "now_ms": now_ms}
    if _OBSERVE_ON.run(transaction, {**here, "silent_since_ms": now_ms - _LONGEST_SILENCE_MS}).rowcount:
        return
    if _OBSERVED_LATER.run(transaction, here).fetchone() is None:
        _OBSERVE_ANEW.run(transaction, here)


def read_cameras(connection: Connection, now: datetime) -> list[CameraState]:
    """Every camera that ever reported, by store and name, with its state at `now`."""
    return [
        camera_state(row.camera_id, CameraReport.model_validate_json(row.body), from_ms(row.reported_at_ms), now)
        for row in connection.execute(_ALL)
    ]


_KEY = [camera_setups.c.store_id, camera_setups.c.camera_id]
_KEEP_SETUP = _keep(camera_setups, "reported_at_ms", "body")
_KEEP_STILL = _keep(camera_setups, "still_at_ms", "still")
_STILL_AT = Statement(
    select(camera_setups.c.still_at_ms).where(
        camera_setups.c.store_id == bindparam("new_store_id"), camera_setups.c.camera_id == bindparam("new_camera_id")
    )
)
_DROP_STILLS = Statement(
    update(camera_setups)
    .where(camera_setups.c.still_at_ms < bindparam("before_ms"))
    .values(still_at_ms=None, still=None)
)
_REPORTED = select(*_KEY, camera_setups.c.reported_at_ms, camera_setups.c.body, camera_setups.c.still_at_ms).where(
    camera_setups.c.body.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Still:
    """A picture, JPEG, and when it came."""

    jpeg: bytes
    at: datetime


class Setups:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(self, camera_id: str, setup: CameraSetup) -> CameraSetupState:
        """Put `setup` in the place of the camera's last one."""
        now = to_milliseconds(self._clock.now())
        values = {"new_reported_at_ms": to_ms(now), "new_body": setup.model_dump_json()}
        with self._database.write() as transaction:
            _KEEP_SETUP.run(transaction, _of(setup.store_id, camera_id) | values)
            [still_at_ms] = _STILL_AT.run(transaction, _of(setup.store_id, camera_id)).fetchone()
        return _state(camera_id, setup, now, still_at_ms)

    def find(self, store_id: str, camera_id: str) -> CameraSetupState | None:
        """The camera's last setup; None when it never had one."""
        query = _REPORTED.where(camera_setups.c.store_id == store_id, camera_setups.c.camera_id == camera_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        setup = CameraSetup.model_validate_json(row.body)
        return _state(camera_id, setup, from_ms(row.reported_at_ms), row.still_at_ms)

    def keep_still(self, store_id: str, camera_id: str, jpeg: bytes) -> None:
        """Put the still in the place of the last one; a power cut may undo that, and the next one comes in minutes."""
        values = {"new_still_at_ms": to_ms(self._clock.now()), "new_still": jpeg}
        with self._database.write(survives_power_cut=False) as transaction:
            _KEEP_STILL.run(transaction, _of(store_id, camera_id) | values)

    def find_still(self, store_id: str, camera_id: str) -> Still | None:
        """The camera's last still; None when it has none."""
        query = select(camera_setups.c.still, camera_setups.c.still_at_ms).where(
            camera_setups.c.store_id == store_id, camera_setups.c.camera_id == camera_id
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None or row.still is None else Still(row.still, from_ms(row.still_at_ms))

    def drop_stills(self, before: datetime) -> int:
        """Remove the stills that came before `before`; how many."""
        with self._database.write() as connection:
            return _DROP_STILLS.run(connection, {"before_ms": to_ms(before)}).rowcount


def read_setups(connection: Connection) -> list[CameraSetupState]:
    """Every camera's last setup, by store and name."""
    return [
        _state(row.camera_id, CameraSetup.model_validate_json(row.body), from_ms(row.reported_at_ms), row.still_at_ms)
        for row in connection.execute(_REPORTED.order_by(*_KEY))
    ]


def machine_names(connection: Connection) -> dict[tuple[str, str, str], str]:
    """The name of each machine that is in a setup, by store, camera and machine_id."""
    return {
        (setup.store_id, setup.camera_id, machine.machine_id): machine.name
        for setup in read_setups(connection)
        for machine in setup.machines
    }


def machine_kinds(connection: Connection) -> dict[tuple[str, str, str], str]:
    """Of which kind each machine is that is in a setup and has one, by store, camera and machine_id."""
    return {
        (setup.store_id, setup.camera_id, machine.machine_id): machine.kind
        for setup in read_setups(connection)
        for machine in setup.machines
        if machine.kind is not None
    }


def _of(store_id: str, camera_id: str) -> dict[str, object]:
    return {"new_store_id": store_id, "new_camera_id": camera_id}


def _state(camera_id: str, setup: CameraSetup, reported_at: datetime, still_at_ms: int | None) -> CameraSetupState:
    return CameraSetupState(
        **dict(setup),
        camera_id=camera_id,
        reported_at=reported_at,
        still_at=None if still_at_ms is None else from_ms(still_at_ms),
    )
