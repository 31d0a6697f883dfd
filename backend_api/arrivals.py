"""Writing events: each id once, and an event that waits for the model together with its PENDING enrichment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, select

from backend_api.contract import Enrichment, Event, MmStatus, to_milliseconds
from backend_api.instants import to_ms
from backend_api.rows import EventRow
from backend_api.tables import enrichments, events

# SQLite takes at most 32,766 parameters a statement.
_IDS_A_QUERY = 10_000


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


def add_arrivals(connection: Connection, arrivals: Sequence[Arrival]) -> list[Outcome]:
    """Write those of `arrivals` that are new, in their order, and say of each what became of it.

    `connection` must hold the write lock. The first of several with the same id counts, whether it came in this call
    or an earlier one.
    """
    ids = [str(arrival.event.event_id) for arrival in arrivals]
    bodies = _stored_bodies(connection, ids)
    new: list[tuple[str, Arrival]] = []
    outcomes = []
    for event_id, arrival in zip(ids, arrivals, strict=True):
        stored = bodies.setdefault(event_id, arrival.body)
        if stored is arrival.body:
            new.append((event_id, arrival))
            outcomes.append(Outcome.STORED)
        else:
            outcomes.append(Outcome.DUPLICATE if stored == arrival.body else Outcome.CONFLICT)
    if new:
        _insert(connection, new)
    return outcomes


def _stored_bodies(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    bodies: dict[str, str] = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        query = select(events.c.event_id, events.c.body).where(events.c.event_id.in_(ids[start : start + _IDS_A_QUERY]))
        bodies.update((event_id, body) for event_id, body in connection.execute(query))
    return bodies


def _insert(connection: Connection, new: Sequence[tuple[str, Arrival]]) -> None:
    # Numbering here, under the write lock, spares asking for each row's number before its enrichment is written.
    last = connection.execute(select(func.coalesce(func.max(events.c.seq), 0))).scalar_one()
    rows = [_event_row(seq, event_id, arrival) for seq, (event_id, arrival) in enumerate(new, start=last + 1)]
    connection.execute(insert(events), rows)
    waiting = [_enrichment_row(row) for row, (_, arrival) in zip(rows, new, strict=True) if arrival.event.needs_mm]
    if waiting:
        connection.execute(insert(enrichments), waiting)


def _event_row(seq: int, event_id: str, arrival: Arrival) -> dict[str, Any]:
    event = arrival.event
    return {
        "seq": seq,
        "event_id": event_id,
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


def _enrichment_row(event_row: dict[str, Any]) -> dict[str, Any]:
    return {
        "seq": event_row["seq"],
        "ts_ms": event_row["ts_ms"],
        "status": MmStatus.PENDING.value,
        "attempts": 0,
        "token": 0,
        "due_ms": event_row["received_at_ms"],
        "changed_at_ms": event_row["received_at_ms"],
    }
