"""The list that never moves under the operator: pages of sessions, frozen when they were fetched; and steps through it.

Sessions that arrive later are counted beside the list and shown when the operator asks for them. Only the words of a
row are brought up to date in place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import JUDGED, Session, SessionPage
from backend_api.contract.values import DEFAULT_PAGE_ITEMS

PAGE_ITEMS = DEFAULT_PAGE_ITEMS


class SessionSource(Protocol):
    """Where pages of sessions come from."""

    def sessions(self, query: SessionQuery) -> SessionPage:
        """One page of sessions, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class SessionFeed:
    """The pages seen so far, newest first, and which of them is open.

    `next_cursor` leads on from the last of them; `new_items` counts what the first page would show besides by now,
    at most PAGE_ITEMS.
    """

    query: SessionQuery
    pages: tuple[tuple[Session, ...], ...]
    next_cursor: str | None
    index: int = 0
    new_items: int = 0

    @property
    def items(self) -> tuple[Session, ...]:
        """The open page."""
        return self.pages[self.index]

    @property
    def has_older(self) -> bool:
        """Whether a page follows the open one."""
        return self.index + 1 < len(self.pages) or self.next_cursor is not None

    def find(self, session_id: UUID) -> Session | None:
        """The row of that session, on whichever page it was seen."""
        return next((row for page in self.pages for row in page if row.session_id == session_id), None)

    def turned_to(self, session_id: UUID) -> "SessionFeed":
        """The same list at the page that holds the session; at the same page when none does."""
        for index, page in enumerate(self.pages):
            if any(row.session_id == session_id for row in page):
                return replace(self, index=index)
        return self


def open_feed(source: SessionSource, query: SessionQuery) -> SessionFeed:
    """The list as it is now, frozen."""
    page = source.sessions(query)
    return SessionFeed(query, (tuple(page.items),), page.next_cursor)


def newer_page(feed: SessionFeed) -> SessionFeed:
    """The page before the open one, as it was seen."""
    return replace(feed, index=max(0, feed.index - 1))


def older_page(source: SessionSource, feed: SessionFeed) -> SessionFeed:
    """The page after the open one; fetched when it was not seen yet."""
    if feed.index + 1 < len(feed.pages):
        return replace(feed, index=feed.index + 1)
    if feed.next_cursor is None:
        return feed
    page = source.sessions(feed.query.model_copy(update={"cursor": feed.next_cursor}))
    return replace(feed, pages=(*feed.pages, tuple(page.items)), next_cursor=page.next_cursor, index=feed.index + 1)


def brought_up_to_date(source: SessionSource, feed: SessionFeed) -> SessionFeed:
    """The same rows as they are now, and what arrived since counted.

    Two calls at most: the first page again, and by their ids the open page's rows that are no longer on it.
    """
    latest = source.sessions(feed.query).items
    met = {row.session_id for row in latest}
    gone = tuple(row.session_id for row in feed.items if row.session_id not in met)
    # Of the list's gym, where it is of one: a person of some gyms may ask about no others.
    of = feed.query.store_id
    rest = source.sessions(SessionQuery(session_id=gone, limit=len(gone), store_id=of)).items if gone else []
    return replace(_with_updates(feed, [*latest, *rest]), new_items=count_new(feed.pages[0], latest))


def count_new(frozen: Sequence[Session], latest: Sequence[Session]) -> int:
    """How many of `latest` belong above the frozen first page's end and are not in it.

    Below its end nothing is new: there, older sessions move up when a frozen one no longer matches the filters.
    """
    known = {row.session_id for row in frozen}
    places = [place for place, row in enumerate(latest) if row.session_id in known]
    end = places[-1] if places else len(latest)
    return sum(row.session_id not in known for row in latest[:end])


def _with_updates(feed: SessionFeed, updates: Iterable[Session]) -> SessionFeed:
    by_id = {row.session_id: row for row in updates}
    pages = tuple(tuple(by_id.get(row.session_id, row) for row in page) for page in feed.pages)
    return replace(feed, pages=pages)


Position = tuple[SessionFeed, Session | None]
"""The list, at the page that is open then, and the session; None where the list ends."""


def next_session(source: SessionSource, feed: SessionFeed, current: UUID | None) -> Position:
    """The one below `current`, on the following page if need be; the open page's first when it is not on it."""
    rest = _below(feed, current)
    if not rest and feed.has_older:
        feed = older_page(source, feed)
        rest = feed.items
    return feed, rest[0] if rest else None


def previous_session(feed: SessionFeed, current: UUID | None) -> Position:
    """The one above `current`, on the page before if need be; the open page's first when it is not on it."""
    place = _place(feed, current)
    if place is None:
        return feed, feed.items[0] if feed.items else None
    if place == 0 and feed.index > 0:
        feed = newer_page(feed)
        place = len(feed.items)
    return feed, feed.items[place - 1] if place else None


def next_to_review(source: SessionSource, feed: SessionFeed, current: UUID | None) -> Position:
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
    """Whether there is a verdict that counts and has no review."""
    return row.outcome in JUDGED and row.verdict is not None and row.review is None


def _below(feed: SessionFeed, current: UUID | None) -> tuple[Session, ...]:
    place = _place(feed, current)
    return feed.items if place is None else feed.items[place + 1 :]


def _place(feed: SessionFeed, current: UUID | None) -> int | None:
    return next((place for place, row in enumerate(feed.items) if row.session_id == current), None)
