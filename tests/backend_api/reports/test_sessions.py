"""A session's row tells what became of it, in whatever order its events arrive; lists are filtered and paged."""

from contextlib import closing
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.base.clock import SystemClock
from backend_api.base.instants import to_ms
from backend_api.contract.events import EndReason, Event, EventType
from backend_api.contract.queries import Order, SessionQuery
from backend_api.contract.sessions import Session, SessionOutcome
from backend_api.contract.verdicts import MmStatus, Verdict
from backend_api.reports.reports import Reports
from backend_api.store.db import migrate
from backend_api.store.db.database import Database
from backend_api.store.store import Store
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

ALL = SessionQuery()


def make_session(number: int, at_s: float = 0.0, **overrides: object) -> list[Event]:
    """The four events of a session of a minute that begins at `at_s`; its window is open for two."""
    names = {"machine_id": f"bike_{number}", **overrides}
    start = make_event(event_type=EventType.MACHINE_OCCUPIED_START, at_s=at_s, **names)
    names["session_id"] = start.event_id
    end = {"at_s": at_s + 60, "attributes": {"occupied_s": 60.0, "end_reason": "left"}}
    closes_at = f"2026-01-31T10:{int(at_s / 60) + 3:02d}:00.250+01:00"
    return [
        start.model_copy(update={"session_id": start.event_id}),
        make_event(event_type=EventType.MACHINE_OCCUPIED_END, **names, **end),
        make_event(
            event_type=EventType.CLEANING_WINDOW_OPEN, at_s=at_s + 60, attributes={"closes_at": closes_at}, **names
        ),
        make_event(at_s=at_s + 75, **names),
    ]


def only(store: Store) -> Session:
    [session] = Reports(store).sessions(ALL).items
    return session


def pages(store: Store, query: SessionQuery) -> list[UUID]:
    found: list[UUID] = []
    while True:
        page = Reports(store).sessions(query)
        assert len(page.items) <= query.limit
        found += [session.session_id for session in page.items]
        if page.next_cursor is None:
            return found
        query = query.model_copy(update={"cursor": page.next_cursor})


def test_a_session_in_any_order_of_arrival_is_the_same(store: Store) -> None:
    """All but its names, which tell the orders apart."""
    rows = []
    for number, order in enumerate(permutations(range(4))):
        events = make_session(number)
        for index in order:
            store.events.add([events[index], events[index]])
        [row] = Reports(store).sessions(SessionQuery(machine_id=f"bike_{number}")).items
        assert (row.session_id, row.attempt_event_id) == (events[0].event_id, events[3].event_id)
        names = dict.fromkeys(
            ("session_id", "attempt_event_id", "end_event_id", "judged_event_id", "machine_id", "machine_name")
        )
        rows.append(row.model_copy(update=names))
    assert rows == [rows[0]] * 24


def test_a_session_tells_what_its_events_said(store: Store) -> None:
    start, end, window, attempt = events = make_session(1)
    store.events.add(events)
    assert only(store) == Session(
        session_id=start.event_id,
        store_id="gym_demo",
        camera_id="cam_01",
        machine_id="bike_1",
        machine_name="bike_1",
        outcome=SessionOutcome.WAITING,
        is_final=False,
        cleaned=None,
        started_at=start.ts,
        ended_at=end.ts,
        occupied_s=60.0,
        end_reason=EndReason.LEFT,
        window_opened_at=window.ts,
        window_closes_at="2026-01-31T09:03:00.250Z",
        attempt_event_id=attempt.event_id,
        attempt_at=attempt.ts,
        end_event_id=end.event_id,
        judged_event_id=attempt.event_id,
        verdict=None,
        mm_status=MmStatus.PENDING,
        review=None,
        correction=None,
        source=None,
        thumbnail_url=None,
    )


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_session_stands_where_it_began_in_whatever_order_its_events_come(
    store: Store, order: tuple[int, ...]
) -> None:
    early, late = make_session(1), make_session(2, at_s=30)
    store.events.add(late[:1])
    for index in order:
        store.events.add([early[index]])
    assert pages(store, SessionQuery(order=Order.ASC)) == [early[0].event_id, late[0].event_id]


def test_what_has_not_happened_is_null(store: Store) -> None:
    start, *_ = make_session(1)
    store.events.add([start])
    session = only(store)
    assert session.started_at == start.ts
    assert {name for name, value in session if value is None} == {
        *("ended_at", "occupied_s", "end_reason", "window_opened_at", "window_closes_at"),
        *("attempt_event_id", "attempt_at", "end_event_id", "judged_event_id", "cleaned", "verdict"),
        *("mm_status", "review", "correction", "source", "thumbnail_url"),
    }


