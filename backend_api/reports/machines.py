"""Each machine's state now, as its last session tells it; also of those that nobody has used yet."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, tuple_

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.bounds import MAX_AHEAD
from backend_api.contract.cameras import LATE_WITHIN_S
from backend_api.contract.queries import MachinePageQuery, MachineQuery
from backend_api.contract.sessions import Cleaned, Machine, MachineList, MachineState, Session, SessionOutcome
from backend_api.contract.values import MachineKey
from backend_api.reports.sessions import SELECT_SESSIONS, PictureUrl, no_picture, to_session
from backend_api.store.camera_status import CameraKey
from backend_api.store.cameras import FORGOTTEN
from backend_api.store.db.paging import decode_key, encode_key
from backend_api.store.db.tables import cameras, events, machines, sessions

WatchedAt = Callable[[Collection[CameraKey]], Mapping[CameraKey, datetime | None]]
"""When each of these cameras last watched its machines, of those that are on the list of cameras."""

_KEY = tuple(machines.c["store_id", "camera_id", "machine_id"])
_CAMERA = _KEY[:2]
_NAMES = select(*_KEY, machines.c.name)
_last = machines.alias("last")
_LAST = SELECT_SESSIONS.where(sessions.c.seq == machines.c.last_seq)
# All machines of the cameras that are asked about. An arrival from more than a day ahead was before a clock was put
# right, and says nothing of now.
_other_camera = tuple(_last.c["store_id", "camera_id"])
_ARRIVED = (
    select(*_other_camera, func.max(events.c.received_at_ms).label("heard_ms"))
    .join_from(_last, sessions, sessions.c.seq == _last.c.last_seq)
    .join(events, events.c.session_id == sessions.c.session_id)
    .where(events.c.received_at_ms <= bindparam("latest_ms"))
    .group_by(*_other_camera)
)
_forgotten_camera = tuple(cameras.c["store_id", "camera_id"])
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
    """The machines with a session that `query` lets through, in order."""
    found = connection.execute(
        select(*_KEY).where(machines.c.last_seq.is_not(None), *wanted_machines(query)).order_by(*_KEY)
    )
    return [MachineKey(*row) for row in found]


def read_machines(
    connection: Connection,
    query: MachineQuery,
    now: datetime,
    watched_at: WatchedAt,
    picture_url: PictureUrl = no_picture,
) -> MachineList:
    """All machines that `query` lets through, at `now`; `watched_at` tells when cameras last watched them."""
    return MachineList(items=_read(connection, wanted_machines(query), now, watched_at, picture_url))


def read_machine_page(
    connection: Connection,
    query: MachinePageQuery,
    now: datetime,
    watched_at: WatchedAt,
    picture_url: PictureUrl = no_picture,
) -> MachineList:
    """One page of the same; those of forgotten cameras are left out of it. Raises BadCursor."""
    wanted = wanted_machines(query)
    if query.cursor is not None:
        wanted.append(tuple_(*_KEY) > tuple_(*decode_key(query.cursor, query.scope, len(_KEY))))
    # One more than is shown tells whether there is a next page.
    keys = connection.execute(select(*_KEY).where(*wanted).order_by(*_KEY).limit(query.limit + 1)).all()
    if len(keys) <= query.limit:
        return MachineList(items=_read(connection, wanted, now, watched_at, picture_url))
    last = keys[query.limit - 1]
    wanted.append(tuple_(*_KEY) <= tuple_(*last))
    items = _read(connection, wanted, now, watched_at, picture_url)
    return MachineList(items=items, next_cursor=encode_key(last, query.scope))


def _read(
    connection: Connection,
    wanted: Sequence[ColumnElement[bool]],
    now: datetime,
    watched_at: WatchedAt,
    picture_url: PictureUrl,
) -> list[Machine]:
    names = {MachineKey(*key): name for *key, name in connection.execute(_NAMES.where(*wanted).order_by(*_KEY))}
    last: dict[MachineKey, Session] = {}
    for row in connection.execute(_LAST.where(*wanted), {"now_ms": to_ms(now)}):
        session = to_session(row, picture_url)
        last[MachineKey(session.store_id, session.camera_id, session.machine_id)] = session
    seen = watched_at({(key.store_id, key.camera_id) for key in names})
    heard_at = _heard_at(connection, wanted, seen, now)
    forgotten = _forgotten(connection, wanted, heard_at) - seen.keys()
    return [
        machine_now(key, name or key.machine_id, last.get(key), heard_at.get((key.store_id, key.camera_id)), now)
        for key, name in names.items()
        if (key.store_id, key.camera_id) not in forgotten
    ]


def wanted_machines(query: MachineQuery) -> list[ColumnElement[bool]]:
    """The conditions of `query` on rows of `machines`."""
    return [column == value for column in _KEY if (value := getattr(query, column.key)) is not None]


def _heard_at(
    connection: Connection,
    wanted: Sequence[ColumnElement[bool]],
    watched_at: Mapping[CameraKey, datetime | None],
    now: datetime,
) -> dict[CameraKey, datetime]:
    """When each camera last told of its machines: by its report, or the newest arrival of a machine's last session."""
    cameras_here = select(*_CAMERA).where(*wanted)
    rows = connection.execute(
        _ARRIVED.where(tuple_(*_other_camera).in_(cameras_here)), {"latest_ms": to_ms(now + MAX_AHEAD)}
    )
    heard_at = {(row.store_id, row.camera_id): from_ms(row.heard_ms) for row in rows}
    for key, at in watched_at.items():
        if at is not None and at <= now + MAX_AHEAD:
            heard_at[key] = max(at, heard_at.get(key, at))
    return heard_at


def _forgotten(
    connection: Connection, wanted: Sequence[ColumnElement[bool]], heard_at: Mapping[CameraKey, datetime]
) -> set[CameraKey]:
    """The cameras that were forgotten and not heard of since."""
    return {
        (row.store_id, row.camera_id)
        for row in connection.execute(_FORGOTTEN.where(tuple_(*_forgotten_camera).in_(select(*_CAMERA).where(*wanted))))
        if (heard := heard_at.get((row.store_id, row.camera_id))) is None or heard <= from_ms(row.reported_at_ms)
    }
