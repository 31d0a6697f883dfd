"""The frozen list: it never moves, and counts what it does not show."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract import EventPage, StoredEvent
from backend_api.contract_verdicts import MmStatus
from tests.ui.fake_backend import FakeBackend, judged, stored
from ui.feed import (
    PAGE_ITEMS,
    Feed,
    brought_up_to_date,
    count_new,
    newer_page,
    older_page,
    open_feed,
)
from ui.queries import EventQuery


class Memory:
    """The fake backend without its HTTP."""

    def __init__(self, events: Sequence[StoredEvent]) -> None:
        self.backend = FakeBackend(list(events))
        self.calls = 0

    def events(self, query: EventQuery, *, limit: int, cursor: str | None = None) -> EventPage:
        self.calls += 1
        fields = dict(query.parameters()) | {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return self.backend.page(fields)


def some(count: int, *, first: int = 0) -> list[StoredEvent]:
    """Attempts, a second apart, all judged."""
    return [stored(at_s=first + number, mm=judged()) for number in range(count)]


def ids(events: Sequence[StoredEvent]) -> list[str]:
    return [str(event.event_id) for event in events]


def walk(source: Memory, feed: Feed) -> list[str]:
    """The ids on all pages from the open one on."""
    seen = ids(feed.items)
    while feed.has_older:
        feed = older_page(source, feed)
        seen += ids(feed.items)
    return seen


def test_an_empty_list_has_nowhere_to_go() -> None:
    feed = open_feed(Memory([]), EventQuery())
    assert feed.items == ()
    assert not feed.has_older
    assert older_page(Memory([]), feed) == feed
    assert newer_page(feed) == feed


@settings(deadline=None)
@given(before=st.integers(1, 3 * PAGE_ITEMS), after=st.integers(0, PAGE_ITEMS + 5))
def test_paging_shows_each_event_once_while_others_arrive(before: int, after: int) -> None:
    source = Memory(some(before))
    feed = open_feed(source, EventQuery())
    source.backend.events += some(after, first=before)
    feed = brought_up_to_date(source, feed)
    assert feed.new_items == min(after, PAGE_ITEMS)
    assert walk(source, feed) == ids(some(before)[::-1])


def test_going_back_asks_nothing_and_shows_what_was_there() -> None:
    source = Memory(some(120))
    first = open_feed(source, EventQuery())
    second = older_page(source, first)
    source.backend.events += some(9, first=500)
    calls = source.calls
    assert newer_page(second).items == first.items
    assert older_page(source, newer_page(second)).items == second.items
    assert source.calls == calls


def test_a_verdict_appears_in_its_row_and_nothing_moves() -> None:
    events = [stored(at_s=at_s) for at_s in range(5)]
    source = Memory(events)
    feed = open_feed(source, EventQuery(mm_status=MmStatus.PENDING))
    source.backend.replace(events[2], mm=judged())
    fresh = brought_up_to_date(source, feed)
    assert ids(fresh.items) == ids(feed.items)
    assert [event.mm == judged() for event in fresh.items] == [False, False, True, False, False]
    assert fresh.new_items == 0


def test_an_older_page_is_brought_up_to_date_with_two_calls() -> None:
    events = [stored(at_s=at_s) for at_s in range(80)]
    source = Memory(events)
    feed = older_page(source, open_feed(source, EventQuery()))
    for event in events:
        source.backend.replace(event, mm=judged())
    calls = source.calls
    fresh = brought_up_to_date(source, feed)
    assert all(event.mm == judged() for event in fresh.items)
    assert source.calls - calls == 2


def test_a_list_without_waiting_rows_asks_once() -> None:
    source = Memory(some(3))
    feed = open_feed(source, EventQuery())
    calls = source.calls
    assert brought_up_to_date(source, feed) == feed
    assert source.calls - calls == 1


@pytest.mark.parametrize(
    ("frozen", "latest", "expected"),
    [
        ([3, 2, 1], [5, 4, 3, 2, 1], 2),
        ([3, 2, 1], [3, 2, 1], 0),
        ([3, 1], [3, 2, 1], 1),  # it came late: its time lies between
        ([4, 3], [3, 2, 1], 0),  # 4 matches the filters no more, older ones moved up
        ([3], [6, 5, 4], 3),  # more new ones than fit
        ([], [1], 1),
    ],
)
def test_what_counts_as_new(frozen: list[int], latest: list[int], expected: int) -> None:
    def rows(times: list[int]) -> list[StoredEvent]:
        return [stored(at_s=at_s) for at_s in times]

    assert count_new(rows(frozen), rows(latest)) == expected


def test_waiting_rows_are_found_within_their_own_machine() -> None:
    other = stored(at_s=1, machine_id="bike_01")
    source = Memory([stored(at_s=0), other, stored(at_s=2)])
    feed = open_feed(source, EventQuery(machine_id="bike_01"))
    judged_one = source.backend.replace(other, mm=judged())
    assert brought_up_to_date(source, feed).items == (judged_one,)