def test_a_verdict_reaches_its_session_and_a_new_one_takes_its_place(store: Store) -> None:
    store.enrichments.judge_ends(is_on=False)
    store.events.add(make_session(1))
    for verdict in (Verdict.CANNOT_TELL, Verdict.CLEANED):
        claim = store.enrichments.claim(60)
        assert claim is not None
        store.enrichments.finish(claim, make_result(verdict=verdict))
        assert (only(store).verdict, only(store).mm_status) == (verdict, MmStatus.DONE)
        assert Reports(store).sessions(SessionQuery(verdict=verdict)).items == [only(store)]
        assert store.enrichments.rerun(claim.event.event_id)


def test_an_older_database_gets_its_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that a migration makes are those that arrivals make."""
    upgrade = command.upgrade

    def only_to_0004(config: Config, _revision: str) -> None:
        upgrade(config, "0004")

    events = [event for number in range(3) for event in make_session(number)]
    monkeypatch.setattr(command, "upgrade", only_to_0004)
    with closing(migrate.open_database(tmp_path / "old.db", SystemClock(), create=True)) as database:
        fill(database, events)
    monkeypatch.setattr(command, "upgrade", upgrade)
    listed = []
    for name in ("old.db", "new.db"):
        with closing(fresh_store(tmp_path / name, FakeClock())) as store:
            store.events.add(events)
            store.events.add(make_session(3))
            listed.append(Reports(store).sessions(ALL).items)
    assert listed[0] == listed[1]
    assert len(listed[0]) == 4


def fill(database: Database, events: list[Event]) -> None:
    """Add `events` as version 0004 did, which knew no sessions."""
    with database.write() as transaction:
        for seq, event in enumerate(events, start=1):
            names = (event.store_id, event.camera_id, event.machine_id, str(event.session_id))
            ts_ms = to_ms(event.ts)
            transaction.driver.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (seq, str(event.event_id), event.event_type, *names, ts_ms, ts_ms, event.model_dump_json()),
            )
        transaction.driver.execute(
            "INSERT INTO enrichments (seq, ts_ms, status, attempts, token, due_ms, changed_at_ms)"
            " SELECT seq, ts_ms, 'PENDING', 0, 0, received_at_ms, received_at_ms FROM events"
            " WHERE event_type = 'CLEANING_ATTEMPT'"
        )


@settings(max_examples=20)
@given(
    before=st.lists(st.integers(0, 2), max_size=9),
    during=st.lists(st.integers(0, 2), max_size=5),
    limit=st.integers(1, 4),
    order=st.sampled_from(Order),
)
def test_pages_neither_skip_nor_repeat_while_sessions_begin(
    before: list[int], during: list[int], limit: int, order: Order
) -> None:
    with TemporaryDirectory() as folder, closing(fresh_store(Path(folder) / "db", FakeClock())) as store:
        first = [make_session(number, at_s)[0] for number, at_s in enumerate(before)]
        store.events.add(first)
        query, found = SessionQuery(limit=limit, order=order), []
        late = iter(enumerate(during, start=len(before)))
        while True:
            page = Reports(store).sessions(query)
            found += page.items
            if page.next_cursor is None:
                break
            query = query.model_copy(update={"cursor": page.next_cursor})
            # What ends meanwhile keeps its place.
            store.events.add([make_session(number, at_s)[1] for number, at_s in enumerate(before)])
            store.events.add([make_session(number, at_s)[0] for number, at_s in [next(late, (0, before[0]))]])
    ids = [session.session_id for session in found]
    assert len(ids) == len(set(ids))
    assert {event.event_id for event in first} <= set(ids)
    times = [session.started_at for session in found if session.started_at]
    assert times == sorted(times, reverse=order is Order.DESC)


@pytest.mark.parametrize("name", ["store_id", "camera_id", "machine_id"])
def test_lists_are_filtered_by_place_and_time(store: Store, name: str) -> None:
    wanted, other = make_session(1, 60, **{name: "here"}), make_session(1, 0, **{name: "there"})
    store.events.add([*wanted, *other])
    ids = [event.event_id for event in (wanted[0], other[0])]
    assert pages(store, SessionQuery(limit=1)) == ids
    assert pages(store, SessionQuery.model_validate({name: "here"})) == ids[:1]
    assert pages(store, SessionQuery.model_validate({name: "nowhere"})) == []
    assert pages(store, SessionQuery.model_validate({name: "here", "store_id": "nowhere"})) == []
    assert pages(store, SessionQuery(since=wanted[0].ts)) == ids[:1]
    assert pages(store, SessionQuery(until=wanted[0].ts)) == ids[1:]
