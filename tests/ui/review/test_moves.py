"""From one session to another: down and up the list, over its pages, and on to what waits for a person."""

from uuid import UUID

from backend_api.contract.sessions import Session, SessionOutcome
from tests.ui.review.memory import Memory, some
from ui.client.queries import SessionQuery
from ui.review.moves import next_session, next_to_review, previous_session
from ui.review.session_feed import Feed, older_page, open_feed

ELSEWHERE = UUID(int=7)


def opened(count: int) -> tuple[Memory, Feed]:
    source = Memory(some(count))
    return source, open_feed(source, SessionQuery())


def review(source: Memory, *sessions: Session) -> Feed:
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


def feed_at(feed: Feed, index: int) -> Feed:
    return Feed(feed.query, feed.pages, feed.next_cursor, index, feed.new_items)
