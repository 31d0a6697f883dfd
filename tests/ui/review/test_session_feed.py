"""The frozen list: it never moves, and counts what it does not show."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.sessions import Session, SessionOutcome
from tests.ui.review.memory import Memory, ids, some
from ui.client.queries import SessionQuery
from ui.review.session_feed import PAGE_ITEMS, Feed, brought_up_to_date, count_new, newer_page, older_page, open_feed


def walk(source: Memory, feed: Feed) -> list[str]:
    """The ids on all pages from the open one on."""
    seen = ids(feed.items)
    while feed.has_older:
        feed = older_page(source, feed)
        seen += ids(feed.items)
    return seen


def test_an_empty_list_has_nowhere_to_go() -> None:
    feed = open_feed(Memory([]), SessionQuery())
    assert feed.items == ()
    assert not feed.has_older
    assert older_page(Memory([]), feed) == feed
    assert newer_page(feed) == feed


@settings(max_examples=30)
@given(before=st.integers(1, 3 * PAGE_ITEMS), after=st.integers(0, PAGE_ITEMS + 5))
def test_paging_shows_each_session_once_while_others_begin(before: int, after: int) -> None:
    source = Memory(some(before))
    feed = open_feed(source, SessionQuery())
    source.held += some(after, first=before)
    feed = brought_up_to_date(source, feed)
    assert feed.new_items == min(after, PAGE_ITEMS)
    assert walk(source, feed) == ids(some(before)[::-1])


def test_going_back_asks_nothing_and_shows_what_was_there() -> None:
    source = Memory(some(120))
    first = open_feed(source, SessionQuery())
    second = older_page(source, first)
    source.held += some(9, first=500)
    calls = len(source.calls)
    assert newer_page(second).items == first.items
    assert older_page(source, newer_page(second)).items == second.items
    assert len(source.calls) == calls


def test_what_became_of_a_session_appears_in_its_row_and_nothing_moves() -> None:
    sessions = some(5, outcome=SessionOutcome.WAITING, verdict=None)
    source = Memory(sessions)
    feed = open_feed(source, SessionQuery((SessionOutcome.WAITING,)))
    source.replace(sessions[2], outcome=SessionOutcome.CLEANED)
    fresh = brought_up_to_date(source, feed)
    assert ids(fresh.items) == ids(feed.items)
    assert [row.outcome is SessionOutcome.CLEANED for row in fresh.items] == [False, False, True, False, False]
    assert fresh.new_items == 0


def test_an_older_page_is_brought_up_to_date_with_one_call_more() -> None:
    sessions = some(80)
    source = Memory(sessions)
    feed = older_page(source, open_feed(source, SessionQuery()))
    for session in sessions:
        source.replace(session, review="yes")
    calls = len(source.calls)
    fresh = brought_up_to_date(source, feed)
    assert [row.review for row in fresh.items] == ["yes"] * 30
    assert len(source.calls) - calls == 2


def test_a_first_page_that_has_not_moved_is_brought_up_to_date_with_one_call() -> None:
    source = Memory(some(3))
    feed = open_feed(source, SessionQuery())
    calls = len(source.calls)
    assert brought_up_to_date(source, feed) == feed
    assert len(source.calls) - calls == 1


def test_a_row_is_found_and_turned_to_on_whichever_page_it_was_seen() -> None:
    sessions = some(120)
    source = Memory(sessions)
    feed = older_page(source, open_feed(source, SessionQuery()))
    newest, oldest = sessions[-1], sessions[0]
    assert feed.turned_to(newest.session_id).index == 0
    assert feed.turned_to(oldest.session_id) == feed  # not seen yet


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
    def rows(numbers: list[int]) -> list[Session]:
        return [some(1, first=number)[0] for number in numbers]

    assert count_new(rows(frozen), rows(latest)) == expected
