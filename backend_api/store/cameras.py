"""Cameras: their edges' last reports, and whether a camera is up, late or gone by the age of its report."""

import sqlite3
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.cameras import LATE_WITHIN_S, UP_WITHIN_S, CameraReport, CameraState, CameraStatus
from backend_api.store.statements import Statement
from backend_api.store.tables import cameras

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
