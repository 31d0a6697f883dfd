"""Settings: the few things that backend and doctor tell each other, and that outlive a restart."""

from enum import StrEnum

from sqlalchemy import ClauseElement, bindparam, delete, select

from backend_api.store.db.database import Database
from backend_api.store.db.statements import DialectInsert, Statement
from backend_api.store.db.tables import settings


class SettingName(StrEnum):
    """The settings that there are."""

    # In words, why a sweep of retention waits for a person's word; there while it waits.
    REMOVAL_HELD_BACK = "removal_held_back"
    # When a person gave that word, in milliseconds since 1970.
    REMOVAL_ALLOWED_MS = "removal_allowed_ms"
    # From which instant on the model is asked about the ends of uses, in milliseconds since 1970; not set, about all.
    ENDS_JUDGED_FROM_MS = "ends_judged_from_ms"
    # From when on windows that close uncleaned are told of, in milliseconds since 1970.
    ALERTS_SINCE_MS = "alerts_since_ms"
    # When a worker was last seen at work, in milliseconds since 1970; not there when none is expected to be.
    WORKER_SEEN_MS = "worker_seen_ms"
    # By what signed addresses are signed: of all backends on this database the same.
    LINK_SECRET = "link_secret"  # noqa: S105 - its name
    # The daily caps that workers keep, and which of them is reached, as backend_api/store/worker_caps.py writes them.
    WORKER_CAPS = "worker_caps"


def _agree(insert: DialectInsert) -> ClauseElement:
    inserting = insert(settings).values(name=bindparam("of_name"), value=bindparam("new_value"))
    return inserting.on_conflict_do_nothing(index_elements=["name"])


def _keep(insert: DialectInsert) -> ClauseElement:
    inserting = insert(settings).values(name=bindparam("of_name"), value=bindparam("new_value"))
    return inserting.on_conflict_do_update(index_elements=["name"], set_={"value": inserting.excluded.value})


_AGREE = Statement(_agree)
KEEP_SETTING = Statement(_keep)
_DROP = Statement(delete(settings).where(settings.c.name == bindparam("of_name")))
_FIND = select(settings.c.value).where(settings.c.name == bindparam("of_name"))


class StoredSettings:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: SettingName) -> str | None:
        """Its value; None when it is not set."""
        with self._database.read() as connection:
            value = connection.execute(_FIND, {"of_name": name.value}).scalar()
        return None if value is None else str(value)

    def agree(self, name: SettingName, value: str) -> str:
        """Its value; `value` from now on for all, if nobody has set it yet. It is never unset."""
        found = self.find(name)
        if found is None:
            with self._database.write() as transaction:
                _AGREE.run(transaction, {"of_name": name.value, "new_value": value})
            found = self.find(name)
        return value if found is None else found

    def keep(self, name: SettingName, value: str | None) -> None:
        """Set it to `value`; None unsets it. Nothing is written when it is so already."""
        if self.find(name) == value:
            return
        with self._database.write() as transaction:
            if value is None:
                _DROP.run(transaction, {"of_name": name.value})
            else:
                KEEP_SETTING.run(transaction, {"of_name": name.value, "new_value": value})
