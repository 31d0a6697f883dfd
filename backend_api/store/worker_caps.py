"""The daily caps that workers keep, each with when a worker said so last, and whether it is reached.

Invariant: what one worker says of its caps changes nothing of what another said of others. Workers with the same caps
share an entry: what was spent is counted in the database, so that they cannot disagree.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.store.db.database import Database, Lock
from backend_api.store.db.settings import KEEP_SETTING, SettingName
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import settings

# A worker says it every 30 s; three times may be lost.
FRESH_WITHIN = timedelta(seconds=120)
_FORGOTTEN_AFTER = timedelta(days=1)
_MOST_ENTRIES = 50
_STORED_QUERY = select(settings.c.value).where(settings.c.name == SettingName.WORKER_CAPS.value)
_STORED = Statement(_STORED_QUERY)


class _Said(NamedTuple):
    """When a worker with these caps was there last, in milliseconds since 1970, and which cap is reached, in words."""

    seen_ms: int
    reached: str | None


_ENTRIES: TypeAdapter[dict[str, _Said]] = TypeAdapter(dict[str, _Said])


class WorkerCaps:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(self, caps: str, reached: str | None) -> None:
        """Note that a worker that keeps `caps`, in words, is there, and which of them is reached now."""
        self._change(caps, _Said(to_ms(self._clock.now()), reached))

    def take_back(self, caps: str) -> None:
        """Note that no worker with `caps` is expected."""
        self._change(caps, None)

    def reached(self) -> tuple[bool, str | None]:
        """Whether it is known, and which cap of any worker is reached, in words.

        It is unknown while the workers that were here within a day are away. Nothing of it lives in a process.
        """
        with self._database.read() as connection:
            stored = connection.execute(_STORED_QUERY)
            entries = _read(stored.scalar())
        now = self._clock.now()
        expected = [said for _, said in sorted(entries.items()) if _is_remembered(said, now)]
        fresh = [said for said in expected if abs(now - from_ms(said.seen_ms)) <= FRESH_WITHIN]
        is_known = bool(fresh) or not expected
        return is_known, next((said.reached for said in fresh if said.reached is not None), None)

    def _change(self, caps: str, said: _Said | None) -> None:
        now = self._clock.now()
        with self._database.write(survives_power_cut=False, lock=Lock.WORKER_CAPS) as transaction:
            row = _STORED.run(transaction, {}).fetchone()
            entries = {key: one for key, one in _read(row and row[0]).items() if _is_remembered(one, now)}
            entries.pop(caps, None)
            if said is not None:
                entries[caps] = said
            newest = dict(sorted(entries.items(), key=lambda item: item[1].seen_ms)[-_MOST_ENTRIES:])
            value = _ENTRIES.dump_json(newest).decode()
            KEEP_SETTING.run(transaction, {"of_name": SettingName.WORKER_CAPS.value, "new_value": value})


def _is_remembered(said: _Said, now: datetime) -> bool:
    return abs(now - from_ms(said.seen_ms)) <= _FORGOTTEN_AFTER


def _read(stored: str | None) -> dict[str, _Said]:
    try:
        return _ENTRIES.validate_json(stored or "{}")
    except ValidationError:
        # Of another release: the next worker says it anew.
        return {}
