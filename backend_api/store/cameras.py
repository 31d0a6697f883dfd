"""Cameras: what their edges report of them, which machines they watch, and a still of what they see."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

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
from backend_api.store.statements import Statement
from backend_api.store.tables import camera_setups, cameras

_INSERT = insert(cameras).values({name: bindparam(f"new_{name}") for name in cameras.columns.keys()})  # noqa: SIM118
_KEEP = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=[cameras.c.store_id, cameras.c.camera_id],
        set_={"reported_at_ms": _INSERT.excluded.reported_at_ms, "body": _INSERT.excluded.body},
    )
)
_ALL = select(cameras).order_by(cameras.c.store_id, cameras.c.camera_id)


def camera_status(age_s: float) -> CameraStatus:
    """What a last report that is `age_s` seconds old says of its camera."""
    if age_s <= UP_WITHIN_S:
        return CameraStatus.UP
    return CameraStatus.LATE if age_s <= LATE_WITHIN_S else CameraStatus.GONE


def camera_state(camera_id: str, report: CameraReport, reported_at: datetime, now: datetime) -> CameraState:
    """The state at `now` of a camera that reported at `reported_at`; both aware."""
    # A clock that was put back makes no report come from the future.
    age_s = max(0.0, round((now - reported_at).total_seconds(), 3))
    return CameraState(
        **report.model_dump(), camera_id=camera_id, reported_at=reported_at, age_s=age_s, status=camera_status(age_s)
    )


class Cameras:
    """The reports. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def report(self, camera_id: str, report: CameraReport) -> CameraState:
        """Keep what an edge says of its camera. A power cut may undo it; the next report comes in seconds."""
        now = to_milliseconds(self._clock.now())
        with self._database.write(survives_power_cut=False) as connection:
            keep_report(connection, camera_id, report, now)
        return camera_state(camera_id, report, now, now)

    def states(self) -> list[CameraState]:
        """Every camera that ever reported, by store and name, with its state now."""
        with self._database.read() as connection:
            return read_cameras(connection, self._clock.now())


def keep_report(connection: sqlite3.Connection, camera_id: str, report: CameraReport, now: datetime) -> None:
    """Put `report` in the place of the camera's last one."""
    values: dict[str, Any] = {
        "new_store_id": report.store_id,
        "new_camera_id": camera_id,
        "new_reported_at_ms": to_ms(now),
        "new_body": report.model_dump_json(),
    }
    _KEEP.run(connection, values)


def read_cameras(connection: Connection, now: datetime) -> list[CameraState]:
    """Every camera that ever reported, by store and name, with its state at `now`."""
    return [
        camera_state(row.camera_id, CameraReport.model_validate_json(row.body), from_ms(row.reported_at_ms), now)
        for row in connection.execute(_ALL)
    ]


_KEY = [camera_setups.c.store_id, camera_setups.c.camera_id]


def _keep(*names: str) -> Statement:
    """Put the columns `names` in the place of a camera's last ones, and leave its others alone."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("store_id", "camera_id", *names)}
    inserting = insert(camera_setups).values(values)
    return Statement(
        inserting.on_conflict_do_update(index_elements=_KEY, set_={name: inserting.excluded[name] for name in names})
    )


_KEEP_SETUP = _keep("reported_at_ms", "body")
_KEEP_STILL = _keep("still_at_ms", "still")
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
        with self._database.write() as connection:
            _KEEP_SETUP.run(connection, _of(setup.store_id, camera_id) | values)
            still_at_ms = _still_at_ms(connection, setup.store_id, camera_id)
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
        with self._database.write(survives_power_cut=False) as connection:
            _KEEP_STILL.run(connection, _of(store_id, camera_id) | values)

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
    """What people call each machine that is in a setup, by store, camera and machine_id."""
    return {
        (setup.store_id, setup.camera_id, machine.machine_id): machine.name
        for setup in read_setups(connection)
        for machine in setup.machines
    }


def _of(store_id: str, camera_id: str) -> dict[str, object]:
    return {"new_store_id": store_id, "new_camera_id": camera_id}


def _still_at_ms(connection: sqlite3.Connection, store_id: str, camera_id: str) -> int | None:
    query = "SELECT still_at_ms FROM camera_setups WHERE store_id = ? AND camera_id = ?"
    [still_at_ms] = connection.execute(query, (store_id, camera_id)).fetchone()
    return None if still_at_ms is None else int(still_at_ms)


def _state(camera_id: str, setup: CameraSetup, reported_at: datetime, still_at_ms: int | None) -> CameraSetupState:
    return CameraSetupState(
        **dict(setup),
        camera_id=camera_id,
        reported_at=reported_at,
        still_at=None if still_at_ms is None else from_ms(still_at_ms),
    )
