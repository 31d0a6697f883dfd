"""Where to go from a session: the next and the previous of the list, and the next that waits for a person."""

from uuid import UUID

from backend_api.contract.sessions import Session
from ui.review.session_feed import Feed, SessionSource, newer_page, older_page

Place = tuple[Feed, Session | None]
"""The list, at the page that is open then, and the session; None where the list ends."""


def next_session(source: SessionSource, feed: Feed, current: UUID | None) -> Place:
    """The one below `current`, on the following page if need be; the open page's first when it is not on it."""
    rest = _below(feed, current)
    if not rest and feed.has_older:
        feed = older_page(source, feed)
        rest = feed.items
    return feed, rest[0] if rest else None


def previous_session(feed: Feed, current: UUID | None) -> Place:
    """The one above `current`, on the page before if need be; the open page's first when it is not on it."""
    place = _place(feed, current)
    if place is None:
        return feed, feed.items[0] if feed.items else None
    if place == 0 and feed.index > 0:
        feed = newer_page(feed)
        place = len(feed.items)
    return feed, feed.items[place - 1] if place else None


def next_to_review(source: SessionSource, feed: Feed, current: UUID | None) -> Place:
    """The next below `current` with a verdict that nobody reviewed, on this page or the following; else the next."""
    for row in _below(feed, current):
        if waits_for_review(row):
            return feed, row
    if not feed.has_older:
        return next_session(source, feed, current)
    following = older_page(source, feed)
    first = next((row for row in following.items if waits_for_review(row)), None)
    return (following, first) if first is not None else next_session(source, feed, current)


def waits_for_review(row: Session) -> bool:
    """Whether there is a verdict of which nobody has said what they think."""
    return row.verdict is not None and row.review is None


def _below(feed: Feed, current: UUID | None) -> tuple[Session, ...]:
    place = _place(feed, current)
    return feed.items if place is None else feed.items[place + 1 :]


def _place(feed: Feed, current: UUID | None) -> int | None:
    return next((place for place, row in enumerate(feed.items) if row.session_id == current), None)
