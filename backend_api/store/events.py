"""Writing events: each id once. A trigger writes the PENDING enrichment of an event that waits for the model."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select

from backend_api.base.instants import to_ms
from backend_api.contract.events import Event
from backend_api.contract.values import to_milliseconds
from backend_api.contract.verdicts import Enrichment, MmStatus
from backend_api.store.event_rows import EventRow
from backend_api.store.statements import ROWS_A_STATEMENT, Insert, Statement
from backend_api.store.tables import events

# The ids come as one JSON array, since a statement takes a limited number of parameters.
_WANTED_IDS = func.json_each(bindparam("ids")).table_valued("value")
_BODIES = Statement(select(events.c.event_id, events.c.body).where(events.c.event_id.in_(select(_WANTED_IDS.c.value))))
# The database numbers the rows.
_INSERT_EVENTS = Insert(events, without="seq")
MAX_NEW_ARRIVALS = ROWS_A_STATEMENT


class Outcome(StrEnum):
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


def add_new_arrivals(connection: sqlite3.Connection, arrivals: Sequence[Arrival]) -> bool:
    """Write `arrivals`, MAX_NEW_ARRIVALS at most, in one statement; False, and nothing written, when not all are new.

    Outside of a transaction the statement is one by itself.
    """
    try:
        _INSERT_EVENTS.run(connection, [_event_row(arrival) for arrival in arrivals])
    except sqlite3.IntegrityError:
        return False
    return True


def add_arrivals(connection: sqlite3.Connection, arrivals: Sequence[Arrival]) -> list[Outcome]:
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
            outcomes.append(Outcome.STORED)
        else:
            outcomes.append(Outcome.DUPLICATE if stored == arrival.body else Outcome.CONFLICT)
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
