"""Lists: complete, in order, without skips or repeats, and read off an index."""

from contextlib import closing
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column
from sqlalchemy.dialects import sqlite

from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import EventQuery, Order
from backend_api.contract.verdicts import MmStatus, Verdict
from backend_api.store import event_pages as pages_module
from backend_api.store.db import paging
from backend_api.store.db.paging import FEW, MANY, BadCursor, Position, filter_values, first_rows
from backend_api.store.event_pages import _FILTERS, _MOST_STORES, _walks, _ways
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

TYPES = list(EventType)
Ways = dict[Column[str], list[str]]


def ids(store: Store, query: EventQuery) -> list[UUID]:
    return [row.event_id for row in store.events.page(query).rows]


def pages(store: Store, query: EventQuery) -> list[UUID]:
    """All of a list, page after page."""
    found: list[UUID] = []
    while True:
        page = store.events.page(query)
        assert len(page.rows) <= query.limit
        found += [row.event_id for row in page.rows]
        if page.next_cursor is None:
            return found
        query = query.model_copy(update={"cursor": page.next_cursor})


def numbered(number: int, at_s: float) -> Event:
    return make_event(event_id=UUID(int=number + 1), at_s=at_s, event_type=TYPES[number % 4])


@settings(max_examples=30)
@given(
    # Few instants, so that many events share one.
    before=st.lists(st.integers(0, 3), max_size=12),
    during=st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=8),
    limit=st.integers(1, 5),
    order=st.sampled_from(Order),
    types=st.sampled_from([[], TYPES[:1], TYPES[1:3], TYPES]),
)
def test_pages_neither_skip_nor_repeat_while_events_arrive(
    before: list[int], during: list[list[int]], limit: int, order: Order, types: list[EventType]
) -> None:
    with TemporaryDirectory() as folder, closing(fresh_store(Path(folder) / "db", FakeClock())) as store:
        first = [numbered(number, at_s) for number, at_s in enumerate(before)]
        store.events.add(first)
        query = EventQuery(order=order, limit=limit, event_type=types)
        found: list[Event] = []
        arrivals = iter(during)
        count = len(first)
        while True:
            page = store.events.page(query)
            found += [row.event for row in page.rows]
            if page.next_cursor is None:
                break
            query = query.model_copy(update={"cursor": page.next_cursor})
            late = [numbered(count + number, at_s) for number, at_s in enumerate(next(arrivals, []))]
            count += len(late)
            store.events.add(late)
    wanted = {event.event_id for event in first if not types or event.event_type in types}
    found_ids = [event.event_id for event in found]
    assert len(found_ids) == len(set(found_ids))
    assert wanted <= set(found_ids)
    assert all(not types or event.event_type in types for event in found)
    times = [event.ts for event in found]
    assert times == sorted(times, reverse=order is Order.DESC)


def test_equal_instants_keep_the_order_of_their_arrival(store: Store) -> None:
    events = [numbered(number, 0) for number in range(5)]
    store.events.add(events)
    arrived = [event.event_id for event in events]
    assert pages(store, EventQuery(limit=2, order=Order.ASC)) == arrived
    assert pages(store, EventQuery(limit=2)) == arrived[::-1]


def test_every_filter_alone_and_with_every_other_gives_what_matches(store: Store, clock: FakeClock) -> None:
    events = []
    for number, (kind, name) in enumerate(product(TYPES, "abc")):
        other = UUID(int=1 + number % 2)
        names = {"store_id": "s" + name, "camera_id": "c" + name, "machine_id": "m" + name}
        events.append(make_event(event_type=kind, at_s=number, session_id=other, **names))
    store.events.add(events)
    done = store.enrichments.claim(60)
    dead = store.enrichments.claim(60)
    assert done is not None
    assert dead is not None
    store.enrichments.finish(done, make_result(verdict=Verdict.NOT_CLEANED))
    store.enrichments.fail(dead, "no answer", None)
    filters = {
        "store_id": "sa",
        "camera_id": "cb",
        "machine_id": "ma",
        "session_id": UUID(int=1),
        "event_type": [EventType.CLEANING_ATTEMPT, EventType.MACHINE_OCCUPIED_END],
        "mm_status": MmStatus.DONE,
        "verdict": Verdict.NOT_CLEANED,
        "since": events[3].ts,
        "until": events[-2].ts,
    }
    rows = [store.events.find(event.event_id) for event in events]

    def matches(index: int, wanted: dict[str, object]) -> bool:
        row, event = rows[index], events[index]
        assert row is not None
        facts = {
            **event.model_dump(),
            "mm_status": row.mm and row.mm.status,
            "verdict": row.mm and row.mm.result and row.mm.result.verdict,
        }
        for name, value in wanted.items():
            if name == "since":
                is_match = event.ts >= events[3].ts
            elif name == "until":
                is_match = event.ts < events[-2].ts
            else:
                is_match = facts[name] in (value if isinstance(value, list) else [value])
            if not is_match:
                return False
        return True

    for first, second in product(filters, filters):
        wanted = {first: filters[first], second: filters[second]}
        expected = [event.event_id for index, event in enumerate(events) if matches(index, wanted)]
        query = EventQuery.model_validate({**wanted, "limit": 2, "order": Order.ASC})
        assert pages(store, query) == expected, wanted


def test_since_is_inclusive_and_until_exclusive(store: Store) -> None:
    events = [numbered(number, number) for number in range(3)]
    store.events.add(events)
    assert ids(store, EventQuery(since=events[1].ts)) == [events[2].event_id, events[1].event_id]
    assert ids(store, EventQuery(until=events[1].ts)) == [events[0].event_id]


