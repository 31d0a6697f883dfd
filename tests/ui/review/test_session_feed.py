"""The list never moves by itself, loses nothing and shows nothing twice; and the way through it, page by page."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Session, SessionOutcome
from tests.ui.review.memory import Memory, ids, some
from ui.review.session_feed import (
    PAGE_ITEMS,
    SessionFeed,
    brought_up_to_date,
    count_new,
    newer_page,
    next_session,
    next_to_review,
    older_page,
    open_feed,
    previous_session,
)


def walk(source: Memory, feed: SessionFeed) -> list[str]:
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
    feed = open_feed(source, SessionQuery(outcome=(SessionOutcome.WAITING,)))
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


def test_all_that_is_asked_for_a_gyms_list_is_asked_of_that_gym() -> None:
    """A person of some gyms is refused what names none."""
    source = Memory(some(80))
    brought_up_to_date(source, older_page(source, open_feed(source, SessionQuery(store_id="gym_a"))))
    assert [query.store_id for query in source.calls] == ["gym_a"] * 4


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


ELSEWHERE = UUID(int=7)


def opened(count: int) -> tuple[Memory, SessionFeed]:
    source = Memory(some(count))
    return source, open_feed(source, SessionQuery())


def review(source: Memory, *sessions: Session) -> SessionFeed:
    """The list after somebody reviewed these sessions."""
    for session in sessions:
        source.replace(session, review="yes")
    return open_feed(source, SessionQuery())


def test_down_to_the_end_and_up_to_the_beginning_over_two_pages() -> None:
    source, feed = opened(60)
    everything = source.held[::-1]
    seen: list[Session] = []
    current: UUID | None = None
    while (place := next_session(source, feed, current))[1] is not None:
        feed, session = place
        assert session is not None
        seen.append(session)
        current = session.session_id
    assert seen == everything
    assert feed.index == 1
    back: list[Session] = []
    while (up := previous_session(feed, current))[1] is not None:
        feed, session = up
        assert session is not None
        back.append(session)
        current = session.session_id
    assert back == everything[-2::-1]
    assert feed.index == 0


def test_from_a_session_that_is_not_on_the_page_to_the_first_that_is() -> None:
    source, feed = opened(3)
    assert next_session(source, feed, ELSEWHERE) == (feed, feed.items[0])
    assert previous_session(feed, ELSEWHERE) == (feed, feed.items[0])


def test_an_empty_list_leads_nowhere() -> None:
    source, feed = opened(0)
    assert next_session(source, feed, None) == (feed, None)
    assert previous_session(feed, None) == (feed, None)
    assert next_to_review(source, feed, None) == (feed, None)


def test_the_next_to_review_has_a_verdict_and_no_review() -> None:
    source, feed = opened(5)
    first, second, third, fourth, _ = feed.items
    source.replace(second, outcome=SessionOutcome.NOT_ATTEMPTED, verdict=None)
    feed = review(source, third)
    assert next_to_review(source, feed, first.session_id)[1] == fourth


def test_the_next_to_review_may_be_on_the_following_page() -> None:
    source, feed = opened(60)
    source.held[:3] = [session.model_copy(update={"review": "no"}) for session in source.held[:3]]
    feed = review(source, *feed.items[1:])
    on, session = next_to_review(source, feed, feed.items[0].session_id)
    assert on.index == 1
    assert session == on.items[0]


def test_when_all_that_follow_are_reviewed_it_is_simply_the_next() -> None:
    source, feed = opened(4)
    feed = review(source, *feed.items)
    assert next_to_review(source, feed, feed.items[0].session_id) == (feed, feed.items[1])
    assert next_to_review(source, feed, feed.items[-1].session_id) == (feed, None)


def test_going_up_from_an_older_page_asks_nothing() -> None:
    source, feed = opened(60)
    older = older_page(source, feed)
    calls = len(source.calls)
    assert previous_session(older, older.items[0].session_id) == (feed_at(older, 0), feed.items[-1])
    assert len(source.calls) == calls


def feed_at(feed: SessionFeed, index: int) -> SessionFeed:
    return SessionFeed(feed.query, feed.pages, feed.next_cursor, index, feed.new_items)
