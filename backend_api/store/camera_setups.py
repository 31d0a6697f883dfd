"""Camera setups: which machines each edge watches, as it reported last, and a still of what its camera sees."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, bindparam, delete, select, tuple_, update

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.cameras import CameraSetup, CameraSetupState
from backend_api.contract.values import to_milliseconds
from backend_api.store.camera_status import CameraKey
from backend_api.store.cameras import keep_columns, of_camera
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import camera_looks, camera_setups, machines
from backend_api.store.uses.machines import note_names

log = logging.getLogger(__name__)

_KEY = [camera_setups.c.store_id, camera_setups.c.camera_id]
_KEEP_SETUP = keep_columns(camera_setups, "reported_at_ms", "body")
KEEP_STILL = keep_columns(camera_setups, "still_at_ms", "still")
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
_DROP_LOOKS = Statement(delete(camera_looks).where(camera_looks.c.asked_at_ms < bindparam("before_ms")))
_REPORTED = select(*_KEY, camera_setups.c.reported_at_ms, camera_setups.c.body, camera_setups.c.still_at_ms).where(
    camera_setups.c.body.is_not(None)
)

_NAMES = select(*machines.c["store_id", "camera_id", "machine_id", "name"]).where(machines.c.name.is_not(None))


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
            _KEEP_SETUP.run(transaction, of_camera(setup.store_id, camera_id) | values)
            names = {machine.machine_id: machine.name for machine in setup.machines}
            note_names(transaction, setup.store_id, camera_id, names)
            [still_at_ms] = _STILL_AT.run(transaction, of_camera(setup.store_id, camera_id)).fetchone()
        return _state(camera_id, setup, now, still_at_ms)

    def find(self, store_id: str, camera_id: str) -> CameraSetupState | None:
        """The camera's last setup; None when it never had one."""
        query = _REPORTED.where(camera_setups.c.store_id == store_id, camera_setups.c.camera_id == camera_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return next(_states([row]), None)

    def find_all(self, cameras: Sequence[CameraKey]) -> list[CameraSetupState]:
        """The last setups of those of `cameras` that had one, by store and name."""
        query = _REPORTED.where(tuple_(*_KEY).in_(cameras)).order_by(*_KEY)
        with self._database.read() as connection:
            return list(_states(connection.execute(query)))

    def attempt_delays(self) -> dict[CameraKey, float]:
        """How many seconds after an attempt began each camera's edge may still tell of it, where it has said so."""
        with self._database.read() as connection:
            setups = read_setups(connection)
        return {
            (setup.store_id, setup.camera_id): setup.attempt_delay_s
            for setup in setups
            if setup.attempt_delay_s is not None
        }

    def keep_still(self, store_id: str, camera_id: str, jpeg: bytes) -> None:
        """Put the still in the place of the last one; a power cut may undo that, and the next one comes in minutes."""
        values = {"new_still_at_ms": to_ms(self._clock.now()), "new_still": jpeg}
        with self._database.write(survives_power_cut=False) as transaction:
            KEEP_STILL.run(transaction, of_camera(store_id, camera_id) | values)

    def find_still(self, store_id: str, camera_id: str) -> Still | None:
        """The camera's last still; None when it has none."""
        query = select(camera_setups.c.still, camera_setups.c.still_at_ms).where(
            camera_setups.c.store_id == store_id, camera_setups.c.camera_id == camera_id
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None or row.still is None else Still(row.still, from_ms(row.still_at_ms))

    def drop_stills(self, before: datetime) -> int:
        """Remove the stills that came before `before`, and the looks that were asked for before it; how many stills."""
        with self._database.write() as transaction:
            _DROP_LOOKS.run(transaction, {"before_ms": to_ms(before)})
            return _DROP_STILLS.count(transaction, {"before_ms": to_ms(before)})


def read_setups(connection: Connection, store_ids: Iterable[str] | None = None) -> list[CameraSetupState]:
    """Every camera's last setup, by store and name; with `store_ids` those of these stores."""
    query = _REPORTED if store_ids is None else _REPORTED.where(camera_setups.c.store_id.in_(sorted(store_ids)))
    return list(_states(connection.execute(query.order_by(*_KEY))))


def machine_names(connection: Connection) -> dict[tuple[str, str, str], str]:
    """The name of each machine that is in a setup, by store, camera and machine_id."""
    return {(row.store_id, row.camera_id, row.machine_id): row.name for row in connection.execute(_NAMES)}


def machine_kinds(connection: Connection, store_ids: Iterable[str]) -> dict[tuple[str, str, str], str]:
    """Of which kind each machine of these stores is that is in a setup and has one, by store, camera and machine_id."""
    return {
        (setup.store_id, setup.camera_id, machine.machine_id): machine.kind
        for setup in read_setups(connection, store_ids)
        for machine in setup.machines
        if machine.kind is not None
    }


def _state(camera_id: str, setup: CameraSetup, reported_at: datetime, still_at_ms: int | None) -> CameraSetupState:
    return CameraSetupState(
        **dict(setup),
        camera_id=camera_id,
        reported_at=reported_at,
        still_at=None if still_at_ms is None else from_ms(still_at_ms),
    )


def _states(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[CameraSetupState]:
    """Of `rows` those that can be read: an edge of this release sends what an earlier one let through no more."""
    for row in rows:
        try:
            setup = CameraSetup.model_validate_json(row.body)
        except ValidationError as error:
            log.debug("the setup of %s at %s cannot be read: %s", row.camera_id, row.store_id, error)
            continue
        yield _state(row.camera_id, setup, from_ms(row.reported_at_ms), row.still_at_ms)
