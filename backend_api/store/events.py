"""Events: each id is stored once, for ever as it came, with what follows from it in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import bindparam, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import to_ms
from backend_api.contract.events import NOT_ASKED_REASON, ClipInfo, Event, has_pictures
from backend_api.contract.queries import EventQuery
from backend_api.contract.sources import SOURCE
from backend_api.contract.values import to_milliseconds
from backend_api.contract.verdicts import Enrichment, MmStatus
from backend_api.store.clock_doubts import TOLERATED_S, ClockDoubts
from backend_api.store.db.database import Database
from backend_api.store.db.statements import Insert, Statement, Transaction
from backend_api.store.db.tables import events, results
from backend_api.store.event_pages import Page, read_page
from backend_api.store.event_rows import EventRow, select_rows, to_row
from backend_api.store.uses.recomputation import make_session_anew
from backend_api.store.uses.session_row import EventFacts, event_facts
from backend_api.store.uses.sessions import follow_events

_TOLERATED = timedelta(seconds=TOLERATED_S)
_BODY = Statement(select(events.c.body).where(events.c.event_id == bindparam("wanted_id")))
_REPLACE_CLIP = Statement(
    update(events)
    .where(events.c.event_id == bindparam("wanted_id"))
    .values(body=bindparam("new_body"), clip_sha256=bindparam("new_sha256"))
)
# The database numbers the rows.
_COLUMNS = (
    *("event_id", "event_type", "store_id", "camera_id", "machine_id", "session_id"),
    *("ts_ms", "received_at_ms", "body", "clip_sha256"),
)
_CAMERA = itemgetter(2, 3)
_INSERT = Insert(
    events,
    _COLUMNS,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["event_id"]).returning(
        events.c.seq, events.c.event_id
    ),
)


class IngestOutcome(StrEnum):
    """The outcome of an event that was handed in."""

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
        """The row of the database once this arrival is stored."""
        sha256 = self.event.clip.sha256 if self.event.clip else None
        return EventRow(self.event.event_id, self.body, sha256, self.received_at, _question(self.event))


def _question(event: Event) -> Enrichment | None:
    if not event.needs_mm:
        return None
    if has_pictures(event.attributes):
        return Enrichment(status=MmStatus.PENDING, attempts=0)
    return Enrichment(status=MmStatus.NOT_ASKED, attempts=0, error=NOT_ASKED_REASON)


class Events:
    """The events. All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._doubts = ClockDoubts(clock)

    def add(self, new: Sequence[Event]) -> list[IngestOutcome]:
        """Write those of `new` that are new, all in one transaction; one outcome each, in their order."""
        now = self._clock.now()
        return self.add_arrivals([Arrival.of(event, now) for event in new])

    def add_arrivals(self, arrivals: Sequence[Arrival]) -> list[IngestOutcome]:
        """`add` for events whose canonical JSON and time of arrival are known already."""
        with self._database.write() as transaction:
            outcomes = add_arrivals(transaction, arrivals)
        for arrival, outcome in zip(arrivals, outcomes, strict=True):
            event = arrival.event
            if outcome is IngestOutcome.STORED and abs(event.ts - arrival.received_at) > _TOLERATED:
                what = f"a {event.event_type} happened"
                self._doubts.note(event.store_id, event.camera_id, what, event.ts, arrival.received_at)
        return outcomes

    def find(self, event_id: UUID) -> EventRow | None:
        """The event, or None when there is none of that id."""
        query = select_rows(events, results.c.raw).where(events.c.event_id == str(event_id))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else to_row(row)

    def replace_clip(self, event_id: UUID, clip: ClipInfo) -> None:
        """Let the event promise another clip, one that was masked afterwards: the one change that an event knows."""
        with self._database.write() as transaction:
            found = _BODY.run(transaction, {"wanted_id": str(event_id)}).fetchone()
            if found is not None:
                event = Event.model_validate_json(found[0]).model_copy(update={"clip": clip})
                values = {"new_body": event.model_dump_json(), "new_sha256": clip.sha256}
                _REPLACE_CLIP.run(transaction, {"wanted_id": str(event_id), **values})

    def page(self, query: EventQuery) -> Page:
        """One page of the events that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_page(connection, query)


def add_arrivals(transaction: Transaction, arrivals: Sequence[Arrival]) -> list[IngestOutcome]:
    """Write those of `arrivals` that are new, in their order, and say of each what became of it.

    The first of several with the same id counts, whether it came in this call or an earlier one.
    """
    ids = [str(arrival.event.event_id) for arrival in arrivals]
    first: dict[str, int] = {}
    for place, event_id in enumerate(ids):
        first.setdefault(event_id, place)
    rows = [_event_row(event_id, arrivals[place]) for event_id, place in first.items()]
    # By camera; each camera's events stay in their order.
    seqs = {event_id: seq for seq, event_id in _INSERT.run(transaction, transaction.in_order(rows, _CAMERA))}
    new = sorted((row for row in rows if row[0] in seqs), key=lambda row: seqs[row[0]])
    facts = [_facts(seqs[row[0]], row, arrivals[first[row[0]]].event) for row in new]
    for session_id in follow_events(transaction, facts):
        make_session_anew(transaction, session_id)
    if len(seqs) == len(arrivals):
        return [IngestOutcome.STORED] * len(arrivals)
    outcomes = []
    for place, event_id in enumerate(ids):
        is_new = event_id in seqs
        if is_new and first[event_id] == place:
            outcomes.append(IngestOutcome.STORED)
        else:
            body = arrivals[first[event_id]].body if is_new else _stored_body(transaction, event_id)
            is_same = _say_the_same(arrivals[place].body, body)
            outcomes.append(IngestOutcome.DUPLICATE if is_same else IngestOutcome.CONFLICT)
    return outcomes


def _say_the_same(body: str, stored: str) -> bool:
    """Whether both say the same happened, by whatever eyes: a later release repeats the events of a run.

    The clip of one that was masked afterwards is no longer the one that its edge tells of.
    """
    if body == stored:
        return True
    told, known = from_json(body), from_json(stored)
    for event in (told, known):
        event["attributes"].pop(SOURCE, None)
    if ((known["clip"] or {}).get("masked") or {}).get("afterwards"):
        known["clip"] = told["clip"]
    return bool(told == known)


def _stored_body(transaction: Transaction, event_id: str) -> str:
    [body] = _BODY.run(transaction, {"wanted_id": event_id}).fetchone()
    return str(body)


def _event_row(event_id: str, arrival: Arrival) -> tuple[Any, ...]:
    """In the order of _COLUMNS."""
    event = arrival.event
    return (
        *(event_id, event.event_type.value, event.store_id, event.camera_id, event.machine_id, str(event.session_id)),
        *(to_ms(event.ts), to_ms(arrival.received_at), arrival.body, event.clip.sha256 if event.clip else None),
    )


def _facts(seq: int, row: tuple[Any, ...], event: Event) -> EventFacts:
    """The part in its session of `event`, which is stored as `row`."""
    return event_facts(seq, row[1:6], row[6], row[7], event.attributes)
