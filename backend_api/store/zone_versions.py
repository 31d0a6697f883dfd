"""The versions of each camera's zones: asked for by people, taken or refused by edges, or found in an edge's file.

Invariant: at most one version of a camera is wanted, and it is the newest. The version that its edge uses is the newest
that was taken. A person's wish names the version that it was drawn on, and is kept only while that is the newest.
"""

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.zone_versions import (
    BY_THE_FILE,
    MAX_VERSIONS,
    ZoneChange,
    ZoneRefusal,
    ZoneSet,
    ZoneStatus,
    ZoneVersion,
)
from backend_api.store.db.database import Database, Lock
from backend_api.store.db.statements import Statement, Transaction
from backend_api.store.db.tables import zone_versions

_COLUMNS = ("store_id", "camera_id", "at_ms", "who", "body", "status")
_OF = (zone_versions.c.store_id == bindparam("of_store"), zone_versions.c.camera_id == bindparam("of_camera"))
_NEWEST = Statement(
    select(zone_versions.c.id, zone_versions.c.body, zone_versions.c.status)
    .where(*_OF)
    .order_by(zone_versions.c.id.desc())
    .limit(1)
)
_ADD = Statement(insert(zone_versions).values({name: bindparam(f"new_{name}") for name in _COLUMNS}))
_SETTLE = Statement(
    update(zone_versions)
    .where(*_OF, zone_versions.c.id == bindparam("of_id"), zone_versions.c.status == ZoneStatus.WANTED)
    .values(status=bindparam("new_status"), problem=bindparam("new_problem"))
)
_DROP = Statement(
    delete(zone_versions).where(
        *_OF,
        zone_versions.c.id.not_in(
            select(zone_versions.c.id).where(*_OF).order_by(zone_versions.c.id.desc()).limit(MAX_VERSIONS)
        ),
    )
)
_ALL = select(zone_versions).order_by(zone_versions.c.id.desc())


class Outdated(Exception):
    """The version that a wish was drawn on is no longer the newest."""


class ZoneVersions:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def history(self, store_id: str, camera_id: str) -> list[ZoneVersion]:
        """The camera's versions, the newest first."""
        return self._read(store_id, camera_id, MAX_VERSIONS)

    def newest(self, store_id: str, camera_id: str) -> ZoneVersion | None:
        """The camera's newest version; None when it never had one."""
        return next(iter(self._read(store_id, camera_id, 1)), None)

    def _read(self, store_id: str, camera_id: str, count: int) -> list[ZoneVersion]:
        query = _ALL.where(zone_versions.c.store_id == store_id, zone_versions.c.camera_id == camera_id).limit(count)
        with self._database.read() as connection:
            return [_version(row) for row in connection.execute(query)]

    def ask(self, store_id: str, camera_id: str, drawn_on: int, change: ZoneChange) -> None:
        """Have the camera's edge take `change`, drawn on the version `drawn_on` (0 where there was none).

        A wish that it has not taken yet gives way. Raises Outdated when `drawn_on` is not the newest; nothing is kept
        then.
        """
        with self._database.write(lock=Lock.ZONES) as transaction:
            newest = _newest(transaction, store_id, camera_id)
            if drawn_on != (newest[0] if newest else 0):
                raise Outdated
            if newest is not None:
                if newest[2] == ZoneStatus.TAKEN and ZoneSet.model_validate_json(newest[1]) == change.zones:
                    return  # it has them
                _settle(transaction, store_id, camera_id, newest[0], ZoneStatus.REPLACED)
            self._add(transaction, store_id, camera_id, change.who, change.zones, ZoneStatus.WANTED)

    def refuse(self, store_id: str, camera_id: str, refusal: ZoneRefusal) -> bool:
        """Note that the edge cannot take a version; False when that was not wanted (any more)."""
        with self._database.write() as transaction:
            return _settle(
                transaction, store_id, camera_id, refusal.version, ZoneStatus.REFUSED, problem=refusal.problem
            )

    def note_in_use(self, store_id: str, camera_id: str, zones: ZoneSet) -> None:
        """Note what the edge says that it uses: the version that was wanted, or one of its own.

        While another is wanted, what it still uses is nothing new.
        """
        newest = self.newest(store_id, camera_id)
        if newest is not None and newest.zones == zones and newest.status is ZoneStatus.TAKEN:
            return
        with self._database.write(lock=Lock.ZONES) as transaction:
            found = _newest(transaction, store_id, camera_id)
            status = None if found is None else ZoneStatus(found[2])
            is_same = found is not None and ZoneSet.model_validate_json(found[1]) == zones
            if found is not None and status is ZoneStatus.WANTED:
                if is_same:
                    _settle(transaction, store_id, camera_id, found[0], ZoneStatus.TAKEN)
            elif not is_same or status is not ZoneStatus.TAKEN:
                self._add_unless_known(transaction, store_id, camera_id, zones)

    def _add_unless_known(self, transaction: Transaction, store_id: str, camera_id: str, zones: ZoneSet) -> None:
        """After a refusal the edge uses the version before it, which is no new one."""
        taken = next((one for one in self.history(store_id, camera_id) if one.status is ZoneStatus.TAKEN), None)
        if taken is None or taken.zones != zones:
            self._add(transaction, store_id, camera_id, BY_THE_FILE, zones, ZoneStatus.TAKEN)

    def _add(
        self, transaction: Transaction, store_id: str, camera_id: str, who: str, zones: ZoneSet, status: ZoneStatus
    ) -> None:
        values = (store_id, camera_id, to_ms(self._clock.now()), who, zones.model_dump_json(), status)
        _ADD.run(transaction, {f"new_{name}": value for name, value in zip(_COLUMNS, values, strict=True)})
        _DROP.run(transaction, _of(store_id, camera_id))


def _of(store_id: str, camera_id: str) -> dict[str, str]:
    return {"of_store": store_id, "of_camera": camera_id}


def _newest(transaction: Transaction, store_id: str, camera_id: str) -> tuple[int, str, str] | None:
    found: tuple[int, str, str] | None = _NEWEST.run(transaction, _of(store_id, camera_id)).fetchone()
    return found


def _settle(
    transaction: Transaction,
    store_id: str,
    camera_id: str,
    version: int,
    status: ZoneStatus,
    problem: str | None = None,
) -> bool:
    values = {"of_id": version, "new_status": status, "new_problem": problem}
    return _SETTLE.count(transaction, _of(store_id, camera_id) | values) == 1


def _version(row: Row[Any]) -> ZoneVersion:
    return ZoneVersion(
        version=row.id,
        store_id=row.store_id,
        camera_id=row.camera_id,
        at=from_ms(row.at_ms),
        who=row.who,
        zones=ZoneSet.model_validate_json(row.body),
        status=ZoneStatus(row.status),
        problem=row.problem,
    )