def test_a_full_last_page_is_known_to_be_the_last(store: Store) -> None:
    store.events.add([numbered(number, number) for number in range(4)])
    assert store.events.page(EventQuery(limit=4)).next_cursor is None
    assert store.events.page(EventQuery(limit=3)).next_cursor is not None


def test_a_cursor_outlives_a_change_of_the_page_size_but_not_of_the_filters(store: Store) -> None:
    store.events.add([numbered(number, number) for number in range(4)])
    cursor = store.events.page(EventQuery(limit=1)).next_cursor
    assert len(store.events.page(EventQuery(limit=3, cursor=cursor)).rows) == 3
    for changed in ({"order": Order.ASC}, {"store_id": "gym_demo"}, {"since": START}):
        with pytest.raises(BadCursor):
            store.events.page(EventQuery.model_validate({"cursor": cursor, **changed}))


EXAMPLES = {
    "session_id": UUID(int=1),
    "machine_id": "m",
    "verdict": "cleaned",
    "mm_status": "DONE",
    "camera_id": "c",
    "event_type": ["CLEANING_ATTEMPT", "MACHINE_OCCUPIED_END"],
    "store_id": "s",
}


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("names", [(), *((name,) for name in EXAMPLES), tuple(EXAMPLES), ("mm_status", "store_id")])
def test_every_list_is_read_off_an_index_in_order(store: Store, names: tuple[str, ...], order: Order) -> None:
    """No list sorts, and none scans a table: that is what keeps the millionth event as near as the first."""
    store.events.add([make_event(store_id=store_id, machine_id="m") for store_id in ("s", "t")])
    query = EventQuery.model_validate({**{name: EXAMPLES[name] for name in names}, "order": order})
    filters = {column: filter_values(query, name) for name, column in _FILTERS if name in names}
    with store.database.read() as connection:
        ways = list(_ways(connection, filters)) or [{}]
    assert len(ways) == max(1, len(names))
    for way, after in product(ways, (None, Position(5, 6))):
        compiled = first_rows("sqlite", _walks(query, filters, way, after), query, 51).compile(
            dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        with store.database.write() as transaction:
            plan = [str(row[3]) for row in transaction.driver.execute(f"EXPLAIN QUERY PLAN {compiled}")]
        assert not any("TEMP B-TREE" in step for step in plan), plan
        assert not any(step.startswith("SCAN") and "USING INDEX" not in step for step in plan), plan
        plan = [step for step in plan if "reviews" not in step]  # looked up for each event that is shown
        assert any("SEARCH" in step and "USING INDEX ix_" in step for step in plan) == bool(names or after), plan


@pytest.fixture
def driving(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The columns of each index that a page was read by."""
    found: list[list[str]] = []

    def noting(query: EventQuery, filters: Ways, way: Ways, after: Position | None) -> object:
        found.append([column.name for column in way])
        return _walks(query, filters, way, after)

    monkeypatch.setattr(pages_module, "_walks", noting)
    return found


def test_what_few_events_have_is_looked_for_among_those(store: Store, driving: list[list[str]]) -> None:
    """A filter that is narrow as a rule gives way to one that is rare now."""
    store.events.add([make_event(at_s=at_s, machine_id="bike_1") for at_s in range(FEW + 5)])
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.fail(claim, "no answer", None)
    assert ids(store, EventQuery(machine_id="bike_1", mm_status=MmStatus.DEAD)) == [claim.event.event_id]
    assert len(ids(store, EventQuery(machine_id="bike_1", mm_status=MmStatus.PENDING))) == 50
    assert ids(store, EventQuery(machine_id="bike_1", mm_status=MmStatus.DONE)) == []
    assert driving == [["status"], ["store_id", "machine_id"]]


def in_gym(number: int, at_s: int, **others: Any) -> Event:  # noqa: ANN401 - fields of an event
    place = {"store_id": f"gym_{number:02}", "session_id": UUID(int=100 * number + at_s + 1)}
    return make_event(at_s=at_s, **{"machine_id": "bike_1", **place, **others})


def test_in_a_chain_the_store_leads_where_machines_are_called_alike(
    store: Store, driving: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(paging.count_few.__kwdefaults__ or {}, "most", 3)
    events = [in_gym(gym, at_s) for gym in range(MANY + 1) for at_s in range(3)]
    by_machine = EventQuery(store_id="gym_01", machine_id="bike_1")
    by_type = EventQuery(store_id="gym_01", event_type=[events[0].event_type])
    store.events.add(events[: 3 * MANY])
    first = ids(store, by_machine)
    assert ids(store, by_type) == first
    store.events.add(events[3 * MANY :])
    assert ids(store, by_machine) == ids(store, by_type) == first == [event.event_id for event in events[5:2:-1]]
    by_place = ["store_id", "machine_id"]
    assert driving == [by_place, ["event_type"], by_place, ["store_id"]]


def test_a_machine_of_any_store_is_found_by_those_that_have_one_called_so(
    store: Store, driving: list[list[str]]
) -> None:
    """Few of them are walked each by itself; of very many, the list of all events is."""
    events = [in_gym(gym, at_s) for gym in range(_MOST_STORES) for at_s in (gym, 50)]
    store.events.add([*events, *(in_gym(gym, 7, machine_id="bike_2") for gym in range(3))])
    wanted = sorted(events, key=lambda event: (event.ts, events.index(event)), reverse=True)
    query = EventQuery(machine_id="bike_1", limit=7)
    assert pages(store, query) == [event.event_id for event in wanted]
    assert ids(store, EventQuery(machine_id="bike_3")) == []
    assert {*map(tuple, driving)} == {("store_id", "machine_id")}
    driving.clear()
    last = in_gym(_MOST_STORES, 60)
    store.events.add([last])
    assert pages(store, query) == [event.event_id for event in (last, *wanted)]
    assert {*map(tuple, driving)} == {()}
