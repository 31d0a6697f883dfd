"""The log of changes: new events, what models and people say of them, and what cameras have come to be.

Database.write logs them at the end of the transaction that makes them, so a worker's changes stand in it as well as the
backend's. Ids are seen in the order of commits: a reader of all up to an id has missed nothing before it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from backend_api.store.db.database import Database
from backend_api.store.db.tables import ChangeKind, changes, enrichments, events
from backend_api.store.event_rows import IS_VISIBLE, ROW_COLUMNS, EventRow, to_row, with_said


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `row` is its event as it is stored now, null for cameras, which have a `status` instead."""

    id: int
    kind: ChangeKind
    store_id: str
    camera_id: str
    machine_id: str | None
    event_type: str | None
    row: EventRow | None
    status: str | None


_AFTER = (
    select(
        *ROW_COLUMNS,
        changes.c.id.label("change_id"),
        changes.c.kind,
        func.coalesce(changes.c.store_id, events.c.store_id).label("store_id"),
        func.coalesce(changes.c.camera_id, events.c.camera_id).label("camera_id"),
        events.c.machine_id,
        events.c.event_type,
        changes.c.status.label("camera_status"),
    )
    .select_from(
        with_said(
            changes.outerjoin(events, events.c.seq == changes.c.seq).outerjoin(
                enrichments, enrichments.c.seq == changes.c.seq
            )
        )
    )
    .where(changes.c.id > bindparam("after"), changes.c.seq.is_(None) | (events.c.seq.is_not(None) & IS_VISIBLE))
    .order_by(changes.c.id)
    .limit(bindparam("most"))
)
_NEWEST = select(func.coalesce(func.max(changes.c.id), 0))


class Changes:
    """The log. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> int:
        """The id of the last change; 0 when there is none."""
        with self._database.read() as connection:
            return int(connection.execute(_NEWEST).scalar_one())

    def read(self, after: int, most: int) -> list[Change]:
        """Up to `most` changes behind the id `after`, the oldest first."""
        with self._database.read() as connection:
            return [_to_change(row) for row in connection.execute(_AFTER, {"after": after, "most": most})]


def _to_change(row: Row[*tuple[Any, ...]]) -> Change:
    return Change(
        id=row.change_id,
        kind=ChangeKind(row.kind),
        store_id=row.store_id,
        camera_id=row.camera_id,
        machine_id=row.machine_id,
        event_type=row.event_type,
        row=None if row.event_id is None else to_row(row),
        status=row.camera_status,
    )
