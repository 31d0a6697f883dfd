"""The list that never moves under the operator: pages of events, frozen when they were fetched.

What arrives later is counted beside the list and shown when the operator asks for it. Only what a row says of its
verdict is brought up to date in place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from backend_api.contract import EventPage, EventType, StoredEvent
from backend_api.contract_types import DEFAULT_PAGE_ITEMS
from backend_api.contract_verdicts import MmStatus
from ui.queries import EventQuery

PAGE_ITEMS = DEFAULT_PAGE_ITEMS
# As many verdicts as one answer can hold are brought up to date at once.
UPDATE_ITEMS = 500


class EventSource(Protocol):
    """Where pages of events come from."""

    def events(self, query: EventQuery, *, limit: int, cursor: str | None = None) -> EventPage:
        """One page of events, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Feed:
    """The pages seen so far, newest first, and which of them is open.

    `next_cursor` leads on from the last of them; `new_items` counts what the first page would show besides by now,
    at most PAGE_ITEMS.
    """

    query: EventQuery
    pages: tuple[tuple[StoredEvent, ...], ...]
    next_cursor: str | None
    index: int = 0
    new_items: int = 0

    @property
    def items(self) -> tuple[StoredEvent, ...]:
        """The open page."""
        return self.pages[self.index]

    @property
    def has_older(self) -> bool:
        """Whether a page follows the open one."""
        return self.index + 1 < len(self.pages) or self.next_cursor is not None


def open_feed(source: EventSource, query: EventQuery) -> Feed:
    """The list as it is now, frozen."""
    page = source.events(query, limit=PAGE_ITEMS)
    return Feed(query, (tuple(page.items),), page.next_cursor)


def newer_page(feed: Feed) -> Feed:
    """The page before the open one, as it was seen."""
    return replace(feed, index=max(0, feed.index - 1))


def older_page(source: EventSource, feed: Feed) -> Feed:
    """The page after the open one; fetched when it was not seen yet."""
    if feed.index + 1 < len(feed.pages):
        return replace(feed, index=feed.index + 1)
    if feed.next_cursor is None:
        return feed
    page = source.events(feed.query, limit=PAGE_ITEMS, cursor=feed.next_cursor)
    return replace(feed, pages=(*feed.pages, tuple(page.items)), next_cursor=page.next_cursor, index=feed.index + 1)


def brought_up_to_date(source: EventSource, feed: Feed) -> Feed:
    """The same rows with their present verdicts, and what arrived since counted.

    At most two calls, however many rows wait: those that wait are asked for by the span of their times.
    """
    latest = source.events(feed.query, limit=PAGE_ITEMS).items
    waiting = unfinished(feed.items)
    updates = source.events(_span(feed.query, waiting), limit=UPDATE_ITEMS).items if waiting else []
    return replace(with_updates(feed, [*latest, *updates]), new_items=count_new(feed.pages[0], latest))


def count_new(frozen: Sequence[StoredEvent], latest: Sequence[StoredEvent]) -> int:
    """How many of `latest` belong above the frozen first page's end and are not in it.

    Below its end nothing is new: there, older events move up when a frozen one no longer matches the filters.
    """
    known = {event.event_id for event in frozen}
    places = [place for place, event in enumerate(latest) if event.event_id in known]
    end = places[-1] if places else len(latest)
    return sum(event.event_id not in known for event in latest[:end])


def with_updates(feed: Feed, updates: Iterable[StoredEvent]) -> Feed:
    """The same rows in the same places; those in `updates` as they are there."""
    by_id = {event.event_id: event for event in updates}
    pages = tuple(tuple(by_id.get(event.event_id, event) for event in page) for page in feed.pages)
    return replace(feed, pages=pages)


def unfinished(events: Iterable[StoredEvent]) -> list[StoredEvent]:
    """The events whose verdict is still to come."""
    return [event for event in events if is_unfinished(event)]


def is_unfinished(event: StoredEvent) -> bool:
    """Whether the event's verdict is still to come."""
    return event.mm is not None and event.mm.status in {MmStatus.PENDING, MmStatus.PROCESSING}


def _span(query: EventQuery, events: Sequence[StoredEvent]) -> EventQuery:
    times = [event.ts for event in events]
    # Not by status: a row that waits here may be judged by now. The millisecond takes the last one in.
    return EventQuery(
        event_type=EventType.CLEANING_ATTEMPT,
        machine_id=query.machine_id,
        since=min(times),
        until=max(times) + timedelta(milliseconds=1),
    )
