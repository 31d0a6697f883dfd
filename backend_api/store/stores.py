"""Stores: what people say of them, and which ones there are."""

from collections.abc import Iterable

from sqlalchemy import ClauseElement, Connection, bindparam, select, union

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.stores import StoreSettings, StoreState
from backend_api.contract.values import to_milliseconds
from backend_api.store.db.database import Database
from backend_api.store.db.statements import DialectInsert, Statement
from backend_api.store.db.tables import camera_setups, cameras, stores

_NAMES = ("store_id", "changed_at_ms", "body", "changed_by")


def _keep(insert: DialectInsert) -> ClauseElement:
    inserting = insert(stores).values({name: bindparam(f"new_{name}") for name in _NAMES})
    return inserting.on_conflict_do_update(
        index_elements=["store_id"], set_={name: inserting.excluded[name] for name in _NAMES[1:]}
    )


_KEEP = Statement(_keep)
_DESCRIBED = select(stores).order_by(stores.c.store_id)
_REPORTED = union(select(cameras.c.store_id), select(camera_setups.c.store_id))


class Stores:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(self, store_id: str, settings: StoreSettings, changed_by: str | None = None) -> StoreState:
        """Put `settings` in the place of the store's last ones; `changed_by` is the person's name, if it is known."""
        now = to_milliseconds(self._clock.now())
        body = settings.model_dump_json()
        with self._database.write() as transaction:
            row = {"store_id": store_id, "changed_at_ms": to_ms(now), "body": body, "changed_by": changed_by}
            _KEEP.run(transaction, {f"new_{name}": value for name, value in row.items()})
        return StoreState(store_id=store_id, settings=settings, changed_at=now, changed_by=changed_by)


def read_settings(connection: Connection, store_ids: Iterable[str] | None = None) -> dict[str, StoreSettings]:
    """The settings that people gave stores, by id; with `store_ids` of these stores alone."""
    described = _DESCRIBED if store_ids is None else _DESCRIBED.where(stores.c.store_id.in_(sorted(store_ids)))
    return {row.store_id: StoreSettings.model_validate_json(row.body) for row in connection.execute(described)}


def read_known_stores(connection: Connection) -> dict[str, StoreState]:
    """Every store that somebody described, or whose cameras have ever reported, by id."""
    found = {
        row.store_id: StoreState(store_id=row.store_id, settings=None, changed_at=None)
        for row in connection.execute(_REPORTED)
    }
    for row in connection.execute(_DESCRIBED):
        settings = StoreSettings.model_validate_json(row.body)
        changed_at = from_ms(row.changed_at_ms)
        found[row.store_id] = StoreState(
            store_id=row.store_id, settings=settings, changed_at=changed_at, changed_by=row.changed_by
        )
    return found
