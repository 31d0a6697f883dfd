"""Writing events: each id once. A trigger writes the PENDING enrichment of an event that waits for the model."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from backend_api.base.clock import Clock
from backend_api.base.instants import to_ms
from backend_api.contract.events import Event
from backend_api.contract.queries import EventQuery
from backend_api.contract.values import to_milliseconds
from backend_api.contract.verdicts import Enrichment, MmStatus
from backend_api.store.database import Database
from backend_api.store.event_pages import Page, read_page
from backend_api.store.event_rows import EventRow, select_rows, to_row
from backend_api.store.statements import ROWS_A_STATEMENT, Insert, Statement
from backend_api.store.tables import events

# The ids come as one JSON array, since a statement takes a limited number of parameters.
_WANTED_IDS = func.json_each(bindparam("ids")).table_valued("value")
_BODIES = Statement(select(events.c.event_id, events.c.body).where(events.c.event_id.in_(select(_WANTED_IDS.c.value))))
# The database numbers the rows.
_INSERT_EVENTS = Insert(events, without="seq")
MAX_NEW_ARRIVALS = ROWS_A_STATEMENT


class IngestOutcome(StrEnum):
    """What became of an event that was handed in."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event on its way in. `body` is its canonical JSON: two events are the same when their bodies are."""

    event: Event
    body: str
    received_at: datetime

    @classmethod
    def of(cls, event: Event, received_at: datetime) -> "Arrival":
        """The arrival of `event` at `received_at` (aware)."""
        return cls(event, event.model_dump_json(), to_milliseconds(received_at))

    @property
    def row(self) -> EventRow:
        """What the database holds once this arrival is stored."""
        sha256 = self.event.clip.sha256 if self.event.clip else None
        mm = Enrichment(status=MmStatus.PENDING, attempts=0) if self.event.needs_mm else None
        return EventRow(self.event.event_id, self.body, sha256, self.received_at, mm)


class Events:
    """The events. All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, new: Sequence[Event]) -> list[IngestOutcome]:
        """Write those of `new` that are new, all in one transaction; one outcome each, in their order."""
        now = self._clock.now()
        return self.add_arrivals([Arrival.of(event, now) for event in new])

    def add_arrivals(self, arrivals: Sequence[Arrival]) -> list[IngestOutcome]:
        """`add` for events whose canonical JSON and time of arrival are known already."""
        if len(arrivals) <= MAX_NEW_ARRIVALS:
            with self._database.write_at_once() as connection:
                if add_new_arrivals(connection, arrivals):
                    return [IngestOutcome.STORED] * len(arrivals)
        with self._database.write() as connection:
            return add_arrivals(connection, arrivals)

    def find(self, event_id: UUID) -> EventRow | None:
        """The event, or None when there is none of that id."""
        query = select_rows(events).where(events.c.event_id == str(event_id))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else to_row(row)

    def page(self, query: EventQuery) -> Page:
        """One page of the events that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_page(connection, query)


def add_new_arrivals(connection: sqlite3.Connection, arrivals: Sequence[Arrival]) -> bool:
    """Write `arrivals`, MAX_NEW_ARRIVALS at most, in one statement; False, and nothing written, when not all are new.

    Outside of a transaction the statement is one by itself.
    """
    try:
        _INSERT_EVENTS.run(connection, [_event_row(arrival) for arrival in arrivals])
    except sqlite3.IntegrityError:
        return False
    return True


def add_arrivals(connection: sqlite3.Connection, arrivals: Sequence[Arrival]) -> list[IngestOutcome]:
    """Write those of `arrivals` that are new, in their order, and say of each what became of it.

    `connection` must hold the write lock. The first of several with the same id counts, whether it came in this call
    or an earlier one.
    """
    ids = [str(arrival.event.event_id) for arrival in arrivals]
    bodies = _stored_bodies(connection, ids)
    new: list[Arrival] = []
    outcomes = []
    for event_id, arrival in zip(ids, arrivals, strict=True):
        stored = bodies.setdefault(event_id, arrival.body)
        if stored is arrival.body:
            new.append(arrival)
            outcomes.append(IngestOutcome.STORED)
        else:
            outcomes.append(IngestOutcome.DUPLICATE if stored == arrival.body else IngestOutcome.CONFLICT)
    _INSERT_EVENTS.run(connection, [_event_row(arrival) for arrival in new])
    return outcomes


def _stored_bodies(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    return dict(_BODIES.run(connection, {"ids": json.dumps(ids)}).fetchall())


def _event_row(arrival: Arrival) -> dict[str, Any]:
    event = arrival.event
    return {
        "event_id": str(event.event_id),
        "event_type": event.event_type.value,
        "store_id": event.store_id,
        "camera_id": event.camera_id,
        "machine_id": event.machine_id,
        "session_id": str(event.session_id),
        "ts_ms": to_ms(event.ts),
        "received_at_ms": to_ms(arrival.received_at),
        "body": arrival.body,
        "clip_sha256": event.clip.sha256 if event.clip else None,
    }
