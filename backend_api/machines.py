"""Each machine's state now, as its last session tells it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from backend_api.contract_cameras import LATE_WITHIN_S
from backend_api.contract_sessions import Machine, MachineList, MachineState, Session
from backend_api.contract_types import Name, Value
from backend_api.contract_verdicts import Verdict
from backend_api.derived_tables import sessions
from backend_api.instants import from_ms, to_ms
from backend_api.keyset import also
from backend_api.outcomes import last_sessions
from backend_api.session_rows import PictureUrl, no_picture, select_sessions, to_session
from backend_api.setups import machine_names
from backend_api.tables import cameras, events

_PLACES = select(last_sessions())


class MachineQuery(Value):
    """Which machines; filters that are left out let everything through."""

    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Which machine; names of cameras and machines need to differ within a store alone."""

    store_id: str
    camera_id: str
    machine_id: str


def machine_now(session: Session, heard_at: datetime | None, now: datetime) -> Machine:
    """The machine whose last session is `session`, and of whose camera something was heard last at `heard_at`."""
    state, since = _state(session, now)
    if heard_at is None or now - heard_at > timedelta(seconds=LATE_WITHIN_S):
        state, since = MachineState.UNKNOWN, heard_at
    return Machine(
        store_id=session.store_id,
        camera_id=session.camera_id,
        machine_id=session.machine_id,
        state=state,
        since=since,
        closes_at=session.window_closes_at if state is MachineState.TO_BE_CLEANED else None,
        session=session,
    )


def _state(session: Session, now: datetime) -> tuple[MachineState, datetime | None]:
    left_at = session.ended_at or session.window_opened_at
    if left_at is None and session.attempt_at is None:
        return MachineState.IN_USE, session.started_at
    if session.verdict is Verdict.CLEANED:
        return MachineState.CLEANED, session.attempt_at
    if session.window_closes_at is None:
        return MachineState.FREE, left_at
    if session.window_closes_at > now:
        return MachineState.TO_BE_CLEANED, session.window_opened_at
    return MachineState.FREE, session.window_closes_at


def places(connection: Connection, query: MachineQuery) -> list[Place]:
    """The machines that `query` lets through, in order."""
    found = [Place(row.store_id, row.camera_id, row.machine_id) for row in connection.execute(_PLACES)]
    return [place for place in reversed(found) if _lets_through(query, place)]


def read_machines(
    connection: Connection, query: MachineQuery, now: datetime, picture_url: PictureUrl = no_picture
) -> MachineList:
    """The machines that `query` lets through, at `now`."""
    rows = connection.execute(select_sessions(to_ms(now)).where(sessions.c.seq.in_(select(last_sessions().c.seq))))
    names = machine_names(connection)
    found = [to_session(row, names, picture_url) for row in rows if _lets_through(query, row)]
    found.sort(key=lambda session: (session.store_id, session.camera_id, session.machine_id))
    heard_at = {
        camera: _heard_at(connection, *camera) for camera in {(item.store_id, item.camera_id) for item in found}
    }
    return MachineList(items=[machine_now(item, heard_at[item.store_id, item.camera_id], now) for item in found])


def _lets_through(query: MachineQuery, place: Any) -> bool:  # noqa: ANN401 - a row's columns have no types
    return (
        query.store_id in (None, place.store_id)
        and query.camera_id in (None, place.camera_id)
        and query.machine_id in (None, place.machine_id)
    )


def _heard_at(connection: Connection, store_id: str, camera_id: str) -> datetime | None:
    """When the camera's edge was last heard of: its report, or the arrival of its newest event."""
    reported_ms = connection.execute(
        select(cameras.c.reported_at_ms).where(cameras.c.store_id == store_id, cameras.c.camera_id == camera_id)
    ).scalar()
    received_ms = connection.execute(
        select(events.c.received_at_ms)
        .where(events.c.camera_id == camera_id, also(events.c.store_id, [store_id]))
        .order_by(events.c.ts_ms.desc(), events.c.seq.desc())
        .limit(1)
    ).scalar()
    heard_ms = max(reported_ms or 0, received_ms or 0)
    return from_ms(heard_ms) if heard_ms else None
