"""Each machine's state now, as its last session tells it; those that nobody has used yet are in a camera's setup."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.bounds import MAX_AHEAD
from backend_api.contract.cameras import LATE_WITHIN_S
from backend_api.contract.queries import MachineQuery
from backend_api.contract.sessions import Cleaned, Machine, MachineList, MachineState, Session, SessionOutcome
from backend_api.contract.values import MachineKey
from backend_api.reports.outcomes import LAST_SESSIONS
from backend_api.reports.sessions import SELECT_SESSIONS, PictureUrl, no_picture, to_session
from backend_api.store.camera_setups import machine_names
from backend_api.store.cameras import FORGOTTEN, CameraKey
from backend_api.store.tables import cameras, events, sessions

_MACHINE_KEYS = select(LAST_SESSIONS)
_LAST = SELECT_SESSIONS.join(LAST_SESSIONS, LAST_SESSIONS.c.seq == sessions.c.seq)
# An arrival from more than a day ahead was before a clock was put right, and says nothing of now.
_ARRIVED = (
    select(LAST_SESSIONS.c.store_id, LAST_SESSIONS.c.camera_id, func.max(events.c.received_at_ms).label("heard_ms"))
    .join_from(LAST_SESSIONS, sessions, sessions.c.seq == LAST_SESSIONS.c.seq)
    .join(events, events.c.session_id == sessions.c.session_id)
    .where(events.c.received_at_ms <= bindparam("latest_ms"))
    .group_by(LAST_SESSIONS.c.store_id, LAST_SESSIONS.c.camera_id)
)
_FORGOTTEN = select(cameras.c.store_id, cameras.c.camera_id, cameras.c.reported_at_ms).where(
    cameras.c.body == FORGOTTEN
)


def machine_now(
    key: MachineKey, name: str, session: Session | None, heard_at: datetime | None, now: datetime
) -> Machine:
    """The machine `key` whose last session is `session`; its camera was heard of last at `heard_at`."""
    state, since = (MachineState.FREE, None) if session is None else _state(session, now)
    if heard_at is None or now - heard_at > timedelta(seconds=LATE_WITHIN_S):
        state, since = MachineState.UNKNOWN, heard_at
    return Machine(
        store_id=key.store_id,
        camera_id=key.camera_id,
        machine_id=key.machine_id,
        name=name,
        state=state,
        since=since,
        closes_at=session.window_closes_at if session and state is MachineState.TO_BE_CLEANED else None,
        session=session,
    )


def _state(session: Session, now: datetime) -> tuple[MachineState, datetime | None]:
    if session.outcome is SessionOutcome.NO_USE:
        return MachineState.FREE, session.ended_at
    left_at = session.ended_at or session.window_opened_at
    if left_at is None and session.attempt_at is None:
        return MachineState.IN_USE, session.started_at
    if session.cleaned is not None:
        return MachineState.CLEANED, session.attempt_at if session.cleaned is Cleaned.IN_WINDOW else left_at
    if session.window_closes_at is None:
        return MachineState.FREE, left_at
    if session.window_closes_at > now:
        return MachineState.TO_BE_CLEANED, session.window_opened_at
    return MachineState.FREE, session.window_closes_at


def machine_keys(connection: Connection, query: MachineQuery) -> list[MachineKey]:
    """The machines that `query` lets through, in order."""
    found = [MachineKey(row.store_id, row.camera_id, row.machine_id) for row in connection.execute(_MACHINE_KEYS)]
    return [key for key in reversed(found) if _lets_through(query, key)]


def read_machines(
    connection: Connection,
    query: MachineQuery,
    now: datetime,
    watched_at: Mapping[CameraKey, datetime | None],
    picture_url: PictureUrl = no_picture,
) -> MachineList:
    """The machines that `query` lets through, at `now`; `watched_at` is when each camera last watched them."""
    names = machine_names(connection)
    last: dict[MachineKey, Session | None] = {MachineKey(*of): None for of in names}
    for row in connection.execute(_LAST, {"now_ms": to_ms(now)}):
        session = to_session(row, names, picture_url)
        last[MachineKey(session.store_id, session.camera_id, session.machine_id)] = session
    heard_at = _heard_at(connection, watched_at, now)
    forgotten = _forgotten(connection, heard_at) - watched_at.keys()
    items = [
        machine_now(
            key,
            names.get((key.store_id, key.camera_id, key.machine_id), key.machine_id),
            last[key],
            heard_at.get((key.store_id, key.camera_id)),
            now,
        )
        for key in sorted(last)
        if _lets_through(query, key) and (key.store_id, key.camera_id) not in forgotten
    ]
    return MachineList(items=items)


def _lets_through(query: MachineQuery, key: MachineKey) -> bool:
    return (
        query.store_id in (None, key.store_id)
        and query.camera_id in (None, key.camera_id)
        and query.machine_id in (None, key.machine_id)
    )


def _heard_at(
    connection: Connection, watched_at: Mapping[CameraKey, datetime | None], now: datetime
) -> dict[CameraKey, datetime]:
    """When each camera last told of its machines: by its report, or the newest arrival of a machine's last session."""
    rows = connection.execute(_ARRIVED, {"latest_ms": to_ms(now + MAX_AHEAD)})
    heard_at = {(row.store_id, row.camera_id): from_ms(row.heard_ms) for row in rows}
    for key, at in watched_at.items():
        if at is not None and at <= now + MAX_AHEAD:
            heard_at[key] = max(at, heard_at.get(key, at))
    return heard_at


def _forgotten(connection: Connection, heard_at: Mapping[CameraKey, datetime]) -> set[CameraKey]:
    """The cameras that were forgotten and not heard of since."""
    return {
        (row.store_id, row.camera_id)
        for row in connection.execute(_FORGOTTEN)
        if (heard := heard_at.get((row.store_id, row.camera_id))) is None or heard <= from_ms(row.reported_at_ms)
    }
