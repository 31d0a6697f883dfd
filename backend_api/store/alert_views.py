"""How each camera's picture usually looks, and when its newest still came."""

from datetime import datetime

from sqlalchemy import ClauseElement, bindparam, select

from backend_api.base.instants import from_ms, to_ms
from backend_api.store.camera_status import CameraKey
from backend_api.store.db.database import Database
from backend_api.store.db.statements import DialectInsert, Statement
from backend_api.store.db.tables import camera_setups
from backend_api.store.ledger.tables import camera_views

_KEY = ("store_id", "camera_id")
_STILLS = select(*camera_setups.c[(*_KEY, "still_at_ms")]).where(camera_setups.c.still_at_ms.is_not(None))


def _keep(insert: DialectInsert) -> ClauseElement:
    inserting = insert(camera_views).values({name: bindparam(f"new_{name}") for name in (*_KEY, "still_ms", "view")})
    return inserting.on_conflict_do_update(
        index_elements=_KEY, set_={name: inserting.excluded[name] for name in ("still_ms", "view")}
    )


_KEEP = Statement(_keep)


class CameraViews:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stills_at(self) -> dict[CameraKey, datetime]:
        """When the newest still of each camera came; the pictures themselves are not read."""
        with self._database.read() as connection:
            rows = connection.execute(_STILLS).all()
        return {(row.store_id, row.camera_id): from_ms(row.still_at_ms) for row in rows}

    def find(self, camera: CameraKey) -> bytes | None:
        """The camera's view; None before its first still."""
        query = select(camera_views.c.view).where(
            camera_views.c.store_id == camera[0], camera_views.c.camera_id == camera[1]
        )
        with self._database.read() as connection:
            view = connection.execute(query).scalar()
        return None if view is None else bytes(view)

    def keep(self, camera: CameraKey, still_at: datetime, view: bytes) -> None:
        """Put `view` in the place of the last one. A power cut may undo it: the next still comes in minutes."""
        values = {"new_still_ms": to_ms(still_at), "new_view": view}
        with self._database.write(survives_power_cut=False) as transaction:
            _KEEP.run(transaction, {"new_store_id": camera[0], "new_camera_id": camera[1], **values})
