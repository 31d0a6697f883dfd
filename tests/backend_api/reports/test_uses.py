"""What figures are made of is read by a few statements, and is what the events themselves add up to."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import Engine

from backend_api.base.instants import to_ms
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import Event, EventType
from backend_api.contract.values import MachineKey
from backend_api.reports import uses
from backend_api.reports.buckets import Interval, union
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.reports.test_stats import stats
from tests.fake_clock import FakeClock

MINUTE_MS = 60_000
KINDS = tuple(EventType)
SPAN = Interval(to_ms(START), to_ms(START + timedelta(hours=2)))


@dataclass(frozen=True, slots=True)
class Happened:
    """A use of a machine: when it began, which of its four events arrived, and whether it was none after all."""

    machine: MachineKey
    begin_min: int
    arrived: frozenset[EventType]
    is_none: bool

    def events(self, number: int) -> Iterator[Event]:
        """Each event, at most once a kind; no two of a machine at one time."""
        for place, kind in enumerate(KINDS):
            if kind in self.arrived:
                yield make_event(
                    event_type=kind,
                    at_s=60 * self.begin_min + 20 * place + number / 100,
                    media_time_s=0,
                    store_id=self.machine.store_id,
                    camera_id=self.machine.camera_id,
                    machine_id=self.machine.machine_id,
                    session_id=UUID(int=number + 1),
                    attributes={"closes_at": f"2026-01-31T{9 + self.begin_min % 3:02}:30:00Z"}
                    if kind is EventType.CLEANING_WINDOW_OPEN
                    else {},
                )


HAPPENED = st.builds(
    Happened,
    machine=st.builds(
        MachineKey, st.sampled_from(["gym_1", "gym_2"]), st.sampled_from(["a", "b"]), st.sampled_from(["bike", "rower"])
    ),
    begin_min=st.integers(-60, 150),
    arrived=st.sets(st.sampled_from(KINDS), min_size=1).map(frozenset),
    is_none=st.booleans(),
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the events of one machine add up to."""

    sessions: int
    reported: int
    occupied_ms: int
    closed: int
    unjudged: int


def times_ms(happened: Happened, number: int) -> dict[EventType, int]:
    return {event.event_type: to_ms(event.ts) for event in happened.events(number)}


def closes_ms(happened: Happened, number: int) -> int | None:
    for event in happened.events(number):
        if event.event_type is EventType.CLEANING_WINDOW_OPEN:
            return to_ms(START.replace(hour=9 + happened.begin_min % 3, minute=30))
    return None


def observed_of(machines: Sequence[Sequence[tuple[int, Happened]]]) -> list[Interval]:
    """Of a camera without reports: from the first event in the span to the last."""
    at_ms = [
        at
        for happened in machines
        for number, one in happened
        for at in times_ms(one, number).values()
        if SPAN.begin_ms <= at < SPAN.end_ms
    ]
    return [Interval(min(at_ms), max(at_ms))] if at_ms else []


def add_up(happened: Sequence[tuple[int, Happened]], last_ms: int) -> tuple[Expected, list[Interval]]:
    """The figures of a machine, and when it was in use within the span, from its events alone."""
    began = sorted((min(times_ms(one, number).values()), number, one) for number, one in happened)
    sessions = reported = closed = unjudged = 0
    occupied = []
    reported += sum(SPAN.begin_ms <= at < SPAN.end_ms for at, _, _ in began)
    real = [(at, number, one) for at, number, one in began if not one.is_none and at < SPAN.end_ms]
    for this, following in pairwise([*real, None]):
        assert this is not None
        begin_ms, number, one = this
        at, until_ms = times_ms(one, number), SPAN.end_ms if following is None else following[0]
        sessions += begin_ms >= SPAN.begin_ms
        started = at.get(EventType.MACHINE_OCCUPIED_START)
        ended = at.get(EventType.MACHINE_OCCUPIED_END, at.get(EventType.CLEANING_WINDOW_OPEN, last_ms))
        if started is not None:
            # An END of before is somebody's mistake.
            occupied.append(Interval(started, max(started, min(ended, until_ms))).within(SPAN))
        close = closes_ms(one, number)
        if close is not None and (SPAN.begin_ms <= (close := min(close, until_ms)) < SPAN.end_ms):
            closed += 1
            unjudged += EventType.CLEANING_ATTEMPT in at
    busy = union(occupied)
    length_ms = sum(interval.length_ms for interval in occupied)
    return Expected(sessions, reported, length_ms, closed, unjudged), busy


@settings(max_examples=25, deadline=None)
@given(happened=st.lists(HAPPENED, max_size=14), machines_a_read=st.integers(1, 4))
def test_figures_are_what_the_events_add_up_to(happened: list[Happened], machines_a_read: int) -> None:
    clock = FakeClock()
    clock.advance(86_400)
    with (
        pytest.MonkeyPatch.context() as patching,
        TemporaryDirectory() as folder,
        closing(fresh_store(Path(folder) / "db", clock)) as store,
    ):
        patching.setattr(uses, "MACHINES_A_READ", machines_a_read)
        store.events.add([event for number, one in enumerate(happened) for event in one.events(number)])
        for number, one in enumerate(happened):
            if one.is_none:
                store.corrections.add(UUID(int=number + 1), UseCorrection(truth=UseTruth.NOBODY))
        found = stats(store, since=START, until=START + timedelta(hours=2), by="hour")
    numbered = list(enumerate(happened))
    cameras: dict[tuple[str, str], dict[MachineKey, list[tuple[int, Happened]]]] = {}
    for number, one in numbered:
        key = (one.machine.store_id, one.machine.camera_id)
        cameras.setdefault(key, {}).setdefault(one.machine, []).append((number, one))
    assert {(item.store_id, item.camera_id, item.machine_id) for item in found.machines} == {
        (one.machine.store_id, one.machine.camera_id, one.machine.machine_id) for one in happened
    }
    for machines in cameras.values():
        watched = observed_of(list(machines.values()))
        last_ms = max((interval.end_ms for interval in watched), default=SPAN.begin_ms)
        expected = {machine: add_up(of_machine, last_ms) for machine, of_machine in machines.items()}
        observed = union([*watched, *(one for _, busy in expected.values() for one in busy)])
        for item in found.machines:
            machine = MachineKey(item.store_id, item.camera_id, item.machine_id)
            if machine in expected:
                figures = Expected(
                    item.sessions,
                    item.sessions_reported,
                    round(1000 * item.occupied_s),
                    item.windows_closed,
                    item.windows_unjudged,
                )
                assert figures == expected[machine][0]
                assert round(1000 * item.observed_s) == sum(interval.length_ms for interval in observed)


@pytest.mark.both_databases
def test_a_hundred_machines_take_as_many_statements_as_one(store: Store, clock: FakeClock) -> None:
    clock.advance(3600)

    def statements() -> int:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
        try:
            stats(store)
        finally:
            sqlalchemy_event.remove(Engine, "before_cursor_execute", note)
        return len(seen)

    store.events.add(make_session(0))
    stats(store)
    alone = statements()
    store.events.add([make_session(number, camera_id=f"cam_{number}")[0] for number in range(1, 100)])
    assert len(stats(store).machines) == 100
    assert statements() == alone
